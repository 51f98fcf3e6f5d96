import type {SipHeader} from '../../../wire/sip/message.js';

/** What a reason means to the network and to the operator. */
export type ReasonMeaning = {
	readonly status: number;
	readonly phrase: string;
	/** Kind of the alert that it raises; absent: none. */
	readonly alert?:
		| 'integrity'
		| 'identity'
		| 'binding'
		| 'freshness'
		| 'replay'
		| 'key-reuse'
		| 'origin'
		| 'policy'
		| 'fault';
};

const undecipherable = {status: 493, phrase: 'Undecipherable', alert: 'integrity'} as const;
const forbidden = (alert: NonNullable<ReasonMeaning['alert']>) => ({status: 403, phrase: 'Forbidden', alert}) as const;

/** Every reason code of a denial (docs/reason-codes.md). */
export const reasons = {
	// Before anything is opened: nothing is claimed.
	BAD_HEADERS: {status: 400, phrase: 'Bad Request'},
	UNSUPPORTED_TYPE: {status: 415, phrase: 'Unsupported Media Type'},
	OVERLOADED: {status: 503, phrase: 'Service Unavailable'},
	BAD_PACKET: {status: 400, phrase: 'Bad Request'},
	// From the first octet addressed to our key until a signature has verified: one face.
	CMS_MALFORMED: undecipherable,
	CMS_UNSUPPORTED: undecipherable,
	CMS_WEAK: undecipherable,
	NOT_FOR_US: undecipherable,
	DECRYPTION_FAILED: undecipherable,
	NOT_SIGNED: undecipherable,
	BAD_SIGNATURE: undecipherable,
	BAD_ATTRIBUTES: undecipherable,
	NO_SIGNER_CERTIFICATE: undecipherable,
	// After a signature verified.
	OWN_SIGNATURE: forbidden('replay'),
	CERTIFICATE_REFUSED: forbidden('identity'),
	IDENTITY_MISMATCH: forbidden('identity'),
	BAD_SIGNED_CONTENT: {status: 488, phrase: 'Not Acceptable Here', alert: 'integrity'},
	BINDING_MISSING: forbidden('binding'),
	BINDING_AMBIGUOUS: forbidden('binding'),
	BINDING_INCOMPLETE: forbidden('binding'),
	BINDING_MISMATCH: forbidden('binding'),
	BINDING_NOT_FOR_US: forbidden('binding'),
	BINDING_OFFER: forbidden('binding'),
	NO_SIGNING_TIME: forbidden('freshness'),
	STALE: forbidden('freshness'),
	FROM_THE_FUTURE: forbidden('freshness'),
	FORGOTTEN: forbidden('freshness'),
	NOT_AUTHORISED: forbidden('policy'),
	ORIGIN_NEW: forbidden('origin'),
	ORIGIN_CHALLENGE: forbidden('origin'),
	// A phone that roams is asked first: no alarm before it has answered wrongly.
	AUTHENTICATION_REQUIRED: {status: 401, phrase: 'Unauthorized'},
	AUTHENTICATION_FAILED: {status: 401, phrase: 'Unauthorized', alert: 'identity'},
	ORIGIN_OF_DIALOG: forbidden('origin'),
	SIGNATURE_NEEDED: forbidden('identity'),
	REPLAYED: forbidden('replay'),
	KEY_REUSED: forbidden('key-reuse'),
	KEY_SHARED_BY_MEDIA: forbidden('key-reuse'),
	MKI_REUSED: forbidden('key-reuse'),
	ADDRESS_MOVED: forbidden('key-reuse'),
	TAKEN_OVER_TOO_OFTEN: forbidden('replay'),
	MERGED: {status: 482, phrase: 'Loop Detected'},
	QUOTA: {status: 503, phrase: 'Service Unavailable', alert: 'fault'},
	LEDGER_UNAVAILABLE: {status: 503, phrase: 'Service Unavailable', alert: 'fault'},
	NO_ACCEPTABLE_SUITE: {status: 488, phrase: 'Not Acceptable Here'},
	BAD_SDP: {status: 488, phrase: 'Not Acceptable Here'},
	UNKNOWN_DIALOG: {status: 481, phrase: 'Call/Transaction Does Not Exist'},
	// Of messages that leave.
	UNKNOWN_HANDLE: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
	SEALED_FOR_ANOTHER: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
	PEER_KEY_NOT_INSTALLED: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
	NO_RECIPIENT: {status: 488, phrase: 'Not Acceptable Here'},
	LEG_OF_ANOTHER: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
	NO_TEMPLATE: {status: 488, phrase: 'Not Acceptable Here'},
	SEQUENCE_EXHAUSTED: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
	SEALING_FAILED: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
	INTERNAL: {status: 500, phrase: 'Server Internal Error', alert: 'fault'},
} as const satisfies Record<string, ReasonMeaning>;

export type Reason = keyof typeof reasons;

export function meaningOf(reason: Reason): ReasonMeaning {
	return reasons[reason];
}

/** The answer to a message that failed before a signature verified, whatever the reason. */
export const uniformFailure = {status: 493, reasonPhrase: 'Undecipherable'} as const;

/** Headers of a refusal: the same for all of one status, so that they tell nothing that the status does not. */
export function refusalHeaders(status: number, accepted: readonly string[]): readonly SipHeader[] {
	switch (status) {
		case 415:
			return [
				{name: 'Accept', value: accepted.join(', ')},
				{name: 'Accept-Encoding', value: 'identity'},
			];
		case 503:
			return [{name: 'Retry-After', value: '5'}];
		default:
			return [];
	}
}
