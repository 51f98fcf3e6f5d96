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
import {readRevocationList} from './revocation-list.js';

export type NativeCertificateValidatorOptions = {
	/** DER certificates that are trusted, with all that they issue. At least one. */
	readonly anchors: readonly Uint8Array[];
	/** DER revocation lists (RFC 5280 §5): complete, delta, indirect. At most 1 MiB each. @default none */
	readonly revocationLists?: readonly Uint8Array[];
	/**
	 * Which issuers of a chain must have a current list here: all (`required`), those that have any (`if-present`), or none
	 * (`off`). A list that ran out is as good as none: REVOCATION_UNKNOWN. @default 'if-present'
	 */
	readonly revocation?: RevocationMode;
	/** By how much clocks may differ; certificates and lists count as valid so much longer at both ends. @default 0 */
	readonly clockSkewSeconds?: number;
	/** Dotted certificate policies (RFC 5280 §4.2.1.4), one of which must hold for the whole chain. @default any */
	readonly policies?: readonly string[];
};

export type RevocationMode = 'off' | 'if-present' | 'required';

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
	readonly #options: NativeCertificateValidatorOptions;
	readonly #skewMs: number;
	#store: NativeStore;
	#listsChange: readonly number[] = [];
	#passed = new BoundedMap<string, Passed>(maxRemembered);

	/** Throws `RangeError` where an anchor, a revocation list, a policy or the skew is not what it should be. */
	constructor(options: NativeCertificateValidatorOptions) {
		if (options.anchors.length === 0) {
			throw new RangeError('Expected at least one certificate for `anchors`, got none.');
		}

		this.#options = {...options, anchors: options.anchors.map((anchor) => Uint8Array.from(anchor))};
		this.#skewMs = (options.clockSkewSeconds ?? 0) * 1000;
		this.#store = this.#openStore(options.revocationLists ?? []);
	}

	/** Goes by these revocation lists from now on. Throws `RangeError` where one cannot be read; nothing is then changed. */
	replaceRevocationLists(lists: readonly Uint8Array[]): void {
		this.#store = this.#openStore(lists);
		this.#passed = new BoundedMap(maxRemembered);
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
		const untilMs = Math.min(answer.chainNotAfter * 1000, ...this.#listsChange.filter((changeMs) => changeMs > atMs));
		this.#passed.set(name, {validated, untilMs});
		return ok(validated);
	}

	#openStore(lists: readonly Uint8Array[]): NativeStore {
		const read = lists.map((list, index) => {
			const fields = readRevocationList(list);
			if (!fields.ok) {
				throw new RangeError(`Expected readable DER for \`revocationLists[${index}]\`. ${fields.failure.message}`);
			}

			return fields.value;
		});
		const {anchors, policies = [], revocation = 'if-present', clockSkewSeconds = 0} = this.#options;
		const {CertificateStore} = loadAddon<NativeExports>();
		const store = new CertificateStore(anchors, lists, policies, revocation, clockSkewSeconds);
		this.#listsChange = read.map(({nextUpdateMs}) => nextUpdateMs + this.#skewMs);
		return store;
	}
}

/** Whether the key of `issuer` signed the revocation list, which names it as its issuer. Both DER; false where one cannot be read. */
export function signedRevocationList(issuer: Uint8Array, list: Uint8Array): boolean {
	return loadAddon<NativeExports>().signedRevocationList(Uint8Array.from(issuer), Uint8Array.from(list));
}

/** What native/binding/certificates-binding.cc puts on the addon. */
type NativeExports = {
	readonly CertificateStore: new (
		anchors: readonly Uint8Array[],
		revocationLists: readonly Uint8Array[],
		policies: readonly string[],
		revocation: RevocationMode,
		clockSkewSeconds: number,
	) => NativeStore;
	readonly signedRevocationList: (issuer: Uint8Array, list: Uint8Array) => boolean;
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
	REVOCATION_UNKNOWN: 'a current revocation list of each issuer that must have one',
	KEY_USAGE: 'a key usage that allows the purpose',
	EXTENDED_KEY_USAGE: 'an extended key usage of e-mail protection, SIP domain or any',
	WEAK_KEY: 'keys and signatures of at least 112 bits of security',
	CONSTRAINTS: 'issuers that may issue this certificate',
	MALFORMED: 'certificates as RFC 5280 §4 lays them out',
};
