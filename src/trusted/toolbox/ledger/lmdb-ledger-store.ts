import {type Database, open, type RootDatabase} from 'lmdb';
import {SallyportError} from '../../../base/error.js';
import {openLedgerFolder} from './ledger-folder.js';
import type {LedgerRecord} from './ledger-record.js';
import type {LedgerDecision, LedgerStore, LedgerView} from './ledger-store.js';

type Pending = {
	readonly decide: (view: LedgerView) => LedgerDecision<unknown>;
	readonly resolve: (outcome: unknown) => void;
	readonly reject: (error: SallyportError) => void;
};

type Meta = {
	readonly epoch: number;
	readonly forgottenBeforeMs: number;
	readonly total: number;
	readonly sequence: number;
};

type StoreOptions = {readonly secret: Uint8Array; readonly maxPending: number};

/**
 * The ledger on LMDB. Decisions that wait are taken together and written in one transaction, conditional on the
 * epoch, so that a node that was replaced cannot write any more; then the file is synced, and only then does anybody
 * hear of it. After a failed write the store stays closed: what reached the disk is unknown until the next start.
 */
export class LmdbLedgerStore implements LedgerStore {
	readonly epoch: number;
	readonly secret: Uint8Array;
	readonly #root: RootDatabase;
	readonly #metaDb: Database<Meta, string>;
	readonly #recordDb: Database<LedgerRecord, string>;
	readonly #expiryDb: Database<number, [number, string]>;
	readonly #recentDb: Database<string, number>;
	readonly #countDb: Database<number, string>;
	readonly #queue: Pending[] = [];
	readonly #maxPending: number;
	#meta: Meta;
	#working: Promise<void> | undefined;
	#isBroken = false;

	private constructor(root: RootDatabase, metaDb: Database<Meta, string>, meta: Meta, options: StoreOptions) {
		this.#root = root;
		this.#metaDb = metaDb;
		this.#recordDb = root.openDB({name: 'records'});
		this.#expiryDb = root.openDB({name: 'expiry'});
		this.#recentDb = root.openDB({name: 'recent'});
		this.#countDb = root.openDB({name: 'counts'});
		this.#maxPending = options.maxPending;
		this.#meta = meta;
		this.secret = options.secret;
		this.epoch = meta.epoch;
	}

	/**
	 * Opens or makes the ledger in `directory`. Rejects with `SallyportError` LEDGER_DAMAGED where there was a ledger and
	 * it is not there whole. Where the file is older than the sentinel (a backup put back), everything signed
	 * up to `nowMs` is marked as forgotten.
	 */
	static async open(
		directory: string,
		{nowMs, maxPending = defaultMaxPending}: {readonly nowMs: number; readonly maxPending?: number},
	): Promise<LmdbLedgerStore> {
		const {folder, secret, secretCheck, sentinel, writeSentinel} = openLedgerFolder(directory);
		const root = open({path: folder, noSubdir: false, maxDbs: 8, compression: false});
		const metaDb = root.openDB<Meta, string>({name: 'meta', useVersions: true});
		const left = metaDb.get('meta') ?? {epoch: 0, forgottenBeforeMs: 0, total: 0, sequence: 0};
		const seen = sentinel?.epoch ?? 0;
		const epoch = Math.max(left.epoch, seen) + 1;
		const forgottenBeforeMs = left.epoch < seen ? Math.max(nowMs, left.forgottenBeforeMs) : left.forgottenBeforeMs;
		const meta = {...left, epoch, forgottenBeforeMs};
		await metaDb.put('meta', meta, epoch);
		await root.flushed;
		// After the ledger, never before it: a crash between the two leaves a sentinel that is behind, which is no loss.
		writeSentinel({secretCheck, epoch});
		return new LmdbLedgerStore(root, metaDb, meta, {secret, maxPending});
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
		return [...this.#expiryDb.getKeys({end: [nowMs + 1, ''], limit})].flatMap(
			([, key]) => this.#recordDb.get(key) ?? [],
		);
	}

	newest(limit: number): readonly LedgerRecord[] {
		const keys = [...this.#recentDb.getRange({reverse: true, limit: Math.min(limit * 4, recentRecords)})].map(
			({value}) => value,
		);
		return [...new Set(keys)].slice(0, limit).flatMap((key) => this.#recordDb.get(key) ?? []);
	}

	async close(): Promise<void> {
		this.#isBroken = true;
		await this.#working;
		await this.#root.close();
	}

	async #work(): Promise<void> {
		// A turn of the event loop lets claims that arrive together share one sync.
		await new Promise<void>((resolve) => setImmediate(resolve));
		while (this.#queue.length > 0) {
			await this.#commit(this.#queue.splice(0, maxBatch));
		}

		this.#working = undefined;
	}

