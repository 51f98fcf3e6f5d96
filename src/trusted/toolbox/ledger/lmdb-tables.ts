import {crc32} from 'node:zlib';
import {type Database, open, type RootDatabase} from 'lmdb';
import {SallyportError} from '../../../base/error.js';
import type {DraftChange, LedgerDraft} from './ledger-draft.js';
import type {LedgerRecord} from './ledger-record.js';
import {decodeKey, decodeRecord, encodeKey, encodeRecord} from './ledger-record-codec.js';
import {isKeySegment, isSegmentOver, segmentOf, transientSegment} from './ledger-segment.js';

export type LedgerMeta = {
	readonly schema: number;
	readonly epoch: number;
	readonly forgottenBeforeMs: number;
	readonly total: number;
	/** Commits so far. */
	readonly commits: number;
};

type Segment = Database<Buffer, Buffer>;

/** The tables of a ledger in one LMDB file, and how a draft is written into them. */
export class LmdbTables {
	readonly root: RootDatabase;
	readonly #metaTable: Database<LedgerMeta & {readonly check: number}, string>;
	readonly #transient: Segment;
	/** [time (u48, big-endian), key] of what lies in the transient segment. */
	readonly #expiry: Segment;
	readonly #counts: Database<number, string>;
	/** Counts of each key segment, so that they go when it goes. */
	readonly #segmentCounts: Database<number, [string, string]>;
	readonly #recent: Database<readonly string[], number>;
	/** Newest first: what was looked for lies there most often. */
	readonly #keySegments = new Map<string, Segment>();
	#newest: string[];

	private constructor(root: RootDatabase) {
		this.root = root;
		this.#metaTable = root.openDB({name: 'meta', useVersions: true});
		this.#transient = openSegment(root, transientSegment);
		this.#expiry = openSegment(root, 'expiry');
		this.#counts = root.openDB({name: 'counts'});
		this.#segmentCounts = root.openDB({name: 'segment-counts'});
		this.#recent = root.openDB({name: 'recent'});
		const names = [...root.getKeys()].map(String).filter(isKeySegment).sort().reverse();
		for (const name of names) {
			this.#keySegments.set(name, openSegment(root, name));
		}

		this.#newest = readRecent(this.#recent);
	}

	static open(folder: string): LmdbTables {
		// With `overlappingSync` what survives a loss of power is chosen by the kernel's boot id; without it the data is synced before
		// the meta page that speaks of it is written, and nothing has to be chosen.
		return new LmdbTables(
			open({path: folder, noSubdir: false, maxDbs: 160, compression: false, overlappingSync: false}),
		);
	}

	/** Throws `SallyportError` LEDGER_DAMAGED where it is not as it was written, or of another schema. */
	get meta(): LedgerMeta {
		const {check, ...meta} = this.#metaTable.get('meta') ?? sealed(noMeta);
		if (meta.schema !== schema) {
			throw new SallyportError(
				'LEDGER_DAMAGED',
				`Expected a ledger of schema ${schema}, got schema ${meta.schema ?? 1}; open it with the version that made it.`,
			);
		}

		if (check !== sealed(meta).check) {
			throw new SallyportError('LEDGER_DAMAGED', 'Expected what the ledger says of itself as it was written.');
		}

		return meta;
	}

	/** Takes the ledger over for the epoch of `meta`: whoever writes under another one is fenced off. */
	async begin(meta: LedgerMeta): Promise<void> {
		await this.#metaTable.put('meta', sealed(meta), meta.epoch);
	}

	/** Runs `work` in one transaction if the ledger is still that of `epoch`. */
	ifEpoch(epoch: number, work: () => void): Promise<boolean> {
		return this.#metaTable.ifVersion('meta', epoch, work);
	}

	/** To be called in a synchronous transaction. */
	putMeta(meta: LedgerMeta): void {
		this.#metaTable.putSync('meta', sealed(meta), meta.epoch);
	}

