import {stat, statfs} from 'node:fs/promises';
import {SallyportError} from '../../../base/error.js';
import {syncFolder} from './durable-file.js';
import {LedgerDraft} from './ledger-draft.js';
import {openLedgerFolder} from './ledger-folder.js';
import type {LedgerRecord} from './ledger-record.js';
import type {LedgerDecision, LedgerHealth, LedgerStore, LedgerView} from './ledger-store.js';
import {type LedgerMeta, LmdbTables} from './lmdb-tables.js';

/** Points between which the process may die without harm, in the order in which they come. */
export const writePoints = [
	'opening',
	'epoch-committed',
	'epoch-flushed',
	'sentinel-written',
	'deciding',
	'writing',
	'written',
	'committed',
	'flushed',
	'segment-dropped',
] as const;
export type WritePoint = (typeof writePoints)[number];

export type LmdbStoreOptions = {
	readonly nowMs: number;
	/** Decisions that may wait; more are refused. @default 4096 */
	readonly maxPending?: number;
	/** Told at every write point. For tests. */
	readonly probe?: (point: WritePoint) => void;
};

type Pending = {
	readonly decide: (view: LedgerView) => LedgerDecision<unknown>;
	readonly resolve: (outcome: unknown) => void;
	readonly reject: (error: SallyportError) => void;
};

/**
 * The ledger on LMDB. Decisions that wait are taken together and written in one transaction, conditional on the
 * epoch, so that a node that was replaced cannot write any more; then the file is synced, and only then does anybody
 * hear of it. After a failed write the store stays closed: what reached the disk is unknown until the next start.
 */
export class LmdbLedgerStore implements LedgerStore {
	readonly epoch: number;
	readonly secret: Uint8Array;
	readonly #tables: LmdbTables;
	readonly #dataFile: string;
	readonly #maxPending: number;
	readonly #probe: (point: WritePoint) => void;
	readonly #queue: Pending[] = [];
	#meta: LedgerMeta;
	#working: Promise<void> | undefined;
	#dropAtMs: number | undefined;
	#isBroken = false;

	private constructor(
		tables: LmdbTables,
		meta: LedgerMeta,
		{dataFile, secret}: {readonly dataFile: string; readonly secret: Uint8Array},
		{maxPending = defaultMaxPending, probe = () => {}}: LmdbStoreOptions,
	) {
		this.#tables = tables;
		this.#dataFile = dataFile;
		this.#maxPending = maxPending;
		this.#probe = probe;
		this.#meta = meta;
		this.secret = secret;
		this.epoch = meta.epoch;
	}

	/**
	 * Opens or makes the ledger in `directory`. Rejects with `SallyportError` LEDGER_DAMAGED where there was a ledger and
	 * it is not there whole. Where the file is older than the sentinel (a backup put back), everything signed
	 * up to `nowMs` is marked as forgotten.
	 */
	static async open(directory: string, options: LmdbStoreOptions): Promise<LmdbLedgerStore> {
		const {nowMs, probe = () => {}} = options;
		const found = openLedgerFolder(directory);
		const {folder, secretCheck, sentinel, writeSentinel} = found;
		probe('opening');
		const tables = openTables(folder);
		try {
			const left = tables.meta;
			const seen = sentinel?.epoch ?? 0;
			const epoch = Math.max(left.epoch, seen) + 1;
			const forgottenBeforeMs = left.epoch < seen ? Math.max(nowMs, left.forgottenBeforeMs) : left.forgottenBeforeMs;
			const meta = {...left, epoch, forgottenBeforeMs};
			await tables.begin(meta);
			probe('epoch-committed');
			await tables.root.flushed;
			syncFolder(folder);
			probe('epoch-flushed');
			// After the ledger, never before it: a crash between the two leaves a sentinel that is behind, which is no loss.
			writeSentinel({secretCheck, epoch});
			probe('sentinel-written');
			return new LmdbLedgerStore(tables, meta, found, options);
		} catch (error) {
			hearCommitError(error);
			await tables.root.close();
			throw error instanceof SallyportError ? error : unavailable('it could not be written', error);
		}
	}

