import {readFileSync} from 'node:fs';
import process from 'node:process';
import {SallyportError} from '../../base/error.js';
import {parseCredential, readCertificates} from '../../trusted/certificates/credential.js';
import type {OpenCmsProvider} from '../../trusted/smime/open-cms-provider.js';
import {openCmsProvider} from '../../trusted/smime/open-cms-provider.js';
import type {PemKeyPair} from '../../trusted/smime/pem-key-pair.js';

export type KeyOptions = {
	/** PEM files with a private key each; the certificate stands in the same file or in that of `certificate`. */
	readonly key?: readonly string[];
	readonly certificate?: string;
	readonly passphraseFile?: string;
	readonly passphraseEnv?: string;
	readonly provider?: string;
};

/**
 * Opens a provider over the keys of the command line. Rejects with `SallyportError`: SMIME_ARGUMENTS, what `parseCredential` throws, and
 * NOT_CAPABLE where the provider that was asked for cannot use a key.
 */
export async function openProvider(options: KeyOptions): Promise<OpenCmsProvider> {
	const provider = options.provider ?? 'auto';
	if (provider !== 'auto' && provider !== 'openssl' && provider !== 'forge') {
		throw new SallyportError('SMIME_ARGUMENTS', 'Expected auto, openssl or forge for --provider.');
	}

	return openCmsProvider({keys: readKeys(options), provider, workers: 1});
}

/** The certificates (DER) to seal for. Rejects with `SallyportError`, also where one file has several. */
export async function readRecipients(files: readonly string[]): Promise<readonly Uint8Array[]> {
	const recipients = await Promise.all(files.map((file) => readCertificates([file])));
	// The first of a file is the recipient's; what follows are those who certify it.
	return recipients.flatMap(([certificate]) => (certificate ? [certificate] : []));
}

function readKeys({key = [], certificate, ...options}: KeyOptions): readonly PemKeyPair[] {
	if (certificate !== undefined && key.length !== 1) {
		throw new SallyportError('SMIME_ARGUMENTS', 'Expected one --key beside --certificate.');
	}

	const given = readPassphrase(options);
	return key.map((file) => {
		const keyPem = readPem(file);
		const pem = certificate === undefined ? keyPem : `${readPem(certificate)}\n${keyPem}`;
		const isEncrypted = /^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem);
		const passphrase = isEncrypted ? given : undefined;
		// Says exactly what is wrong with the files, and nothing of the key.
		parseCredential(pem, {source: file, ...(passphrase !== undefined && {passphrase})});
		const [privateKeyPem = ''] = privateKeyBlock.exec(pem) ?? [];
		return {certificatePem: pem, privateKeyPem, ...(passphrase !== undefined && {passphrase})};
	});
}

/** From a file or the environment, never from the arguments, which everybody on the machine can read. */
function readPassphrase({passphraseFile, passphraseEnv}: KeyOptions): string | undefined {
	if (passphraseFile !== undefined) {
		return readPem(passphraseFile).split(/\r?\n/, 1)[0];
	}

	if (passphraseEnv === undefined) {
		return undefined;
	}

	const passphrase = process.env[passphraseEnv];
	if (passphrase === undefined) {
		throw new SallyportError('SMIME_ARGUMENTS', 'Expected an environment variable of that name for --passphrase-env.');
	}

	return passphrase;
}

function readPem(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (cause) {
		throw new SallyportError('FILE_UNREADABLE', `Expected a readable file at ${file}.`, {cause});
	}
}

const privateKeyBlock = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/;
