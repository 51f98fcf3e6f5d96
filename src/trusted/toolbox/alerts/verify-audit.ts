import {readFileSync} from 'node:fs';
import {archivesOf, parseHead} from './audit-files.js';
import {type AuditRecord, auditTruncated, genesis, hashOf, parseRecord} from './audit-log.js';

/** What a look at an audit log found. */
export type AuditVerdict =
	| {readonly ok: true; readonly records: number; readonly first: number; readonly last: number}
	| {readonly ok: false; readonly file: string; readonly line: number; readonly why: string};

/**
 * Reads an audit log with the files that were full before it, and finds the first record that was changed, removed or moved,
 * and records that are missing at the end. Lines count from 1 in their file.
 *
 * `first`: number of the first record that must be there; those before it are kept elsewhere. @default 1
 */
export function verifyAudit(path: string, first = 1): AuditVerdict {
	let sequence = first - 1;
	let previous = first === 1 ? genesis : undefined;
	let line = 0;
	const hashes = new Map<number, string>();
	const head = readHead(path);
	for (const file of [...archivesOf(path), path]) {
		line = 0;
		for (const text of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
			line++;
			const record = parseRecord(text);
			if (record !== undefined && record.sequence < first) {
				continue;
			}

			const why = faultOf(record, sequence + 1, previous);
			if (why !== undefined || record === undefined) {
				return {ok: false, file, line, why: why ?? 'no record'};
			}

			sequence = record.sequence;
			previous = record.hash;
			if (sequence === head?.sequence) {
				hashes.set(sequence, record.hash);
			}
		}
	}

	const atEnd = (why: string): AuditVerdict => ({ok: false, file: path, line: line + 1, why});
	if (head === undefined) {
		return sequence < first
			? {ok: true, records: 0, first, last: sequence}
			: atEnd('the head file is missing or unreadable');
	}

	if (head.sequence > sequence) {
		return atEnd(`${head.sequence - sequence} records are missing at the end`);
	}

	return head.sequence >= first && hashes.get(head.sequence) !== head.hash
		? atEnd(`record ${head.sequence} is not the one that the head knows`)
		: {ok: true, records: sequence - first + 1, first, last: sequence};
}

/** Number of the first line that is wrong, from 1; undefined where all is well. */
export function findAuditBreak(path: string): number | undefined {
	const verdict = verifyAudit(path);
	return verdict.ok ? undefined : verdict.line;
}

function faultOf(record: AuditRecord | undefined, sequence: number, previous: string | undefined): string | undefined {
	if (record === undefined) {
		return 'no record';
	}

	if (record.sequence !== sequence) {
		return `record ${sequence} should stand here, not ${record.sequence}`;
	}

	if (previous !== undefined && record.previous !== previous) {
		return 'it does not follow the record before it';
	}

	if (record.hash !== hashOf(record)) {
		return 'it was changed';
	}

	return record.event === auditTruncated ? `${record.fields['lost']} records before it are gone` : undefined;
}

function readHead(path: string) {
	try {
		return parseHead(readFileSync(`${path}.head`, 'utf8'));
	} catch {
		return undefined;
	}
}