	update<Outcome>(decide: (view: LedgerView) => LedgerDecision<Outcome>): Promise<Outcome> {
		if (this.#isBroken || this.#queue.length >= this.#maxPending) {
			return Promise.reject(unavailable(this.#isBroken ? 'it failed before' : 'too many claims wait'));
		}

		return new Promise<Outcome>((resolve, reject) => {
			this.#queue.push({decide, resolve: resolve as (outcome: unknown) => void, reject});
			this.#working ??= this.#work();
		});
	}

	expired(nowMs: number, limit: number): readonly LedgerRecord[] {
		return this.#tables.expired(nowMs, limit);
	}

	newest(limit: number): readonly LedgerRecord[] {
		return this.#tables.newest(limit).flatMap((name) => this.#tables.get(name) ?? []);
	}

	/** Drops the key segments whose month is over, in turn with the claims that wait. Returns how many records went. */
	async dropSegments(nowMs: number): Promise<number> {
		if (this.#isBroken || this.#tables.overSegments(nowMs).length === 0) {
			return 0;
		}

		this.#dropAtMs = nowMs;
		const before = this.#meta.total;
		this.#working ??= this.#work();
		await this.#working;
		return before - this.#meta.total;
	}

	async health(): Promise<LedgerHealth> {
		const [{bavail, bsize}, {size}] = await Promise.all([statfs(this.#dataFile), stat(this.#dataFile)]);
		return {disk: {usedOctets: size, freeOctets: bavail * bsize}, complaints: []};
	}

	async close(): Promise<void> {
		this.#isBroken = true;
		await this.#working;
		await this.#tables.root.close();
	}

	async #work(): Promise<void> {
		// A turn of the event loop lets claims that arrive together share one sync.
		await new Promise<void>((resolve) => setImmediate(resolve));
		while (this.#queue.length > 0 || this.#dropAtMs !== undefined) {
			if (this.#dropAtMs !== undefined) {
				await this.#drop(this.#dropAtMs);
				this.#dropAtMs = undefined;
			}

			await this.#commit(this.#queue.splice(0, maxBatch));
		}

		this.#working = undefined;
	}

	async #commit(batch: readonly Pending[]): Promise<void> {
		this.#probe('deciding');
		const draft = new LedgerDraft({
			get: (name) => this.#tables.get(name),
			countOf: (account) => this.#tables.countOf(account),
			forgottenBeforeMs: this.#meta.forgottenBeforeMs,
			total: this.#meta.total,
		});
		const settled: (() => void)[] = [];
		for (const {decide, resolve, reject} of batch) {
			try {
				const decision = decide(draft.view());
				draft.apply(decision);
				settled.push(() => resolve(decision.outcome));
			} catch (cause) {
				settled.push(() => reject(unavailable('a decision failed', cause)));
			}
		}

		try {
			if (draft.isChanged) {
				await this.#write(draft);
			}
		} catch (cause) {
			this.#break(cause, batch);
			return;
		}

		for (const settle of settled) {
			settle();
		}
	}

	async #write(draft: LedgerDraft): Promise<void> {
		this.#probe('writing');
		this.#tables.prepare(draft);
		const {forgottenBeforeMs, total} = draft;
		const meta = {...this.#meta, forgottenBeforeMs, total, commits: this.#meta.commits + 1};
		const isOurs = await this.#tables.ifEpoch(this.epoch, () => {
			this.#tables.write(draft, meta);
			this.#probe('written');
		});
		if (!isOurs) {
			throw fenced();
		}

		this.#probe('committed');
		await this.#tables.root.flushed;
		this.#probe('flushed');
		this.#meta = meta;
		this.#tables.noteWritten(draft);
	}

	async #drop(nowMs: number): Promise<void> {
		try {
			for (const name of this.#tables.overSegments(nowMs)) {
				await this.#tables.root.transaction(() => {
					if (this.#tables.meta.epoch !== this.epoch) {
						throw fenced();
					}

					const total = this.#meta.total - this.#tables.dropSegment(name);
					this.#meta = {...this.#meta, total, commits: this.#meta.commits + 1};
					this.#tables.putMeta(this.#meta);
				});
				this.#probe('segment-dropped');
				this.#tables.noteDropped(name);
				await this.#tables.root.flushed;
			}
		} catch (cause) {
			this.#break(cause, []);
		}
	}

	#break(cause: unknown, batch: readonly Pending[]): void {
		this.#isBroken = true;
		hearCommitError(cause);
		const error = cause instanceof SallyportError ? cause : unavailable('a write failed', cause);
		for (const {reject} of [...batch, ...this.#queue.splice(0)]) {
			reject(error);
		}
	}
}

function openTables(folder: string): LmdbTables {
	try {
		return LmdbTables.open(folder);
	} catch (error) {
		throw error instanceof SallyportError ? error : unavailable('its file could not be opened', error);
	}
}

/** lmdb rejects a second promise, which hangs on the first one's error: nobody listens there, and that would end the process. */
function hearCommitError(cause: unknown): void {
	const second = cause instanceof Error && 'commitError' in cause ? cause.commitError : undefined;
	if (second instanceof Promise) {
		second.catch(() => {});
	}
}

function fenced(): SallyportError {
	return new SallyportError(
		'LEDGER_FENCED',
		'Expected to be the only node on this ledger, but another one has started.',
	);
}

function unavailable(why: string, cause?: unknown): SallyportError {
	return new SallyportError('LEDGER_UNAVAILABLE', `Expected the ledger to take a claim, but ${why}.`, {cause});
}

const defaultMaxPending = 4096;
const maxBatch = 256;
