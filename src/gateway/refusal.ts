import type {Denial} from '../trusted/toolbox/protocol.js';
import type {SipHeader} from '../wire/sip/message.js';

/** How a call that will not be is answered, and why it is not. */
export type Refusal = {
	/** 400 to 699. */
	readonly status: number;
	readonly reasonPhrase: string;
	readonly headers: readonly SipHeader[];
	/** For the operator: a reason code of docs/reason-codes.md. Never sent. */
	readonly reason: string;
};

export function refuse(status: number, reasonPhrase: string, reason: string): Refusal {
	return {status, reasonPhrase, headers: [], reason};
}

export function refusalOf({status, reasonPhrase, headers, reason}: Denial): Refusal {
	return {status, reasonPhrase, headers, reason};
}

/** A `Result` that failed with a refusal. */
export function failed(failure: Refusal): {readonly ok: false; readonly failure: Refusal} {
	return {ok: false, failure};
}

/** What a caller who gave up is answered. */
export const cancelled = refuse(487, 'Request Terminated', 'CANCELLED');
