import {createHash} from 'node:crypto';
import {closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, writeSync} from 'node:fs';
import {SallyportError} from '../../../base/error.js';

/** One line of the audit log. `hash` covers the line and, through `previous`, all before it. */
export type AuditRecord = {
	readonly sequence: number;
	readonly atMs: number;
	readonly event: string;
	readonly fields: Readonly<Record<string, string | number | boolean>>;
	readonly previous: string;
	readonly hash: string;
};

/** Append-only, hash-chained log of what the toolbox decided. One JSON object a line. Never with key octets. */
export class AuditLog {
	readonly #file: number;
	#sequence: number;
	#hash: string;
	#isClosed = false;

	/** Opens or makes the log. Throws `SallyportError` AUDIT_DAMAGED where its last whole line is not a record of it. */
	constructor(path: string) {
		this.#file = openSync(path, 'a+', 0o600);
		const last = lastRecord(this.#file, path);
		this.#sequence = last?.sequence ?? 0;
		this.#hash = last?.hash ?? genesis;
	}

	/**
	 * Appends a record and returns its sequence number. Values are cut to 500 characters. Throws `SallyportError`
	 * AUDIT_UNAVAILABLE where it cannot be written whole; nothing of it then stays in the log.
	 */
	append(atMs: number, event: string, fields: AuditRecord['fields']): number {
		const bounded = Object.fromEntries(
			Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, 500) : value]),
		);
		const record = {sequence: this.#sequence + 1, atMs, event, fields: bounded, previous: this.#hash};
		const hash = hashOf(record);
		this.#write(Buffer.from(`${JSON.stringify({...record, hash})}\n`));
		this.#sequence = record.sequence;
		this.#hash = hash;
		return record.sequence;
	}

	/** Safe twice. */
	close(): void {
		if (!this.#isClosed) {
			this.#isClosed = true;
			closeSync(this.#file);
		}
	}

	#write(line: Uint8Array): void {
		let cause: unknown;
		let written = 0;
		try {
			written = writeSync(this.#file, line);
		} catch (error) {
			cause = error;
		}

		if (written === line.length) {
			return;
		}

		if (written > 0) {
			ftruncateSync(this.#file, fstatSync(this.#file).size - written);
		}

		throw new SallyportError('AUDIT_UNAVAILABLE', 'Expected room on the disk of the audit log, got none.', {cause});
	}
}

/** Reads a log and returns the number of the first line (from 1) that was changed, removed or moved; undefined where all is well. */
export function findAuditBreak(path: string): number | undefined {
	const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
	let previous = genesis;
	for (const [index, line] of lines.entries()) {
		const record = parseRecord(line);
		if (record?.previous !== previous || record.sequence !== index + 1 || record.hash !== hashOf(record)) {
			return index + 1;
		}

		previous = record.hash;
	}

	return undefined;
}

function hashOf({sequence, atMs, event, fields, previous}: Omit<AuditRecord, 'hash'>): string {
	return createHash('sha256')
		.update(JSON.stringify([sequence, atMs, event, fields, previous]))
		.digest('hex');
}

function parseRecord(line: string): AuditRecord | undefined {
	try {
		const record = JSON.parse(line) as AuditRecord;
		return typeof record?.hash === 'string' ? record : undefined;
	} catch {
		return undefined;
	}
}

/** A crash may leave half a line at the end: it was never answered for, and is cut off. */
function lastRecord(file: number, path: string): AuditRecord | undefined {
	const {size} = fstatSync(file);
	const tail = Buffer.alloc(Math.min(size, maxLineOctets));
	readSync(file, tail, 0, tail.length, size - tail.length);
	const end = tail.lastIndexOf(0x0a);
	if (end !== tail.length - 1) {
		ftruncateSync(file, size - tail.length + end + 1);
	}

	if (end <= 0) {
		return undefined;
	}

	const record = parseRecord(tail.toString('utf8', tail.lastIndexOf(0x0a, end - 1) + 1, end));
	if (record?.hash !== undefined && record.hash === hashOf(record)) {
		return record;
	}

	throw new SallyportError(
		'AUDIT_DAMAGED',
		`Expected the last line of ${path} to be an audit record; move the file away to start anew.`,
	);
}

const genesis = '0'.repeat(64);
const maxLineOctets = 65_536;
