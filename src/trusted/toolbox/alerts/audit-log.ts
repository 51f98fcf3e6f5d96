import {createHash} from 'node:crypto';
import {closeSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, writeSync} from 'node:fs';
import {SallyportError} from '../../../base/error.js';
import {AuditHead, archiveName, archivesOf} from './audit-files.js';

/** One line of the audit log. `hash` covers the line and, through `previous`, all before it. */
export type AuditRecord = {
	readonly sequence: number;
	readonly atMs: number;
	readonly event: string;
	readonly fields: Readonly<Record<string, string | number | boolean>>;
	readonly previous: string;
	readonly hash: string;
};

/** Where an audit log lies, and when a new file is begun. */
export type AuditLogOptions = {
	/** Octets of a file after which the log goes on in a new one; the chain goes on with it. @default 67_108_864 */
	readonly maxFileOctets?: number;
	/** Wall clock for records that the log itself makes. @default Date.now */
	readonly wallMs?: () => number;
};

/**
 * Append-only, hash-chained log of what the toolbox decided. One JSON object a line. Never with key octets. Beside it lies
 * `NAME.head` with the last record's number and hash, so that a tail that was cut off is missed.
 */
export class AuditLog {
	readonly #path: string;
	readonly #maxFileOctets: number;
	readonly #head: AuditHead;
	/** Records that the head knew and the file had no more when it was opened. */
	readonly lost: number;
	#file: number;
	#octets: number;
	#sequence: number;
	#hash: string;
	#isClosed = false;

	/**
	 * Opens or makes the log. Throws `SallyportError` AUDIT_DAMAGED where its last whole line is not a record of it. Where
	 * records are missing at its end it goes on with a record that says so.
	 */
	constructor(path: string, {maxFileOctets = 67_108_864, wallMs = Date.now}: AuditLogOptions = {}) {
		this.#path = path;
		this.#maxFileOctets = maxFileOctets;
		this.#file = openSync(path, 'a+', 0o600);
		const last = lastRecord(this.#file, path) ?? lastArchived(path);
		this.#sequence = last?.sequence ?? 0;
		this.#hash = last?.hash ?? genesis;
		this.#octets = fstatSync(this.#file).size;
		this.#head = new AuditHead(path);
		const before = this.#head.read();
		this.lost = Math.max(0, (before?.sequence ?? 0) - this.#sequence);
		if (this.lost > 0) {
			this.append(wallMs(), auditTruncated, {lost: this.lost, head: before?.hash ?? ''});
		}
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
		const line = Buffer.from(`${JSON.stringify({...record, hash})}\n`);
		this.#write(line);
		this.#sequence = record.sequence;
		this.#hash = hash;
		this.#octets += line.length;
		this.#head.write({sequence: record.sequence, hash});
		if (this.#octets >= this.#maxFileOctets) {
			this.#rotate();
		}

		return record.sequence;
	}

	/** Safe twice. */
	close(): void {
		if (!this.#isClosed) {
			this.#isClosed = true;
			closeSync(this.#file);
			this.#head.close();
		}
	}

	/** Where no new file can be had the old one serves on. */
	#rotate(): void {
		try {
			renameSync(this.#path, archiveName(this.#path, this.#sequence));
			const next = openSync(this.#path, 'a+', 0o600);
			closeSync(this.#file);
			this.#file = next;
		} catch {
			// Tried again after as many octets once more.
		}

		this.#octets = 0;
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

export function hashOf({sequence, atMs, event, fields, previous}: Omit<AuditRecord, 'hash'>): string {
	return createHash('sha256')
		.update(JSON.stringify([sequence, atMs, event, fields, previous]))
		.digest('hex');
}

export function parseRecord(line: string): AuditRecord | undefined {
	try {
		const record = JSON.parse(line) as AuditRecord;
		return typeof record?.hash === 'string' ? record : undefined;
	} catch {
		return undefined;
	}
}

/** A crash between the files leaves the last record in the one before. */
function lastArchived(path: string): AuditRecord | undefined {
	const newest = archivesOf(path).at(-1);
	if (newest === undefined) {
		return undefined;
	}

	const file = openSync(newest, 'r');
	try {
		return lastRecord(file, newest, false);
	} finally {
		closeSync(file);
	}
}

/** A crash may leave half a line at the end: it was never answered for, and is cut off. */
function lastRecord(file: number, path: string, mayCut = true): AuditRecord | undefined {
	const {size} = fstatSync(file);
	const tail = Buffer.alloc(Math.min(size, maxLineOctets));
	readSync(file, tail, 0, tail.length, size - tail.length);
	const end = tail.lastIndexOf(0x0a);
	if (mayCut && end !== tail.length - 1) {
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

export const genesis = '0'.repeat(64);
const maxLineOctets = 65_536;

/** The event of the record that says that others are gone. */
export const auditTruncated = 'audit-truncated';
