import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {SallyportError, systemCodeOf} from '../base/error.js';

/** Reads a file that a command is given. Throws `SallyportError` FILE_UNREADABLE. */
export function readGivenFile(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (cause) {
		throw new SallyportError('FILE_UNREADABLE', `Expected a readable file at ${path}.`, {cause});
	}
}

/** Before a key is made that could not be written. Throws `SallyportError` FILE_EXISTS. */
export function demandNoFiles(...paths: readonly string[]): void {
	const path = paths.find((candidate) => existsSync(candidate));
	if (path !== undefined) {
		throw fileExists(path);
	}
}

/** Writes a file that must not be there yet. Throws `SallyportError` FILE_EXISTS or FILE_NOT_WRITTEN. */
export function writeNewFile(path: string, content: string | Uint8Array, mode = 0o600): void {
	try {
		writeFileSync(path, content, {flag: 'wx', mode, flush: true});
	} catch (cause) {
		throw systemCodeOf(cause) === 'EEXIST'
			? fileExists(path)
			: new SallyportError('FILE_NOT_WRITTEN', `Expected to write ${path}, but could not.`, {cause});
	}
}

function fileExists(path: string): SallyportError {
	return new SallyportError('FILE_EXISTS', `Expected no file at ${path}, and do not write over it.`);
}
