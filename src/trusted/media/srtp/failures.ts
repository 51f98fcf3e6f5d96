import type {CodedFailure} from '../../../base/result.js';

const unprotectMessages = {
	REPLAYED: 'Expected a packet index that was not accepted before, got it again.',
	TOO_OLD: 'Expected a packet index inside the replay window, got an older one.',
	BAD_TAG: 'Expected an authentication tag that fits key and packet, got another.',
	UNKNOWN_MKI: 'Expected an MKI of one of the keys, got another.',
	KEY_EXPIRED: 'Expected a key with packets left, got one that has reached its limit.',
	MALFORMED: 'Expected a whole and encrypted packet of version 2, got something else.',
	TOO_MANY_SOURCES: 'Expected a source that is known, got a new one with no room for it.',
	INTERNAL: 'Expected libsrtp to process the packet, got a failure of its own.',
} as const;

const protectMessages = {
	KEY_EXPIRED: unprotectMessages.KEY_EXPIRED,
	MALFORMED: 'Expected a whole packet of version 2 with room for a trailer, got something else.',
	INDEX_EXHAUSTED: 'Expected an index that is left for this source, got past the last one.',
	REPEATED_INDEX: 'Expected a packet index that was not used before, got one that was or may have been.',
	TOO_MANY_SOURCES: unprotectMessages.TOO_MANY_SOURCES,
	INTERNAL: unprotectMessages.INTERNAL,
} as const;

/** Why a packet was not opened (RFC 3711 §3.3, §9.2). */
export type UnprotectFailureCode = keyof typeof unprotectMessages;
export type UnprotectFailure = CodedFailure<UnprotectFailureCode>;

/** Why a packet was not protected (RFC 3711 §3.3, §9.1, §9.2). */
export type ProtectFailureCode = keyof typeof protectMessages;
export type ProtectFailure = CodedFailure<ProtectFailureCode>;

type Failed<Failure> = {readonly ok: false; readonly failure: Failure};

const unprotectFailures = failuresOf(unprotectMessages);
const protectFailures = failuresOf(protectMessages);

/** @internal The failure of a code that the addon gave. One object per code: failing costs no allocation. */
export function unprotectFailure(code: UnprotectFailureCode): Failed<UnprotectFailure> {
	return unprotectFailures[code];
}

/** @internal As {@link unprotectFailure}. */
export function protectFailure(code: ProtectFailureCode): Failed<ProtectFailure> {
	return protectFailures[code];
}

function failuresOf<Code extends string>(
	messages: Readonly<Record<Code, string>>,
): Readonly<Record<Code, Failed<CodedFailure<Code>>>> {
	const entries = Object.entries(messages) as [Code, string][];
	return Object.fromEntries(
		entries.map(([code, message]) => [code, Object.freeze({ok: false, failure: Object.freeze({code, message})})]),
	) as Record<Code, Failed<CodedFailure<Code>>>;
}
