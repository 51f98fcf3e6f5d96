import {closeSync, openSync, readdirSync, readSync, writeSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';

/** Number and hash of the last record of an audit log. */
export type AuditPosition = {readonly sequence: number; readonly hash: string};

/** The file beside an audit log that knows its last record. It is written over in place, and may lag behind by what a crash cut off. */
export class AuditHead {
	readonly #file: number;

	constructor(path: string) {
		this.#file = openSync(`${path}.head`, 'a+', 0o600);
		closeSync(this.#file);
		this.#file = openSync(`${path}.head`, 'r+');
	}

	read(): AuditPosition | undefined {
		const octets = Buffer.alloc(headOctets);
		const length = readSync(this.#file, octets, 0, headOctets, 0);
		return parseHead(octets.toString('utf8', 0, length));
	}

	write({sequence, hash}: AuditPosition): void {
		try {
			writeSync(this.#file, `${JSON.stringify({sequence, hash}).padEnd(headOctets - 1)}\n`, 0);
		} catch {
			// The record stands; the head tells of one before it.
		}
	}

	close(): void {
		closeSync(this.#file);
	}
}

/** Reads what a head file holds; undefined where it is none. */
export function parseHead(text: string): AuditPosition | undefined {
	try {
		const {sequence, hash} = JSON.parse(text) as AuditPosition;
		return Number.isSafeInteger(sequence) && typeof hash === 'string' ? {sequence, hash} : undefined;
	} catch {
		return undefined;
	}
}

/** The name of a file that was full with this record. */
export function archiveName(path: string, lastSequence: number): string {
	return `${path}.${String(lastSequence).padStart(sequenceDigits, '0')}`;
}

/** The full files of a log, oldest first. */
export function archivesOf(path: string): readonly string[] {
	const prefix = `${basename(path)}.`;
	return readdirSync(dirname(path))
		.filter((name) => name.startsWith(prefix) && /^\d{12}$/.test(name.slice(prefix.length)))
		.sort()
		.map((name) => join(dirname(path), name));
}

const headOctets = 128;
const sequenceDigits = 12;
