import type {LedgerRecord} from './ledger-record.js';

/** What a decision may look at. */
export type LedgerView = {
	readonly get: (key: string) => LedgerRecord | undefined;
	/** Whatever was signed at or before this time may have been forgotten; 0 where nothing was. */
	readonly forgottenBeforeMs: number;
	/** Live records of one account (`accountOf`), and of all. */
	readonly countOf: (account: string) => number;
	readonly total: number;
};

export type LedgerDecision<Outcome> = {
	readonly outcome: Outcome;
	/** Written together or not at all. `null` removes. */
	readonly writes: ReadonlyMap<string, LedgerRecord | null>;
	/** Raises the mark; never lowers it. */
	readonly forgottenBeforeMs?: number;
};

/**
 * Keeps ledger records. One method changes anything, so that an implementation is right when that method is atomic
 * and durable.
 */
export interface LedgerStore {
	/** Number of this node's start; claims of other epochs are those of nodes that are gone or are others. */
	readonly epoch: number;
	/** Epoch of this node's life before, where other nodes share the ledger and it is known. */
	readonly formerEpoch?: number | undefined;
	/** HMAC secret of key fingerprints, 32 octets: the ledger's, not the node's. */
	readonly secret: Uint8Array;
	/**
	 * Runs `decide` on the present records and writes what it says. Resolves only when the writes are on disk. `decide` is
	 * pure and may run more than once. Rejects with `SallyportError` LEDGER_UNAVAILABLE or LEDGER_FENCED: then nothing
	 * was promised and the caller must refuse.
	 */
	update<Outcome>(decide: (view: LedgerView) => LedgerDecision<Outcome>): Promise<Outcome>;
	/** Records whose time has run out at `nowMs` and that are forgotten one by one, oldest first. */
	expired(nowMs: number, limit: number): readonly LedgerRecord[];
	/** Drops what is forgotten by whole segments, where the store keeps any. Returns how many records went. */
	dropSegments?(nowMs: number): Promise<number>;
	/** Records changed last, newest first. */
	newest(limit: number): readonly LedgerRecord[];
	/** How the store fares; looked at every minute. Absent where there is nothing to look at. */
	health?(): Promise<LedgerHealth>;
	close(): Promise<void>;
}

export type LedgerHealth = {
	/** Where the ledger lies on a disk of this machine. */
	readonly disk?: {readonly usedOctets: number; readonly freeOctets: number} | undefined;
	/** What the operator must know: a store that may lose what it promised, or one that cannot promise anything. */
	readonly complaints: readonly {
		readonly reason: 'LEDGER_LOSS_WINDOW' | 'LEDGER_UNAVAILABLE';
		readonly detail: string;
	}[];
};
