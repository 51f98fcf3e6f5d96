import {createHmac, randomInt} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {SallyportError} from '../../../base/error.js';
import {LedgerDraft} from './ledger-draft.js';
import type {LedgerRecord} from './ledger-record.js';
import type {LedgerDecision, LedgerHealth, LedgerStore, LedgerView} from './ledger-store.js';
import {absent, agree, type Copy} from './redis-agreement.js';
import {
	type BucketChange,
	type Buckets,
	bucketsFrom,
	createdIn,
	everybody,
	overBuckets,
	sumOf,
} from './redis-counts.js';
import {RedisNode} from './redis-node.js';
import type {RedisNodeOptions} from './redis-node-options.js';
import {readScript, writeScript} from './redis-scripts.js';

export type RedisStoreOptions = {
	/** Stores that know nothing of each other. */
	readonly nodes: readonly RedisNodeOptions[];
	/** The ledger's fingerprint secret, 32 octets: the same on every gateway. */
	readonly secret: Uint8Array;
	readonly messageRetentionMs: number;
	/** Epoch of this gateway's life before this one. */
	readonly formerEpoch?: number | undefined;
	/** @default 'sallyport' */
	readonly prefix?: string;
	/** The clock by which records run out of the quotas: like the stores', not that of the calls. @default Date.now */
	readonly wallMs?: () => number;
};

/** What one store answered to a read. */
type Reading = {
	readonly node: RedisNode;
	readonly timeMs: number;
	readonly copies: readonly Copy[];
	readonly counts: readonly Buckets[];
};

/** What a decision was taken on. */
type Read = {
	readonly names: readonly string[];
	readonly accounts: readonly string[];
	readonly agreed: readonly (Copy | undefined)[];
};

/** Records and accounts that a decision has looked at. */
type Touched = {readonly records: Set<string>; readonly accounts: Set<string>};

/**
 * The ledger on several Redis or Valkey stores, for gateways that share one memory. A decision is taken on what a majority of
 * the stores says and written to all of them, by one script in each that takes all or nothing and only in place of
 * what was read; it is granted when a majority has taken it (`redis-agreement.ts`). Fails closed when the majority is away.
 */
export class RedisLedgerStore implements LedgerStore {
	readonly epoch = randomInt(1, 2 ** 47);
	readonly formerEpoch: number | undefined;
	readonly secret: Uint8Array;
	readonly #nodes: readonly RedisNode[];
	readonly #prefix: string;
	readonly #secretCheck: string;
	readonly #messageRetentionMs: number;
	readonly #wallMs: () => number;
	readonly #newest = new Map<string, LedgerRecord>();
	readonly #timer: NodeJS.Timeout;
	#writes = 0;

	private constructor(nodes: readonly RedisNode[], options: RedisStoreOptions) {
		this.#nodes = nodes;
		this.#prefix = options.prefix ?? 'sallyport';
		this.secret = options.secret;
		this.formerEpoch = options.formerEpoch;
		this.#messageRetentionMs = options.messageRetentionMs;
		this.#wallMs = options.wallMs ?? Date.now;
		this.#secretCheck = createHmac('sha256', options.secret).update('sallyport ledger secret').digest('hex');
		// Those that come back are asked sooner.
		this.#timer = setInterval(() => void this.#look(false), lookMs);
		this.#timer.unref();
	}

	/**
	 * Rejects with `SallyportError`: BAD_OPTIONS, LEDGER_UNAVAILABLE where no majority is fit, LEDGER_DAMAGED where a store has
	 * a ledger of another secret. Stores that are new are made ready only when all are there and all are new.
	 */
	static async open(options: RedisStoreOptions): Promise<RedisLedgerStore> {
		const nodes = await Promise.all(options.nodes.map((node) => RedisNode.connect(node)));
		const store = new RedisLedgerStore(nodes, options);
		try {
			await store.#makeReady();
			return store;
		} catch (error) {
			await store.close();
			throw error;
		}
	}

