/** Which dialog a claim belongs to: Call-ID and the tag of whoever made the first offer (PROTOCOL §1.5). */
export type LedgerDialog = {readonly callId: string; readonly offererTag: string};

/** Which node, call and leg hold a claim. */
export type LedgerHolder = {
	/** Another one with every start of a node; where the ledger is its own, greater by one. */
	readonly epoch: number;
	readonly call: string;
	readonly leg: string;
};

export type LedgerState = 'reserved' | 'installed' | 'retired';

/** One identity that has been seen: of a message or of a key. */
export type LedgerRecord = LedgerDialog &
	LedgerHolder & {
		readonly kind: 'message' | 'key';
		/** Hexadecimal: SHA-256 of the signed octets, or the keyed 16-octet fingerprint of a key. */
		readonly fingerprint: string;
		readonly state: LedgerState;
		/** Of a key: did a peer send it, or did we make it? Messages are always a peer's. */
		readonly maker: 'peer' | 'self';
		/** Proven identity; empty where nothing was proven (plain SDES). */
		readonly signer: string;
		/** Whose quota it counts against (`accountOf`). */
		readonly account: string;
		/** False once the call that reserved it has ended without installing it. */
		readonly isHeld: boolean;
		readonly takeovers: number;
		/** Keys: fingerprint of the salt, and the media section that it protects. Messages: empty and −1. */
		readonly saltTag: string;
		readonly mediaIndex: number;
		/** Messages: signing time. Keys: 0. */
		readonly signedAtMs: number;
		/** Messages: CSeq number of the last exchange that carried it. Keys: 0. */
		readonly sequence: number;
		readonly atMs: number;
		readonly expiresAtMs: number;
	};

/** The key under which a store keeps a record. */
export function ledgerKey(kind: LedgerRecord['kind'], fingerprint: string): string {
	return `${kind}:${fingerprint}`;
}
