import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../../base/error.js';
import {readCredential} from '../../trusted/certificates/credential.js';
import {openPkcs12, writePkcs12} from '../../trusted/certificates/pkcs12.js';
import {derToPem} from '../../wire/asn1/pem.js';
import {readGivenFile, writeNewFile} from '../files.js';
import {
	type KeyPassphraseOptions,
	ofKey,
	openWithPassphrase,
	type PassphraseOptions,
	readNewPassphrase,
	readPassphrase,
	withPassphraseOptions,
} from '../passphrases.js';

type Options = PassphraseOptions &
	KeyPassphraseOptions & {
		readonly out: string;
		readonly name?: string;
		readonly clearKey?: boolean;
	};

/** Adds `import` and `export`: PKCS #12 (RFC 7292) to and from PEM. */
export function registerPkcs12Commands(cert: Command): void {
	const command = (words: string, description: string) =>
		withPassphraseOptions(
			withPassphraseOptions(cert.command(words).description(description), 'the PKCS #12'),
			'the key in PEM',
			'key-',
		);
	command('import <file>', 'take key and certificates out of PKCS #12')
		.requiredOption('-o, --out <prefix>', 'write PREFIX.pem and PREFIX.key')
		.option('--clear-key', 'leave the key in PEM unencrypted')
		.action(importPkcs12);
	command('export <file...>', 'put a certificate, its chain and its key, from PEM files, into PKCS #12')
		.requiredOption('-o, --out <file>', 'write this file')
		.option('--name <name>', 'friendly name', 'sallyport')
		.action(exportPkcs12);
}

async function importPkcs12(file: string, options: Options): Promise<void> {
	const credential = openPkcs12(readGivenFile(file), await passphraseOfPkcs12(options, 'known'), file);
	const passphrase = await readNewPassphrase(
		{...ofKey(options), clearKey: options.clearKey},
		'the key in PEM',
		'--key-passphrase-file',
	);
	const encryption = passphrase === undefined ? {} : {cipher: 'aes-256-cbc', passphrase};
	const key = credential.privateKey.export({type: 'pkcs8', format: 'pem', ...encryption});
	writeNewFile(`${options.out}.key`, key.toString());
	const certificates = [credential.certificate, ...credential.chain].map((der) => derToPem(der));
	writeNewFile(`${options.out}.pem`, certificates.join(''), 0o644);
	process.stdout.write(`wrote ${options.out}.pem with ${certificates.length} certificates, and ${options.out}.key\n`);
}

async function exportPkcs12(files: readonly string[], options: Options): Promise<void> {
	const credential = await openWithPassphrase(ofKey(options), 'the key in PEM', (passphrase) =>
		readCredential(files, passphrase === undefined ? {} : {passphrase}),
	);
	const der = writePkcs12(credential, await passphraseOfPkcs12(options, 'new'), options.name ?? '');
	writeNewFile(options.out, der);
	process.stdout.write(`wrote ${options.out}\n`);
}

async function passphraseOfPkcs12(options: PassphraseOptions, kind: 'known' | 'new'): Promise<string> {
	const passphrase = await readPassphrase(options, 'the PKCS #12', kind);
	if (passphrase === undefined) {
		throw new SallyportError('PASSPHRASE_NEEDED', 'Expected a passphrase for the PKCS #12 (`--passphrase-file`).');
	}

	return passphrase;
}
