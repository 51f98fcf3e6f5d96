import {closeSync, existsSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {open} from 'lmdb';
import {SallyportError} from '../../../base/error.js';
import {syncFolder} from '../ledger/durable-file.js';
import {findFileFault} from '../ledger/lmdb-file.js';

export type Compaction = {readonly path: string; readonly before: number; readonly after: number};

/**
 * Writes an LMDB file anew without its free pages: beside the old one, read through and synced, and only then in its place. Nobody may have it
 * open. Rejects with `SallyportError` DATABASE_DAMAGED where old or new file is not sound; the old one then stays.
 */
export async function compactFile(path: string): Promise<Compaction> {
	demandSound(path);
	const before = statSync(path).size;
	const folder = mkdtempSync(join(dirname(path), 'compact-'));
	try {
		const root = open({path: dirname(path), noSubdir: false, maxDbs: 1024, readOnly: true});
		try {
			await root.backup(folder, true);
		} finally {
			await root.close();
		}

		const fresh = join(folder, 'data.mdb');
		demandSound(fresh);
		const file = openSync(fresh, 'r+');
		fsyncSync(file);
		closeSync(file);
		renameSync(fresh, path);
		syncFolder(dirname(path));
		return {path, before, after: statSync(path).size};
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
}

function demandSound(path: string): void {
	const fault = existsSync(path) ? findFileFault(path) : `${path} is missing`;
	if (fault !== undefined) {
		throw new SallyportError('DATABASE_DAMAGED', `Expected a sound file to compact, but ${fault}.`);
	}
}