	async update<Outcome>(decide: (view: LedgerView) => LedgerDecision<Outcome>): Promise<Outcome> {
		for (let attempt = 0; attempt < mostAttempts; attempt++) {
			const outcome = await this.#attempt(decide);
			if (outcome !== undefined) {
				return outcome.value;
			}

			await sleep(Math.random() * 10 * (attempt + 1));
		}

		throw unavailable('others write the same records');
	}

	/** The stores forget by themselves; see `#view`. */
	expired(): readonly LedgerRecord[] {
		return [];
	}

	/** Of this gateway's own. */
	newest(limit: number): readonly LedgerRecord[] {
		return [...this.#newest.values()].reverse().slice(0, limit);
	}

	async health(): Promise<LedgerHealth> {
		await this.#look(true);
		const away = this.#nodes.filter(({fault}) => fault !== '');
		const isLossy = this.#nodes.length === 1;
		return {
			complaints: [
				...away.map(({label, fault}) => ({
					reason: 'LEDGER_UNAVAILABLE' as const,
					detail: `The store ${label} takes no part in the ledger: ${fault}.`,
				})),
				...(isLossy ? [{reason: 'LEDGER_LOSS_WINDOW' as const, detail: lossOf(this.#nodes[0])}] : []),
			],
		};
	}

	async close(): Promise<void> {
		clearInterval(this.#timer);
		for (const {redis} of this.#nodes) {
			redis.disconnect();
		}
	}

	get #majority(): number {
		return Math.floor(this.#nodes.length / 2) + 1;
	}

	async #makeReady(): Promise<void> {
		await this.#look(true);
		const foreign = this.#nodes.find(({fault}) => fault.includes('another fingerprint secret'));
		if (foreign) {
			throw new SallyportError(
				'LEDGER_DAMAGED',
				`Expected the ledger on ${foreign.label} to have our fingerprint secret, but it has another one.`,
			);
		}

		if (await this.#isNew()) {
			await Promise.allSettled(this.#nodes.map(({redis}) => redis.setnx(this.#key('secret-check'), this.#secretCheck)));
			await this.#look(true);
		}

		if (this.#nodes.filter(({fault}) => fault === '').length < this.#majority) {
			const faults = this.#nodes.filter(({fault}) => fault !== '').map(({label, fault}) => `${label}: ${fault}`);
			throw unavailable(`no majority of its stores is fit (${faults.join('; ')})`);
		}
	}

	/** True when all stores are there, some are not ready, and nothing was ever granted on any. */
	async #isNew(): Promise<boolean> {
		const isNewTo = ({fault}: RedisNode) => fault === 'it has forgotten the ledger';
		if (!this.#nodes.some(isNewTo) || !this.#nodes.every((node) => node.fault === '' || isNewTo(node))) {
			return false;
		}

		const times = await Promise.allSettled(this.#nodes.map(({redis}) => redis.exists(this.#key('time'))));
		return times.every((time) => time.status === 'fulfilled' && time.value === 0);
	}

	async #look(isFull: boolean): Promise<void> {
		const asked = this.#nodes.filter(({fault, redis}) => isFull || (fault !== '' && redis.status === 'ready'));
		await Promise.all(asked.map((node) => node.check(this.#secretCheck, this.#key('secret-check'))));
	}

	/** Undefined where others came in between: nothing was written then, or it was taken back. */
	async #attempt<Outcome>(
		decide: (view: LedgerView) => LedgerDecision<Outcome>,
	): Promise<{readonly value: Outcome} | undefined> {
		const touched: Touched = {records: new Set(), accounts: new Set()};
		for (let round = 0; round < mostRounds; round++) {
			const names = [...touched.records];
			const accounts = [...touched.accounts];
			const readings = await this.#read(names, accounts);
			const agreed = names.map((_, index) =>
				agree(
					readings.map(({copies}) => copies[index] ?? absent),
					this.#majority,
				),
			);
			const draft = this.#draftOf(readings, names, accounts, agreed, touched);
			const decision = decide(draft.view());
			if (touched.records.size > names.length || touched.accounts.size > accounts.length) {
				continue;
			}

			if (agreed.includes(undefined)) {
				return undefined;
			}

			draft.apply(decision);
			const isDone =
				decision.writes.size === 0 || (await this.#write(readings, {names, accounts, agreed}, decision.writes));
			return isDone ? {value: decision.outcome} : undefined;
		}

		throw unavailable('a decision did not come to an end');
	}

	#draftOf(
		readings: readonly Reading[],
		names: readonly string[],
		accounts: readonly string[],
		agreed: readonly (Copy | undefined)[],
		touched: Touched,
	): LedgerDraft {
		const timeMs = Math.max(...readings.map((reading) => reading.timeMs));
		const nowMs = this.#wallMs();
		const countOf = (account: string) => {
			touched.accounts.add(account);
			const index = accounts.indexOf(account);
			return Math.max(0, ...readings.map(({counts}) => sumOf(counts[index] ?? [], nowMs)));
		};
		return new LedgerDraft({
			get: (name) => {
				touched.records.add(name);
				return agreed[names.indexOf(name)]?.record;
			},
			countOf,
			// What the stores have forgotten was signed before this, by the highest time that any gateway has told them.
			forgottenBeforeMs: Math.max(0, timeMs - this.#messageRetentionMs),
			total: countOf(everybody),
		});
	}

	async #read(names: readonly string[], accounts: readonly string[]): Promise<readonly Reading[]> {
		const keys = [
			this.#key('secret-check'),
			this.#key('time'),
			...names.map((name) => this.#key(name)),
			...accounts.map((account) => this.#key(`count:${account}`)),
		];
		const replies = await this.#ask(async (node) => {
			const reply = (await node.redis.eval(readScript, keys.length, ...keys, this.#secretCheck, names.length)) as [
				string,
				...(string | string[])[],
			];
			const copies = names.map((_, index) => parseCopy(String(reply[1 + 2 * index]), String(reply[2 + 2 * index])));
			const counts = reply.slice(1 + 2 * names.length).map((pairs) => bucketsFrom(pairs as string[]));
			return {node, timeMs: Number(reply[0]), copies, counts};
		});
		if (replies.length < this.#majority) {
			throw unavailable('the majority of its stores is away');
		}

		return replies;
	}

	async #write(
		readings: readonly Reading[],
		{names, accounts, agreed}: Read,
		writes: ReadonlyMap<string, LedgerRecord | null>,
	): Promise<boolean> {
		const all = [...writes].map(([name, record]) => {
			const index = names.indexOf(name);
			const before = agreed[index] ?? absent;
			const version = Math.max(...readings.map(({copies}) => copies[index]?.version ?? 0)) + 1;
			const tag = `${version}-${this.epoch}-${++this.#writes}`;
			return {name, index, tag, record, copy: {tag, version, parent: before.tag, record: record ?? undefined}};
		});
		const nowMs = this.#wallMs();
		const created = createdIn(
			all.map(({record, index}) => ({record, before: agreed[index]?.record})),
			nowMs,
		);
		const overOf = ({counts}: Reading) =>
			accounts.flatMap((account, index) =>
				overBuckets(counts[index] ?? [], nowMs).map((bucket) => ({account, bucket, count: 0, lifeMs: 0})),
			);
		const put = (reading: Reading, isUndo: boolean) =>
			this.#put(
				reading.node,
				all.map(({name, index, copy}) => {
					const before = reading.copies[index] ?? absent;
					return isUndo ? {name, expected: copy.tag, next: before} : {name, expected: before.tag, next: copy};
				}),
				isUndo ? created.map((one) => ({...one, count: -one.count})) : [...created, ...overOf(reading)],
			);
		const nodes = new Map(readings.map((reading) => [reading.node, reading]));
		const taken = await this.#ask(async (node) => {
			const reading = nodes.get(node);
			return reading && (await put(reading, false)) ? reading : undefined;
		});
		const accepted = taken.filter((reading) => reading !== undefined);
		if (accepted.length >= this.#majority) {
			for (const {name, record} of all) {
				this.#remember(name, record);
			}

			return true;
		}

		// Taken back where it was taken; where that fails it refuses somebody, and opens nothing.
		await Promise.allSettled(accepted.map((reading) => put(reading, true)));
		if (taken.length < this.#majority) {
			throw unavailable('the majority of its stores went away');
		}

		return false;
	}

	async #put(
		node: RedisNode,
		puts: readonly {readonly name: string; readonly expected: string; readonly next: Copy}[],
		created: readonly BucketChange[],
	): Promise<boolean> {
		const keys = [
			this.#key('secret-check'),
			this.#key('time'),
			...puts.map(({name}) => this.#key(name)),
			...created.map(({account}) => this.#key(`count:${account}`)),
		];
		const atMs = Math.max(0, ...puts.map(({next}) => next.record?.atMs ?? 0));
		const reply = await node.redis.eval(
			writeScript,
			keys.length,
			...keys,
			this.#secretCheck,
			atMs,
			puts.length,
			...puts.flatMap(({expected, next}) => [expected, next.tag, formatCopy(next), lifeOf(next)]),
			...created.flatMap(({bucket, count, lifeMs}) => [bucket, count, lifeMs]),
		);
		return reply === 1;
	}

	/** Asks every store that is fit; what fails is not among the answers. */
	async #ask<Answer>(question: (node: RedisNode) => Promise<Answer>): Promise<readonly Answer[]> {
		const fit = this.#nodes.filter(({fault}) => fault === '');
		const answers = await Promise.allSettled(fit.map((node) => question(node)));
		return answers.flatMap((answer, index) => {
			if (answer.status === 'fulfilled') {
				return [answer.value];
			}

			const node = fit[index];
			if (node && String(answer.reason).includes('FORGOTTEN')) {
				node.fault = 'it has forgotten the ledger';
			}

			return [];
		});
	}

	#remember(name: string, record: LedgerRecord | null): void {
		this.#newest.delete(name);
		if (record) {
			this.#newest.set(name, record);
		}

		const [oldest] = this.#newest.keys();
		if (this.#newest.size > mostNewest && oldest !== undefined) {
			this.#newest.delete(oldest);
		}
	}

	#key(name: string): string {
		return `${this.#prefix}:${name}`;
	}
}

function parseCopy(tag: string, value: string): Copy {
	return tag === '' ? absent : {...(JSON.parse(value) as Omit<Copy, 'tag'>), tag};
}

function formatCopy({tag, version, parent, record}: Copy): string {
	return tag === '' ? '' : JSON.stringify({version, parent, record});
}

/** A day more than the ledger asks for: the clocks of the stores are not ours. */
function lifeOf({record}: Copy): number {
	return record ? Math.max(0, record.expiresAtMs - record.atMs) + dayMs : dayMs;
}

function lossOf(node: RedisNode | undefined): string {
	return node?.isSentinel
		? 'The ledger is on one set of stores behind Sentinels: what was claimed within the replication lag before a failover, about a second and more under load, is forgotten, and may be replayed for as long as it is fresh.'
		: 'The ledger is on a single store: what was claimed since its last backup is forgotten with its disk, and may be replayed for as long as it is fresh.';
}

function unavailable(why: string): SallyportError {
	return new SallyportError('LEDGER_UNAVAILABLE', `Expected the ledger to take a claim, but ${why}.`);
}

const lookMs = 1000;
const mostAttempts = 8;
const mostRounds = 6;
const mostNewest = 1000;
const dayMs = 86_400_000;
