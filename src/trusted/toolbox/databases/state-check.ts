import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {SallyportError} from '../../../base/error.js';
import {findAuditBreak} from '../alerts/verify-audit.js';
import {parseTemplate} from '../engine/parse-template.js';
import {findFileFault} from '../ledger/lmdb-file.js';
import {toolRegistry} from '../tools/registry.js';
import {StateDatabase} from './state-database.js';
import type {StorageKey} from './storage-key.js';

/** One thing that was looked at; `fault` says what is wrong with it. */
export type CheckedPart = {readonly part: string; readonly fault?: string};

/**
 * Looks through a state directory that nobody has open: files of ledger and databases page by page, the chain of the audit log, templates and,
 * with their storage key, private keys. Changes nothing but the layout of older databases.
 */
export async function checkState(directory: string, storageKey?: StorageKey): Promise<readonly CheckedPart[]> {
	const files = ['ledger', 'state'].map((folder) => join(directory, folder, 'data.mdb'));
	const parts: CheckedPart[] = files.map((path) =>
		partOf(path, existsSync(path) ? findFileFault(path) : 'it is not there'),
	);
	const log = join(directory, 'audit.log');
	const line = existsSync(log) ? findAuditBreak(log) : undefined;
	parts.push(partOf(log, line === undefined ? undefined : `line ${line} was changed, removed or moved`));
	const [, state] = parts;
	if (state?.fault === undefined) {
		parts.push(...(await checkDatabases(directory, storageKey)));
	}

	return parts;
}

async function checkDatabases(directory: string, storageKey: StorageKey | undefined): Promise<readonly CheckedPart[]> {
	const database = StateDatabase.open(directory);
	try {
		const templates = [...database.templates.getRange()].map(({key, value}) =>
			partOf(
				`template ${key}`,
				faultOf(() => parseTemplate(value.yaml, key, toolRegistry)),
			),
		);
		const keys =
			storageKey &&
			partOf(
				'private keys',
				faultOf(() => database.keys.read(storageKey)),
			);
		return [...templates, ...(keys ? [keys] : [])];
	} finally {
		await database.close();
	}
}

function faultOf(look: () => unknown): string | undefined {
	try {
		look();
		return undefined;
	} catch (error) {
		return error instanceof SallyportError ? error.message : 'it cannot be read';
	}
}

function partOf(part: string, fault: string | undefined): CheckedPart {
	return {part, ...(fault !== undefined && {fault})};
}
