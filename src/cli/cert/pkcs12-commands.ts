import {readFileSync} from 'node:fs';
import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../../base/error.js';
import {readCredential} from '../../trusted/certificates/credential.js';
import {openPkcs12, writePkcs12} from '../../trusted/certificates/pkcs12.js';
import {derToPem} from '../../wire/asn1/pem.js';
import {writeNewFile} from './authority-folder.js';
import {readPassphrase, withPassphraseOptions} from './passphrases.js';

type Options = {
	readonly out: string;
	readonly name?: string;
	readonly passphraseFile?: string;
	readonly passphraseEnv?: string;
	readonly keyPassphraseFile?: string;
	readonly keyPassphraseEnv?: string;
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
	const credential = openPkcs12(readOctets(file), await passphraseOfPkcs12(options, 'known'), file);
	const passphrase =
		options.clearKey === true ? undefined : await readPassphrase(keySource(options), 'the key in PEM', 'new');
	if (passphrase === undefined && options.clearKey !== true) {
		throw new SallyportError(
			'BAD_ARGUMENTS',
			'Expected a passphrase for the key in PEM (`--key-passphrase-file`), or `--clear-key`.',
		);
	}

	const encryption = passphrase === undefined ? {} : {cipher: 'aes-256-cbc', passphrase};
	const key = credential.privateKey.export({type: 'pkcs8', format: 'pem', ...encryption});
	writeNewFile(`${options.out}.key`, key.toString());
	const certificates = [credential.certificate, ...credential.chain].map((der) => derToPem(der));
	writeNewFile(`${options.out}.pem`, certificates.join(''), 0o644);
	process.stdout.write(`wrote ${options.out}.pem with ${certificates.length} certificates, and ${options.out}.key\n`);
}

async function exportPkcs12(files: readonly string[], options: Options): Promise<void> {
	const isEncrypted = files.some((file) => /^-----BEGIN ENCRYPTED/m.test(readOctets(file).toString('latin1')));
	const keyPassphrase = isEncrypted ? await readPassphrase(keySource(options), 'the key in PEM', 'known') : undefined;
	const credential = await readCredential(files, keyPassphrase === undefined ? {} : {passphrase: keyPassphrase});
	const der = writePkcs12(credential, await passphraseOfPkcs12(options, 'new'), options.name ?? '');
	writeNewFile(options.out, der);
	process.stdout.write(`wrote ${options.out}\n`);
}

async function passphraseOfPkcs12({passphraseFile, passphraseEnv}: Options, kind: 'known' | 'new'): Promise<string> {
	const source = {file: passphraseFile, environment: passphraseEnv};
	const passphrase = await readPassphrase(source, 'the PKCS #12', kind);
	if (passphrase === undefined) {
		throw new SallyportError('PASSPHRASE_NEEDED', 'Expected a passphrase for the PKCS #12 (`--passphrase-file`).');
	}

	return passphrase;
}

function keySource({keyPassphraseFile, keyPassphraseEnv}: Options) {
	return {file: keyPassphraseFile, environment: keyPassphraseEnv};
}

function readOctets(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (cause) {
		throw new SallyportError('FILE_UNREADABLE', `Expected a readable file at ${path}.`, {cause});
	}
}
