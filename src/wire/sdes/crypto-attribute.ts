import type {CodedFailure} from '../../base/result.js';
import type {SrtpSuiteName} from './suites.js';

/** One master key of an `a=crypto` line (RFC 4568 §6.1). */
export type CryptoKey = {
	/** Master key, then master salt: as long as the suite says. */
	readonly keyAndSalt: Uint8Array;
	/** Packets that the key may protect, up to 2^48; absent: as many as the suite allows. */
	readonly lifetimePackets?: number;
	/** Master key identifier as it stands in packets, big-endian, 1 to 128 octets. */
	readonly mki?: Uint8Array;
};

/** Session parameters (RFC 4568 §6.3). Absent: the default. Ignored extensions (`-name`) are kept for the writer. */
export type SessionParameters = {
	/** Session keys are derived anew every 2^n packets, n from 1 to 24. Read, never chosen: libsrtp cannot. */
	readonly keyDerivationRate?: number;
	readonly isSrtpUnencrypted?: true;
	readonly isSrtcpUnencrypted?: true;
	readonly isSrtpUnauthenticated?: true;
	readonly fecOrder?: 'FEC_SRTP' | 'SRTP_FEC';
	readonly fecKeys?: readonly CryptoKey[];
	/** Packets of replay window that the peer asks for, 64 at least. */
	readonly windowSizeHint?: number;
	readonly extensions?: readonly string[];
};

/** An `a=crypto` line with a suite that we speak (RFC 4568 §4, §6). */
export type CryptoAttribute = {
	/** 0 to 999999999, unique in its media section. */
	readonly tag: number;
	readonly suite: SrtpSuiteName;
	/** How the peer writes the suite where it is not as in the registry: an answer must repeat it. */
	readonly suiteSpelling?: string;
	readonly keys: readonly [CryptoKey, ...CryptoKey[]];
	readonly sessionParameters: SessionParameters;
};

/** Why an `a=crypto` line cannot be used. Each concerns this line only: others of the section may be good. */
export type CryptoFailureCode =
	| 'CRYPTO_TOO_LONG'
	| 'CONTROL_CHARACTER'
	| 'BAD_TAG'
	| 'BAD_SUITE'
	/** Grammatical, with a suite that we do not speak (F8, NULL, unregistered). */
	| 'UNSUPPORTED_SUITE'
	| 'MISSING_KEY'
	/** More than 16 keys in one line. */
	| 'TOO_MANY_KEYS'
	/** A key method other than `inline`. */
	| 'UNKNOWN_KEY_METHOD'
	| 'BAD_BASE64'
	/** Superfluous padding or trailing bits that are not zero: a second spelling of a key. Missing padding is taken. */
	| 'NON_CANONICAL_BASE64'
	/** Not as long as the suite's key and salt. */
	| 'BAD_KEY_LENGTH'
	/** All octets alike or a pattern repeated. */
	| 'WEAK_KEY'
	| 'BAD_LIFETIME'
	| 'BAD_MKI'
	/** Several keys, and one without an MKI, MKIs of different length, or one MKI twice. */
	| 'AMBIGUOUS_MKI'
	/** One key under two MKIs. */
	| 'DUPLICATE_KEY'
	/** A session parameter whose value is not of its grammar or range. */
	| 'BAD_SESSION_PARAMETER'
	| 'DUPLICATE_SESSION_PARAMETER'
	/** Not known and not marked as ignorable by a leading dash (RFC 4568 §6.3.7). */
	| 'UNKNOWN_SESSION_PARAMETER'
	/** UNENCRYPTED_SRTP, UNENCRYPTED_SRTCP or UNAUTHENTICATED_SRTP, which nobody allowed. */
	| 'UNPROTECTED_MEDIA';

export type CryptoFailure = CodedFailure<CryptoFailureCode> & {
	/** As far as it was read. */
	readonly tag?: number;
};
