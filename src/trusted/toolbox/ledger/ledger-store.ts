import type {LedgerRecord} from './ledger-record.js';

/** What a decision may look at. */
export type LedgerView = {
	readonly get: (key: string) => LedgerRecord | undefined;
	/** Whatever was signed at or before this time may have been forgotten; 0 where nothing was. */
	readonly forgottenBeforeMs: number;
	/** Live records of one signer, and of all. */
	readonly countOf: (signer: string) => number;
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
	/** HMAC secret of key fingerprints, 32 octets: the ledger's, not the node's. */
	readonly secret: Uint8Array;
	/**
	 * Runs `decide` on the present records and writes what it says. Resolves only when the writes are on disk. `decide` is
	 * pure and may run more than once. Rejects with `SallyportError` LEDGER_UNAVAILABLE or LEDGER_FENCED: then nothing
	 * was promised and the caller must refuse.
	 */
	update<Outcome>(decide: (view: LedgerView) => LedgerDecision<Outcome>): Promise<Outcome>;
	/** Records whose time has run out at `nowMs`, oldest first. */
	expired(nowMs: number, limit: number): readonly LedgerRecord[];
	/** Records changed last, newest first. */
	newest(limit: number): readonly LedgerRecord[];
	close(): Promise<void>;
}
