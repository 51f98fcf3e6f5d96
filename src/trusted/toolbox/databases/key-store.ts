import {X509Certificate} from 'node:crypto';
import {SallyportError} from '../../../base/error.js';
import type {SealedOctets, StorageKey} from './storage-key.js';

/** A certificate of ours (intermediates may follow it) and its private key, in PEM. */
export type Identity = {readonly certificate: string; readonly privateKey: string};

/** A private key on disk. `position` keeps their order: the first one signs. */
export type StoredKey = SealedOctets & {readonly certificate: string; readonly position: number};

/** The database of private keys, by fingerprint of the certificate. */
export type KeyDatabase = {
	readonly getRange: () => Iterable<{readonly key: string; readonly value: StoredKey}>;
	readonly put: (fingerprint: string, key: StoredKey) => unknown;
	readonly transactionSync: <Outcome>(work: () => Outcome) => Outcome;
};

/** Our private keys, encrypted at rest by us. */
export class KeyStore {
	readonly #database: KeyDatabase;

	constructor(database: KeyDatabase) {
		this.#database = database;
	}

	get size(): number {
		return [...this.#database.getRange()].length;
	}

	/** All of them, the one that signs first. Throws `SallyportError` STORAGE_KEY_WRONG. */
	read(storageKey: StorageKey): readonly Identity[] {
		return this.#sorted().map(({key, value}) => ({
			certificate: value.certificate,
			privateKey: Buffer.from(storageKey.open(key, value)).toString('utf8'),
		}));
	}

	/** Keeps identities; those that are new come behind those that are there, in their order. */
	keep(identities: readonly Identity[], storageKey: StorageKey): void {
		this.#database.transactionSync(() => {
			const present = this.#sorted();
			let next = (present.at(-1)?.value.position ?? -1) + 1;
			for (const {certificate, privateKey} of identities) {
				const fingerprint = certificateFingerprint(certificate);
				const known = present.find(({key}) => key === fingerprint)?.value.position;
				const sealed = storageKey.seal(fingerprint, Buffer.from(privateKey));
				this.#database.put(fingerprint, {...sealed, certificate, position: known ?? next++});
			}
		});
	}

	/** Encrypts all of them under another storage key, all or none. Returns how many. Throws `SallyportError` STORAGE_KEY_WRONG. */
	rotate(from: StorageKey, to: StorageKey): number {
		return this.#database.transactionSync(() => {
			const present = this.#sorted();
			const sealed = present.map(({key, value}) => ({...value, ...to.seal(key, from.open(key, value))}));
			for (const [index, {key}] of present.entries()) {
				this.#database.put(key, sealed[index] as StoredKey);
			}

			return present.length;
		});
	}

	#sorted() {
		return [...this.#database.getRange()].toSorted((a, b) => a.value.position - b.value.position);
	}
}

/** Lower-case hexadecimal SHA-256 of the first certificate of a PEM. Throws `SallyportError` BAD_OPTIONS where there is none. */
export function certificateFingerprint(pem: string): string {
	try {
		return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
	} catch (cause) {
		throw new SallyportError('BAD_OPTIONS', 'Expected a certificate in PEM for each of `identities`.', {cause});
	}
}
