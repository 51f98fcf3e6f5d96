import {createHash} from 'node:crypto';
import {BoundedMap} from '../../base/bounded-map.js';
import {fail, ok, type Result} from '../../base/result.js';
import {loadAddon} from '../media/addon.js';
import {readCertificateFields} from './certificate-fields.js';
import type {
	CertificateFailure,
	CertificateFailureCode,
	CertificateValidator,
	ValidatedCertificate,
} from './certificate-validator.js';

export type NativeCertificateValidatorOptions = {
	/** DER certificates that are trusted, with all that they issue. At least one. */
	readonly anchors: readonly Uint8Array[];
	/** DER revocation lists. An issuer with a list here must have a current one; others are not asked. @default none */
	readonly revocationLists?: readonly Uint8Array[];
};

/**
 * Validates by OpenSSL's X509_STORE, on the calling thread.
 *
 * A chain of two P-256 certificates takes about 0.2 ms, little more than a thread would cost; libuv's pool is the
 * store's. A stranger cannot make it long: the bounds hold before OpenSSL parses, and signatures are verified from the
 * anchor down, only once a whole chain stands, so without our anchor's signature he costs one verification. Peers call
 * again and again with the same certificate: what passed is remembered for the minute (failures are not, so that
 * strangers cannot fill the memory).
 */
export class NativeCertificateValidator implements CertificateValidator {
	readonly #store: NativeStore;
	readonly #passed = new BoundedMap<string, Passed>(maxRemembered);

	/** Throws `RangeError` where an anchor or a revocation list cannot be read. */
	constructor(options: NativeCertificateValidatorOptions) {
		if (options.anchors.length === 0) {
			throw new RangeError('Expected at least one certificate for `anchors`, got none.');
		}

		this.#store = new (loadAddon<NativeExports>().CertificateStore)(options.anchors, options.revocationLists ?? []);
	}

	async validate(
		certificate: Uint8Array,
		intermediates: readonly Uint8Array[],
		options: {readonly atMs: number; readonly purpose: 'sign' | 'encrypt'},
	): Promise<Result<ValidatedCertificate, CertificateFailure>> {
		const {atMs, purpose} = options;
		if (!Number.isFinite(atMs)) {
			throw new RangeError(`Expected milliseconds since 1970 for \`atMs\`, got ${atMs}.`);
		}

		if (intermediates.length > maxIntermediates) {
			return fail('MALFORMED', `Expected at most ${maxIntermediates} intermediates, got ${intermediates.length}.`);
		}

		// Copied before it is looked at: the caller's memory may be shared or change.
		const endEntity = Uint8Array.from(certificate);
		const others = intermediates.map((intermediate) => Uint8Array.from(intermediate));
		for (const der of [endEntity, ...others]) {
			const bounded = readCertificateFields(der);
			if (!bounded.ok) {
				return bounded;
			}
		}

		const name = [purpose, Math.floor(atMs / 60_000), ...[endEntity, ...others].map(fingerprintOf)].join(' ');
		const remembered = this.#passed.get(name);
		if (remembered !== undefined && atMs < remembered.untilMs) {
			return ok(remembered.validated);
		}

		const answer = this.#store.validate(endEntity, others, Math.floor(atMs / 1000), purpose);
		if (answer.code !== undefined) {
			return fail(
				answer.code,
				`Expected ${expectations[answer.code]}, got "${answer.detail}" at depth ${answer.depth}.`,
			);
		}

		const validated: ValidatedCertificate = Object.freeze({
			certificate: endEntity,
			fingerprint: fingerprintOf(endEntity),
			subject: answer.subject,
			sipUris: Object.freeze(answer.uris.filter((uri) => /^sips?:/i.test(uri))),
			dnsNames: Object.freeze(answer.dnsNames),
			notAfterMs: answer.notAfter * 1000,
		});
		this.#passed.set(name, {validated, untilMs: answer.chainNotAfter * 1000});
		return ok(validated);
	}
}

/** What native/binding/certificates-binding.cc puts on the addon. */
type NativeExports = {
	readonly CertificateStore: new (
		anchors: readonly Uint8Array[],
		revocationLists: readonly Uint8Array[],
	) => NativeStore;
};

type NativeStore = {
	validate(
		certificate: Uint8Array,
		intermediates: readonly Uint8Array[],
		atSeconds: number,
		use: 'sign' | 'encrypt',
	): NativeRefusal | NativeValidated;
};

type NativeRefusal = {readonly code: CertificateFailureCode; readonly detail: string; readonly depth: number};

type NativeValidated = {
	readonly code?: never;
	readonly subject: string;
	readonly uris: readonly string[];
	readonly dnsNames: readonly string[];
	/** Seconds since 1970. */
	readonly notAfter: number;
	readonly chainNotAfter: number;
};

type Passed = {readonly validated: ValidatedCertificate; readonly untilMs: number};

function fingerprintOf(der: Uint8Array): string {
	return createHash('sha256').update(der).digest('hex');
}

const maxRemembered = 4096;
const maxIntermediates = 16;

const expectations: Readonly<Record<CertificateFailureCode, string>> = {
	UNTRUSTED: 'a chain of verified signatures to a configured anchor',
	EXPIRED: 'a chain that has not expired',
	NOT_YET_VALID: 'a chain that is valid already',
	REVOKED: 'a certificate that is on no revocation list',
	KEY_USAGE: 'a key usage that allows the purpose',
	EXTENDED_KEY_USAGE: 'an extended key usage of e-mail protection, SIP domain or any',
	WEAK_KEY: 'keys and signatures of at least 112 bits of security',
	CONSTRAINTS: 'issuers that may issue this certificate',
	MALFORMED: 'certificates as RFC 5280 §4 lays them out',
};
