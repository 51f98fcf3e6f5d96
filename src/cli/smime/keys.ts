import {SallyportError} from '../../base/error.js';
import {parseCredential, readCertificates} from '../../trusted/certificates/credential.js';
import type {OpenCmsProvider} from '../../trusted/smime/open-cms-provider.js';
import {openCmsProvider} from '../../trusted/smime/open-cms-provider.js';
import type {PemKeyPair} from '../../trusted/smime/pem-key-pair.js';
import {readGivenFile} from '../files.js';
import {givenPassphrase, type PassphraseOptions} from '../passphrases.js';

export type KeyOptions = PassphraseOptions & {
	/** PEM files with a private key each; the certificate stands in the same file or in that of `certificate`. */
	readonly key?: readonly string[];
	readonly certificate?: string;
	readonly provider?: string;
};

/**
 * Opens a provider over the keys of the command line. Rejects with `SallyportError`: SMIME_ARGUMENTS, what `givenPassphrase` and
 * `parseCredential` throw, and NOT_CAPABLE where the provider that was asked for cannot use a key.
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

	const passphrase = givenPassphrase(options, 'the key');
	const secret = passphrase === undefined ? {} : {passphrase};
	return key.map((file) => {
		const pem = [...(certificate === undefined ? [] : [certificate]), file]
			.map((path) => readGivenFile(path).toString('utf8'))
			.join('\n');
		// Says exactly what is wrong with the files, and nothing of the key.
		parseCredential(pem, {source: file, ...secret});
		const [privateKeyPem = ''] = privateKeyBlock.exec(pem) ?? [];
		return {certificatePem: pem, privateKeyPem, ...secret};
	});
}

const privateKeyBlock = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?-----END \1-----/;
