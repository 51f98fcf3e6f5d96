import {BoundedMap} from '../../base/bounded-map.js';
import {SallyportError} from '../../base/error.js';
import type {CertificateValidator, ValidatedCertificate} from './certificate-validator.js';
import {readCertificates} from './credential.js';
import {type Aor, domainIdentities, domainOf, type SpeakerKind, userIdentities} from './identity.js';

export type CertificateDirectoryOptions = {
	/** Addresses remembered; the one that was added to longest ago makes room. @default 10_000 */
	readonly maxAddresses?: number;
	/** Certificates of one address; the oldest makes room. @default 4 */
	readonly maxCertificatesPerAddress?: number;
};

/** Certificates to encrypt to, by the address that they name. Holds only what was validated for `encrypt`. */
export class CertificateDirectory {
	readonly #certificates: BoundedMap<Aor, readonly ValidatedCertificate[]>;
	readonly #maxPerAddress: number;

	constructor(options: CertificateDirectoryOptions = {}) {
		this.#certificates = new BoundedMap(options.maxAddresses ?? 10_000);
		this.#maxPerAddress = options.maxCertificatesPerAddress ?? 4;
		if (!Number.isInteger(this.#maxPerAddress) || this.#maxPerAddress < 1) {
			throw new RangeError(
				`Expected a positive integer for \`maxCertificatesPerAddress\`, got ${this.#maxPerAddress}.`,
			);
		}
	}

	/** Addresses that have a certificate. */
	get size(): number {
		return this.#certificates.size;
	}

	/** Adds a certificate under every user and domain that it names, and returns these. */
	add(validated: ValidatedCertificate): readonly Aor[] {
		const names = [...new Set([...userIdentities(validated), ...domainIdentities(validated)])];
		for (const name of names) {
			const others = (this.#certificates.get(name) ?? []).filter(
				({fingerprint}) => fingerprint !== validated.fingerprint,
			);
			this.#certificates.set(name, [validated, ...others].slice(0, this.#maxPerAddress));
		}

		return names;
	}

	/**
	 * Certificates of an address that have not expired at `atMs`, the one that was added last first. With `domain`
	 * accepted, those of the address's domain where the user has none.
	 */
	find(
		aor: Aor,
		options: {readonly atMs: number; readonly accepted?: readonly SpeakerKind[]},
	): readonly ValidatedCertificate[] {
		const {atMs, accepted = ['user']} = options;
		const domain = accepted.includes('domain') ? domainOf(aor) : undefined;
		const user = accepted.includes('user') ? this.#current(aor, atMs) : [];
		return user.length > 0 || domain === undefined ? user : this.#current(domain, atMs);
	}

	/**
	 * Adds the first certificate of each PEM file, the others of the file being its intermediates. Rejects with
	 * `SallyportError`: what `readCertificates` says, or `CERTIFICATE_REFUSED` where one does not validate or names nobody.
	 */
	async addFiles(
		paths: readonly string[],
		validator: CertificateValidator,
		options: {readonly atMs: number},
	): Promise<void> {
		for (const path of paths) {
			const [certificate = new Uint8Array(), ...intermediates] = await readCertificates([path]);
			const validated = await validator.validate(certificate, intermediates, {atMs: options.atMs, purpose: 'encrypt'});
			if (!validated.ok) {
				throw new SallyportError('CERTIFICATE_REFUSED', `${validated.failure.message} In ${path}.`);
			}

			if (this.add(validated.value).length === 0) {
				throw new SallyportError('CERTIFICATE_REFUSED', `Expected a certificate that names a SIP address in ${path}.`);
			}
		}
	}

	#current(aor: Aor, atMs: number): readonly ValidatedCertificate[] {
		return (this.#certificates.get(aor) ?? []).filter(({notAfterMs}) => atMs < notAfterMs);
	}
}
