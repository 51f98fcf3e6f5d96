import {createPrivateKey} from 'node:crypto';
import {wipe} from '../../base/bytes.js';
import {SallyportError} from '../../base/error.js';
import {loadAddon} from '../media/addon.js';
import type {Credential} from './credential.js';

/**
 * Opens PKCS #12 (RFC 7292): one private key with its certificate, the other certificates in the order of the file. `source`
 * names it in messages. Throws `SallyportError` BAD_PKCS12, WRONG_PASSPHRASE or NO_PRIVATE_KEY, and says no more.
 */
export function openPkcs12(der: Uint8Array, passphrase: string, source = 'the given PKCS #12'): Credential {
	const opened = loadAddon<NativeExports>().openPkcs12(Uint8Array.from(der), passphrase);
	if (opened.code !== undefined) {
		throw new SallyportError(opened.code, `Expected ${expectations[opened.code]} in ${source}.`);
	}

	const {privateKey, certificate, others} = opened;
	try {
		return {
			privateKey: createPrivateKey({key: privateKey, format: 'der', type: 'pkcs8'}),
			certificate: Uint8Array.from(certificate),
			chain: others.map((other) => Uint8Array.from(other)),
		};
	} catch {
		throw new SallyportError('BAD_PRIVATE_KEY', `Expected a private key that OpenSSL reads in ${source}.`);
	} finally {
		wipe(privateKey);
	}
}

/**
 * Writes a credential as PKCS #12: AES-256-CBC under PBKDF2, and a MAC with SHA-256. Throws `SallyportError` KEY_MISMATCH where the
 * key is not that of the certificate.
 */
export function writePkcs12(
	{privateKey, certificate, chain}: Credential,
	passphrase: string,
	name: string,
): Uint8Array {
	const key = privateKey.export({type: 'pkcs8', format: 'der'});
	try {
		const certificates = [certificate, ...chain].map((der) => Uint8Array.from(der));
		const written = loadAddon<NativeExports>().writePkcs12(key, certificates, passphrase, name);
		if (written === undefined) {
			throw new SallyportError('KEY_MISMATCH', 'Expected the private key of the certificate, got another one.');
		}

		return written;
	} finally {
		wipe(key);
	}
}

type Pkcs12Code = 'BAD_PKCS12' | 'WRONG_PASSPHRASE' | 'NO_PRIVATE_KEY';

/** What native/binding/certificates-binding.cc puts on the addon. */
type NativeExports = {
	readonly openPkcs12: (
		der: Uint8Array,
		passphrase: string,
	) =>
		| {readonly code: Pkcs12Code}
		| {
				readonly code?: never;
				readonly privateKey: Buffer;
				readonly certificate: Buffer;
				readonly others: readonly Buffer[];
		  };
	readonly writePkcs12: (
		privateKey: Uint8Array,
		certificates: readonly Uint8Array[],
		passphrase: string,
		name: string,
	) => Buffer | undefined;
};

const expectations: Readonly<Record<Pkcs12Code, string>> = {
	BAD_PKCS12: 'PKCS #12 with a MAC, of at most 1 MiB and by algorithms that this OpenSSL has,',
	WRONG_PASSPHRASE: 'the passphrase of the PKCS #12, got another',
	NO_PRIVATE_KEY: 'one private key with its certificate',
};
