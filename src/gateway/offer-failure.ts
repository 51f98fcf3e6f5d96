import {SallyportError} from '../base/error.js';
import {type Refusal, refuse} from './refusal.js';

/** Why an offer inside a dialog came to nothing. */
export type OfferFailure = {
	readonly refusal: Refusal;
	/** `kept`: the session is as it was (RFC 3261 §14.1). `lost`: the peer is gone, or takes another one to be in force. */
	readonly session: 'kept' | 'lost';
};

type Failed = {readonly ok: false; readonly failure: OfferFailure};

export function kept(refusal: Refusal): Failed {
	return {ok: false, failure: {refusal, session: 'kept'}};
}

export function lost(refusal: Refusal): Failed {
	return {ok: false, failure: {refusal, session: 'lost'}};
}

/** What toolbox or media plane would not do leaves the session as it was; a fault of ours leaves nothing sure. */
export function failureOf(error: unknown): Failed {
	return error instanceof SallyportError && error.code !== 'INVARIANT_BROKEN'
		? kept(refuse(488, 'Not Acceptable Here', error.code))
		: lost(refuse(500, 'Server Internal Error', 'INTERNAL'));
}
