/** Tries what its argument names, and prints the code of each failure. Started by `tryConfined`. */
import {spawnSync} from 'node:child_process';
import {appendFileSync, readdirSync, readFileSync} from 'node:fs';
import {connect} from 'node:net';
import process from 'node:process';
import type {Attempt} from './confined.js';

const attempts = JSON.parse(process.argv[2] ?? '[]') as readonly Attempt[];

function codeOf(act: () => void): string {
	try {
		act();
		return 'done';
	} catch (error) {
		return (error as NodeJS.ErrnoException).code ?? 'failed';
	}
}

function outcomeOf({how, path}: Attempt): string | Promise<string> {
	switch (how) {
		case 'read':
			return codeOf(() => readFileSync(path));
		case 'list':
			return codeOf(() => readdirSync(path));
		case 'write':
			return codeOf(() => appendFileSync(path, ''));
		case 'run':
			return codeOf(() => {
				const {error} = spawnSync(path, []);
				if (error !== undefined) {
					throw error;
				}
			});
		case 'connect':
			return new Promise((resolve) => {
				const socket = connect(path);
				socket.once('connect', () => resolve('done'));
				socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
			});
	}
}

process.stdout.write(JSON.stringify(await Promise.all(attempts.map(outcomeOf))));
process.exit(0);
