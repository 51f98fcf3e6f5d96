import {headerValues} from './headers.js';
import {callFault, type MessageFault} from './judge-headers.js';
import type {SipResponse} from './message.js';

/** A response is used or dropped without a word (RFC 3261 §8.1.3.3, §18.1.2). */
export type ResponseVerdict =
	| {readonly verdict: 'accept'}
	| {
			readonly verdict: 'discard';
			readonly code: MessageFault /** More than one Via: misrouted or forged. */ | 'FOREIGN_RESPONSE';
	  };

/** What a user agent client must find in a response before it matches it to a transaction. */
export function judgeResponse(response: SipResponse): ResponseVerdict {
	const code = callFault(response);
	if (code) {
		return {verdict: 'discard', code};
	}

	return headerValues(response, 'Via').length === 1
		? {verdict: 'accept'}
		: {verdict: 'discard', code: 'FOREIGN_RESPONSE'};
}
