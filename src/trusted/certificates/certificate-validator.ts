import type {CodedFailure, Result} from '../../base/result.js';

export type CertificateFailureCode =
	| 'UNTRUSTED'
	| 'EXPIRED'
	| 'NOT_YET_VALID'
	| 'REVOKED'
	| 'REVOCATION_UNKNOWN'
	| 'KEY_USAGE'
	| 'EXTENDED_KEY_USAGE'
	| 'WEAK_KEY'
	| 'CONSTRAINTS'
	| 'MALFORMED';

export type CertificateFailure = CodedFailure<CertificateFailureCode>;

/** What a validated certificate says about its holder. */
export type ValidatedCertificate = {
	readonly certificate: Uint8Array;
	/** Lower-case hexadecimal SHA-256 of the DER. */
	readonly fingerprint: string;
	/** RFC 4514 text. */
	readonly subject: string;
	/** `sip:` and `sips:` URIs of subjectAltName, as written. */
	readonly sipUris: readonly string[];
	/** dNSNames of subjectAltName, as written: RFC 5922 §7.1 lets one name the domain where no `sip:` URI does. */
	readonly dnsNames: readonly string[];
	readonly notAfterMs: number;
};

/** Builds and checks chains to the configured anchors (RFC 5280 §6), by the addon's X509_STORE. */
export interface CertificateValidator {
	/** `purpose`: which key usage the end entity's certificate must allow. */
	validate(
		certificate: Uint8Array,
		intermediates: readonly Uint8Array[],
		options: {readonly atMs: number; readonly purpose: 'sign' | 'encrypt'},
	): Promise<Result<ValidatedCertificate, CertificateFailure>>;
}
