import {readFileSync} from 'node:fs';
import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../../base/error.js';

/** Where a passphrase comes from: the first line of a file, an environment variable, or whoever sits at the terminal. Never an argument. */
export type PassphraseSource = {readonly file: string | undefined; readonly environment: string | undefined};

/** Adds `--passphrase-file` and `--passphrase-env`, or with a prefix such as `key` `--key-passphrase-file` and so on. */
export function withPassphraseOptions(command: Command, what: string, prefix = ''): Command {
	return command
		.option(`--${prefix}passphrase-file <file>`, `first line of the file is the passphrase of ${what}`)
		.option(`--${prefix}passphrase-env <name>`, `the environment variable has the passphrase of ${what}`);
}

/**
 * Reads a passphrase; undefined where there is none and nobody to ask. One that is `new` is asked for twice. Throws
 * `SallyportError` PASSPHRASE_UNREADABLE or BAD_PASSPHRASE.
 */
export async function readPassphrase(
	{file, environment}: PassphraseSource,
	what: string,
	kind: 'known' | 'new',
): Promise<string | undefined> {
	const given = file === undefined ? environmentOf(environment) : firstLineOf(file);
	if (given !== undefined) {
		return demandPassphrase(given, what, kind);
	}

	if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
		return undefined;
	}

	const typed = await prompt(`Passphrase of ${what}: `);
	if (kind === 'new' && typed !== (await prompt('Once more: '))) {
		throw new SallyportError('BAD_PASSPHRASE', 'Expected the same passphrase twice, got two.');
	}

	return demandPassphrase(typed, what, kind);
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
