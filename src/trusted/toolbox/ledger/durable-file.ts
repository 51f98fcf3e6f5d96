import {closeSync, fsyncSync, openSync, renameSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';
import process from 'node:process';

/** Writes a file whole, or leaves the old one: a new file, synced, renamed, and the folder synced. */
export function writeDurably(path: string, content: Uint8Array): void {
	const draft = `${path}.${process.pid}.new`;
	const file = openSync(draft, 'w', 0o600);
	try {
		writeSync(file, content);
		fsyncSync(file);
	} finally {
		closeSync(file);
	}

	renameSync(draft, path);
	syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
	const folder = openSync(path, 'r');
	try {
		fsyncSync(folder);
	} finally {
		closeSync(folder);
	}
}