	get(name: string): LedgerRecord | undefined {
		const key = encodeKey(name);
		const transient = read(this.#transient, key);
		if (transient) {
			return transient;
		}

		if (name.startsWith('key:')) {
			for (const segment of this.#keySegments.values()) {
				const found = read(segment, key);
				if (found) {
					return found;
				}
			}
		}

		return undefined;
	}

	countOf(account: string): number {
		return this.#counts.get(countKey(account)) ?? 0;
	}

	/** Makes the segments that a draft needs. Apart from its transaction: a table is made in one of its own. */
	prepare(draft: LedgerDraft): void {
		for (const {after} of draft.changes.values()) {
			const name = after ? segmentOf(after) : transientSegment;
			if (name !== transientSegment && !this.#keySegments.has(name)) {
				const all = [...this.#keySegments, [name, openSegment(this.root, name)] as const];
				this.#keySegments.clear();
				for (const [each, segment] of all.sort(([a], [b]) => (a < b ? 1 : -1))) {
					this.#keySegments.set(each, segment);
				}
			}
		}
	}

	/** Writes a draft; to be called in a transaction. In the order of keys: neighbours share pages. */
	write(draft: LedgerDraft, meta: LedgerMeta): void {
		const changes = [...draft.changes].map(([name, change]) => ({name, key: encodeKey(name), ...change}));
		changes.sort((a, b) => a.key.compare(b.key));
		const inSegments = new Map<string, number>();
		for (const {key, before, after} of changes) {
			this.#move(key, {before, after});
			countSegment(inSegments, before, -1);
			countSegment(inSegments, after, 1);
		}

		for (const [account, count] of draft.counts) {
			void this.#counts.put(countKey(account), count);
		}

		for (const [name, by] of inSegments) {
			const key = JSON.parse(name) as [string, string];
			if (by !== 0) {
				void this.#segmentCounts.put(key, (this.#segmentCounts.get(key) ?? 0) + by);
			}
		}

		const names = [...draft.changes.keys()];
		if (names.length > 0) {
			const slot = meta.commits % recentSlots;
			void this.#recent.put(slot, [String(meta.commits), ...names.slice(-recentPerSlot)]);
		}

		void this.#metaTable.put('meta', sealed(meta), meta.epoch);
	}

	/** To be called when what was written is committed. */
	noteWritten(draft: LedgerDraft): void {
		this.#newest = [...this.#newest, ...draft.changes.keys()].slice(-recentKeys);
	}

	/** Names of records changed last, newest first. */
	newest(limit: number): readonly string[] {
		return [...new Set([...this.#newest].reverse())].slice(0, limit);
	}

	/** Records of the transient segment that have run out, oldest first. */
	expired(nowMs: number, limit: number): readonly LedgerRecord[] {
		return [...this.#expiry.getKeys({end: expiryKey(nowMs + 1, Buffer.alloc(0)), limit})].flatMap(
			(key) => this.get(decodeKey(key.subarray(timeOctets))) ?? [],
		);
	}

	/** Key segments whose month is over. */
	overSegments(nowMs: number): readonly string[] {
		return [...this.#keySegments.keys()].filter((name) => isSegmentOver(name, nowMs));
	}

	/** Drops a segment with all its records and counts; to be called in a synchronous transaction. Returns how many they were. */
	dropSegment(name: string): number {
		const range = {start: [name, ''] as [string, string], end: [name, '\u{10ffff}'] as [string, string]};
		let records = 0;
		for (const {key, value} of [...this.#segmentCounts.getRange(range)]) {
			records += value;
			const account = key[1];
			this.#counts.putSync(account, this.countOf(account) - value);
			this.#segmentCounts.removeSync(key);
		}

		this.#keySegments.get(name)?.dropSync();
		return records;
	}

	/** To be called when the drop is committed. */
	noteDropped(name: string): void {
		this.#keySegments.delete(name);
	}

	#move(key: Buffer, {before, after}: DraftChange): void {
		const from = before && segmentOf(before);
		const to = after ? segmentOf(after) : undefined;
		if (from !== undefined && from !== to) {
			void this.#table(from)?.remove(key);
		}

		if (from === transientSegment && before && (to !== from || before.expiresAtMs !== after?.expiresAtMs)) {
			void this.#expiry.remove(expiryKey(before.expiresAtMs, key));
		}

		if (after && to !== undefined) {
			void this.#table(to)?.put(key, encodeRecord(key, after));
			if (to === transientSegment && (from !== to || before?.expiresAtMs !== after.expiresAtMs)) {
				void this.#expiry.put(expiryKey(after.expiresAtMs, key), nothing);
			}
		}
	}

	#table(name: string): Segment | undefined {
		return name === transientSegment ? this.#transient : this.#keySegments.get(name);
	}
}

/** With a checksum, since the mark up to which the ledger has forgotten stands there. */
function sealed(meta: LedgerMeta): LedgerMeta & {readonly check: number} {
	const {epoch, forgottenBeforeMs, total, commits} = meta;
	return {...meta, check: crc32(JSON.stringify([epoch, forgottenBeforeMs, total, commits]))};
}

/** What changed last, oldest first. Only shown: where it cannot be read there is nothing to show. */
function readRecent(table: Database<readonly string[], number>): string[] {
	try {
		const slots = [...table.getRange()].map(({value}) => value).filter((slot) => Array.isArray(slot));
		return slots.sort((a, b) => Number(a[0]) - Number(b[0])).flatMap((slot) => slot.slice(1).filter(isName));
	} catch {
		return [];
	}
}

function isName(name: unknown): boolean {
	return typeof name === 'string' && /^(?:key|message):(?:[\da-f]{2})+$/.test(name);
}

function openSegment(root: RootDatabase, name: string): Segment {
	return root.openDB({name, keyEncoding: 'binary', encoding: 'binary'});
}

/** What `getBinaryFast` gives is a view of a larger buffer: its `length` is told, its `byteLength` is not the value's. */
function read(segment: Segment, key: Buffer): LedgerRecord | undefined {
	const found = segment.getBinaryFast(key);
	return found && decodeRecord(key, Buffer.from(found.buffer, found.byteOffset, found.length));
}

function countSegment(counts: Map<string, number>, record: LedgerRecord | null | undefined, by: number): void {
	const segment = record && segmentOf(record);
	if (record && segment !== undefined && segment !== transientSegment) {
		const name = JSON.stringify([segment, countKey(record.account)]);
		counts.set(name, (counts.get(name) ?? 0) + by);
	}
}

function expiryKey(atMs: number, key: Buffer): Buffer {
	const octets = Buffer.allocUnsafe(timeOctets + key.length);
	octets.writeUIntBE(atMs, 0, timeOctets);
	key.copy(octets, timeOctets);
	return octets;
}

/** LMDB keys are at most 1978 octets; a signer's name may be longer. */
function countKey(account: string): string {
	return account.slice(0, 400);
}

const schema = 2;
const noMeta: LedgerMeta = {schema, epoch: 0, forgottenBeforeMs: 0, total: 0, commits: 0};
const timeOctets = 6;
const nothing = Buffer.alloc(0);
const recentKeys = 1000;
const recentSlots = 512;
const recentPerSlot = 64;
