import {readFileSync} from 'node:fs';
import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../base/error.js';

/** Where a passphrase comes from: the first line of a file, an environment variable, or whoever sits at the terminal. Never an argument. */
export type PassphraseOptions = {
	readonly passphraseFile?: string | undefined;
	readonly passphraseEnv?: string | undefined;
};

/** The same for a second one, by options with the prefix `key-`. */
export type KeyPassphraseOptions = {readonly keyPassphraseFile?: string; readonly keyPassphraseEnv?: string};

/** Adds `--passphrase-file` and `--passphrase-env`, or with a prefix such as `key` `--key-passphrase-file` and so on. */
export function withPassphraseOptions(command: Command, what: string, prefix = ''): Command {
	return command
		.option(`--${prefix}passphrase-file <file>`, `first line of the file is the passphrase of ${what}`)
		.option(`--${prefix}passphrase-env <name>`, `the environment variable has the passphrase of ${what}`);
}

/** Those of the key, as they are taken here. */
export function ofKey({keyPassphraseFile, keyPassphraseEnv}: KeyPassphraseOptions): PassphraseOptions {
	return {passphraseFile: keyPassphraseFile, passphraseEnv: keyPassphraseEnv};
}

/**
 * Reads a passphrase; undefined where there is none and nobody to ask. One that is `new` is asked for twice. Throws
 * `SallyportError` PASSPHRASE_UNREADABLE or BAD_PASSPHRASE.
 */
export async function readPassphrase(
	options: PassphraseOptions,
	what: string,
	kind: 'known' | 'new',
): Promise<string | undefined> {
	const given = givenPassphrase(options, what, kind);
	if (given !== undefined || process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
		return given;
	}

	const typed = await prompt(`Passphrase of ${what}: `);
	if (kind === 'new' && typed !== (await prompt('Once more: '))) {
		throw new SallyportError('BAD_PASSPHRASE', 'Expected the same passphrase twice, got two.');
	}

	return demandPassphrase(typed, what, kind);
}

/** Does what `readPassphrase` does, and asks nobody. */
export function givenPassphrase(
	{passphraseFile, passphraseEnv}: PassphraseOptions,
	what: string,
	kind: 'known' | 'new' = 'known',
): string | undefined {
	const given = passphraseFile === undefined ? environmentOf(passphraseEnv) : firstLineOf(passphraseFile);
	return given === undefined ? undefined : demandPassphrase(given, what, kind);
}

/**
 * Reads the passphrase of a key that is made; undefined where it shall be left in the clear. Throws as `readPassphrase`, and
 * BAD_ARGUMENTS where nothing is said; `option` is the one to name then.
 */
export async function readNewPassphrase(
	options: PassphraseOptions & {readonly clearKey?: boolean | undefined},
	what: string,
	option: string,
): Promise<string | undefined> {
	if (options.clearKey === true) {
		return undefined;
	}

	const passphrase = await readPassphrase(options, what, 'new');
	if (passphrase === undefined) {
		throw new SallyportError('BAD_ARGUMENTS', `Expected a passphrase for ${what} (\`${option}\`), or \`--clear-key\`.`);
	}

	return passphrase;
}

/** Opens what may be encrypted: a passphrase is read only where `open` rejects with PASSPHRASE_NEEDED. */
export async function openWithPassphrase<Opened>(
	options: PassphraseOptions,
	what: string,
	open: (passphrase?: string) => Promise<Opened>,
): Promise<Opened> {
	try {
		return await open();
	} catch (error) {
		const isNeeded = error instanceof SallyportError && error.code === 'PASSPHRASE_NEEDED';
		const passphrase = isNeeded ? await readPassphrase(options, what, 'known') : undefined;
		if (passphrase === undefined) {
			throw error;
		}

		return open(passphrase);
	}
}

function demandPassphrase(passphrase: string, what: string, kind: 'known' | 'new'): string {
	const octets = Buffer.byteLength(passphrase);
	if (octets > maxPassphraseOctets || (kind === 'new' && octets < minPassphraseOctets)) {
		throw new SallyportError(
			'BAD_PASSPHRASE',
			`Expected ${minPassphraseOctets} to ${maxPassphraseOctets} octets for the passphrase of ${what}.`,
		);
	}

	return passphrase;
}

function firstLineOf(path: string): string {
	try {
		return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? '';
	} catch (cause) {
		throw new SallyportError('PASSPHRASE_UNREADABLE', `Expected a readable file with a passphrase at ${path}.`, {
			cause,
		});
	}
}

function environmentOf(name: string | undefined): string | undefined {
	const value = name === undefined ? undefined : process.env[name];
	if (name !== undefined && value === undefined) {
		throw new SallyportError('PASSPHRASE_UNREADABLE', `Expected a passphrase in the environment variable ${name}.`);
	}

	return value;
}

/** Reads a line from the terminal without showing it. */
function prompt(question: string): Promise<string> {
	const {stdin, stderr} = process;
	stderr.write(question);
	stdin.setRawMode(true);
	stdin.setEncoding('utf8');
	stdin.resume();
	return new Promise((resolve, reject) => {
		let line = '';
		const end = () => {
			stdin.off('data', onData);
			stdin.setRawMode(false);
			stdin.pause();
			stderr.write('\n');
		};
		const onData = (text: string) => {
			for (const character of text) {
				if (character === '\r' || character === '\n') {
					end();
					resolve(line);
					return;
				}

				if (character === '\u0003' || character === '\u0004') {
					end();
					reject(new SallyportError('PASSPHRASE_UNREADABLE', 'Expected a passphrase, got none.'));
					return;
				}

				line = character === '\u007f' || character === '\b' ? line.slice(0, -1) : line + character;
			}
		};
		stdin.on('data', onData);
	});
}

const minPassphraseOctets = 8;
const maxPassphraseOctets = 1024;
