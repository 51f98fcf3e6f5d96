/** One header field: `name` in its canonical long form (`Via`, `Call-ID`), `value` unfolded and trimmed. */
export type SipHeader = {readonly name: string; readonly value: string};

/**
 * SIP request (RFC 3261 §7.1). Plain data: it can cross a message port as it is.
 * Header order is kept; header names compare without regard to case.
 */
export type SipRequest = {
	readonly kind: 'request';
	readonly method: string;
	readonly uri: string;
	readonly headers: readonly SipHeader[];
	readonly body: Uint8Array;
};

/** SIP response (RFC 3261 §7.2). */
export type SipResponse = {
	readonly kind: 'response';
	readonly status: number;
	readonly reason: string;
	readonly headers: readonly SipHeader[];
	readonly body: Uint8Array;
};

export type SipMessage = SipRequest | SipResponse;
