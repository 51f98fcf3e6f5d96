import type {Brand} from '../../base/brand.js';
import type {SipMessage, SipRequest, SipResponse} from '../../wire/sip/message.js';
import type {SipSource, SipTarget} from './hop.js';

/** Name of one transaction, unique in its layer. */
export type TransactionId = Brand<string, 'TransactionId'>;

/** What the layer wants done, or has to say to the user of the transactions. */
export type LayerOutput =
	/** Send it; a failure comes back as `{kind: 'transport-error', transaction}`. */
	| {
			readonly kind: 'send';
			readonly message: SipMessage;
			readonly target: SipTarget;
			/** Undefined for what is sent without state. */
			readonly transaction: TransactionId | undefined;
	  }
	/** A new server transaction; never for ACK and CANCEL. */
	| {
			readonly kind: 'request';
			readonly transaction: TransactionId;
			/** Its top Via carries `received` and `rport`; responses copy it as it is. */
			readonly request: SipRequest;
			readonly source: SipSource;
			/** Fresh; to be the To tag of the response where the request has none. */
			readonly localTag: string;
	  }
	/** An INVITE was cancelled before it had a final response. The layer has answered it with 487. */
	| {readonly kind: 'cancel'; readonly transaction: TransactionId; readonly request: SipRequest}
	/** First ACK of a 2xx, with the answer to an offer that the 2xx may have made. */
	| {readonly kind: 'ack'; readonly transaction: TransactionId; readonly request: SipRequest}
	/**
	 * 64 × T1 without ACK; after a 2xx the dialog should be ended by BYE (RFC 3261 §13.3.1.4). Also for an INVITE that
	 * the user has not answered in `proceedingMs`.
	 */
	| {readonly kind: 'ack-timeout'; readonly transaction: TransactionId}
	/** Retransmitted final responses are kept back; a 2xx of another fork comes as one more. */
	| {readonly kind: 'response'; readonly transaction: TransactionId; readonly response: SipResponse}
	/** No final response; to be treated as 408 (RFC 3261 §8.1.3.1). */
	| {readonly kind: 'timeout'; readonly transaction: TransactionId}
	/** Could not be sent; a client transaction is over, to be treated as 503. */
	| {readonly kind: 'transport-error'; readonly transaction: TransactionId}
	/** Nothing more will be said about this transaction. */
	| {readonly kind: 'ended'; readonly transaction: TransactionId};

/** Counted since the start. */
export type LayerCounters = {
	/** Requests that began a server transaction. */
	requests: number;
	/** Retransmitted requests and ACKs, answered or swallowed. */
	absorbedRequests: number;
	/** Retransmitted 2xx responses, answered with their ACK again. */
	absorbedResponses: number;
	strayAcks: number;
	/** Responses that belong to no transaction, or came by a Via that is not ours. */
	strayResponses: number;
	/** Answered 400 or 505, or dropped, since they were not SIP as RFC 3261 writes it. */
	malformed: number;
	/** Answered 405, 415, 416, 420, 501 or 513: well-formed, but beyond our abilities. */
	refused: number;
	/** Answered 482: merged (§8.2.2.2) or looped. */
	merged: number;
	/** Answered 483. */
	hopsExhausted: number;
	/** Over the limit of transactions: answered 503 or dropped. */
	overloaded: number;
};

export function newLayerCounters(): LayerCounters {
	return {
		requests: 0,
		absorbedRequests: 0,
		absorbedResponses: 0,
		strayAcks: 0,
		strayResponses: 0,
		malformed: 0,
		refused: 0,
		merged: 0,
		hopsExhausted: 0,
		overloaded: 0,
	};
}
