import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {SallyportError} from '../../base/error.js';
import {pemToDer} from '../../wire/asn1/index.js';

/** A private key with its certificate and the intermediates to send along, nearest first. Certificates are DER. */
export type Credential = {
	readonly certificate: Uint8Array;
	readonly chain: readonly Uint8Array[];
	readonly privateKey: KeyObject;
};

/**
 * Reads a credential from PEM files: the certificate first, then its intermediates, and one private key (PKCS #8,
 * PKCS #1 or SEC 1, encrypted or not) anywhere among them.
 *
 * Rejects with `SallyportError`: `FILE_UNREADABLE`, `BAD_PEM`, `NO_CERTIFICATE`, `NO_PRIVATE_KEY`, `PASSPHRASE_NEEDED`,
 * `WRONG_PASSPHRASE`, `BAD_PRIVATE_KEY` or `KEY_MISMATCH`. No message says more of a key than that.
 */
export async function readCredential(
	paths: readonly string[],
	options: {readonly passphrase?: string} = {},
): Promise<Credential> {
	const texts = await Promise.all(paths.map(readText));
	return parseCredential(texts.join('\n'), {...options, source: paths.join(', ')});
}

/** Does what `readCredential` does with a text; `source` names it in messages. */
export function parseCredential(
	pem: string,
	options: {readonly passphrase?: string; readonly source?: string} = {},
): Credential {
	const source = options.source ?? 'the given PEM';
	const [certificate, ...chain] = certificatesOf(pem, source);
	const keys = pem.match(/^-----BEGIN [A-Z ]*PRIVATE KEY-----/gm) ?? [];
	if (certificate === undefined) {
		throw new SallyportError('NO_CERTIFICATE', `Expected a certificate in ${source}, got none.`);
	}

	if (keys.length !== 1) {
		throw new SallyportError('NO_PRIVATE_KEY', `Expected one private key in ${source}, got ${keys.length}.`);
	}

	const privateKey = openPrivateKey(pem, options.passphrase, source);
	if (!belongTogether(certificate, privateKey)) {
		throw new SallyportError(
			'KEY_MISMATCH',
			`Expected the private key of the first certificate in ${source}, got another one.`,
		);
	}

	return {certificate, chain, privateKey};
}

/** Reads all certificates (DER) of PEM files, in order. Rejects as `readCredential` does. */
export async function readCertificates(paths: readonly string[]): Promise<readonly Uint8Array[]> {
	const found = await Promise.all(
		paths.map(async (path) => {
			const certificates = certificatesOf(await readText(path), path);
			if (certificates.length === 0) {
				throw new SallyportError('NO_CERTIFICATE', `Expected a certificate in ${path}, got none.`);
			}

			return certificates;
		}),
	);
	return found.flat();
}

function openPrivateKey(pem: string, passphrase: string | undefined, source: string): KeyObject {
	// PKCS #8 says it in the label, the older forms in a header (RFC 1421 §4.6.1.1).
	const isEncrypted = /^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem);
	if (isEncrypted && passphrase === undefined) {
		throw new SallyportError('PASSPHRASE_NEEDED', `Expected a passphrase for the private key in ${source}, got none.`);
	}

	try {
		return createPrivateKey(passphrase === undefined ? {key: pem} : {key: pem, passphrase});
	} catch {
		// OpenSSL's own words tell how far decryption came, and a cause ends up in logs.
		throw isEncrypted
			? new SallyportError('WRONG_PASSPHRASE', `Expected the passphrase of the private key in ${source}, got another.`)
			: new SallyportError('BAD_PRIVATE_KEY', `Expected a readable private key in ${source}.`);
	}
}

function belongTogether(certificate: Uint8Array, privateKey: KeyObject): boolean {
	try {
		return new X509Certificate(certificate).checkPrivateKey(privateKey);
	} catch {
		return false;
	}
}

function certificatesOf(pem: string, source: string): readonly Uint8Array[] {
	const certificates = pemToDer(pem);
	if (!certificates.ok) {
		throw new SallyportError('BAD_PEM', `Expected certificates in PEM in ${source}. ${certificates.failure.message}`);
	}

	return certificates.value;
}

async function readText(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (cause) {
		throw new SallyportError('FILE_UNREADABLE', `Expected a readable file at ${path}.`, {cause});
	}
}