	async #commit(batch: readonly Pending[]): Promise<void> {
		const draft = new Draft(
			this.#meta,
			(key) => this.#recordDb.get(key),
			(signer) => this.#countDb.get(countKey(signer)) ?? 0,
		);
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
			this.#isBroken = true;
			const error = cause instanceof SallyportError ? cause : unavailable('a write failed', cause);
			for (const {reject} of [...batch, ...this.#queue.splice(0)]) {
				reject(error);
			}

			return;
		}

		for (const settle of settled) {
			settle();
		}
	}

	async #write(draft: Draft): Promise<void> {
		const meta = {...draft.meta, sequence: this.#meta.sequence + draft.records.size};
		const isOurs = await this.#metaDb.ifVersion('meta', this.epoch, () => {
			let sequence = this.#meta.sequence;
			for (const [key, {before, after}] of draft.records) {
				if (before && before.expiresAtMs !== after?.expiresAtMs) {
					this.#expiryDb.remove([before.expiresAtMs, key]);
				}

				if (after) {
					this.#recordDb.put(key, after);
					this.#expiryDb.put([after.expiresAtMs, key], 1);
				} else {
					this.#recordDb.remove(key);
				}

				this.#recentDb.put(++sequence, key);
				this.#recentDb.remove(sequence - recentRecords);
			}

			for (const [signer, count] of draft.counts) {
				this.#countDb.put(countKey(signer), count);
			}

			this.#metaDb.put('meta', meta, this.epoch);
		});
		if (!isOurs) {
			throw new SallyportError(
				'LEDGER_FENCED',
				'Expected to be the only node on this ledger, but another one has started.',
			);
		}

		await this.#root.flushed;
		this.#meta = meta;
	}
}

/** Decisions of one batch, seen by the later ones of it before they are written. */
class Draft {
	readonly records = new Map<
		string,
		{readonly before: LedgerRecord | undefined; readonly after: LedgerRecord | null}
	>();
	readonly counts = new Map<string, number>();
	readonly #get: (key: string) => LedgerRecord | undefined;
	readonly #countOf: (signer: string) => number;
	#meta: Meta;
	#isChanged = false;

	constructor(meta: Meta, get: (key: string) => LedgerRecord | undefined, countOf: (signer: string) => number) {
		this.#meta = meta;
		this.#get = get;
		this.#countOf = countOf;
	}

	get meta(): Meta {
		return this.#meta;
	}

	get isChanged(): boolean {
		return this.#isChanged;
	}

	view(): LedgerView {
		return {
			get: (key) => this.#current(key),
			countOf: (signer) => this.#count(signer),
			forgottenBeforeMs: this.#meta.forgottenBeforeMs,
			total: this.#meta.total,
		};
	}

	apply({writes, forgottenBeforeMs = 0}: LedgerDecision<unknown>): void {
		for (const [key, after] of writes) {
			const current = this.#current(key);
			this.#adjust(current?.signer, -1);
			this.#adjust(after?.signer, 1);
			this.records.set(key, {before: this.records.get(key)?.before ?? this.#get(key), after});
			this.#isChanged = true;
		}

		if (forgottenBeforeMs > this.#meta.forgottenBeforeMs) {
			this.#meta = {...this.#meta, forgottenBeforeMs};
			this.#isChanged = true;
		}
	}

	#current(key: string): LedgerRecord | undefined {
		const drafted = this.records.get(key);
		return drafted ? (drafted.after ?? undefined) : this.#get(key);
	}

	#count(signer: string): number {
		return this.counts.get(signer) ?? this.#countOf(signer);
	}

	#adjust(signer: string | undefined, by: number): void {
		if (signer !== undefined) {
			this.counts.set(signer, this.#count(signer) + by);
			this.#meta = {...this.#meta, total: this.#meta.total + by};
		}
	}
}

/** LMDB keys are at most 1978 octets; a signer's name may be longer. */
function countKey(signer: string): string {
	return signer.slice(0, 500);
}

function unavailable(why: string, cause?: unknown): SallyportError {
	return new SallyportError('LEDGER_UNAVAILABLE', `Expected the ledger to take a claim, but ${why}.`, {cause});
}

const defaultMaxPending = 4096;
const maxBatch = 256;
const recentRecords = 10_000;
