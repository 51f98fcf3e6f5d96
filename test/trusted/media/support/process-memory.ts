import {closeSync, openSync, readFileSync, readSync} from 'node:fs';
import type {Secrets} from './session-secrets.js';

const chunkOctets = 4 * 1024 * 1024;
/** Two chunks overlap by more than the longest secret. */
const overlapOctets = 64;
const zeros = Buffer.alloc(chunkOctets);

/** Names of the secrets that stand in the writable memory of a child process, each with where it was found first. */
export function findInMemory(pid: number, secrets: Secrets): ReadonlyMap<string, string> {
	const found = new Map<string, string>();
	const memory = openSync(`/proc/${pid}/mem`, 'r');
	try {
		for (const {start, end, name} of writableRanges(pid)) {
			for (let at = start; at < end; at += chunkOctets - overlapOctets) {
				const chunk = readChunk(memory, at, Math.min(chunkOctets, end - at));
				for (const [secret, octets] of secrets) {
					if (!found.has(secret) && chunk.includes(octets)) {
						found.set(secret, `${name} ${(at + chunk.indexOf(octets)).toString(16)}`);
					}
				}
			}
		}
	} finally {
		closeSync(memory);
	}

	return found;
}

function writableRanges(pid: number) {
	return readFileSync(`/proc/${pid}/maps`, 'latin1')
		.split('\n')
		.map((line) => /^([\da-f]+)-([\da-f]+) rw\S+ \S+ \S+ \S+\s*(.*)$/.exec(line))
		.filter((match) => match !== null)
		.map(([, start = '', end = '', name = '']) => ({
			start: Number.parseInt(start, 16),
			end: Number.parseInt(end, 16),
			name: name === '' ? 'anonymous' : name,
		}));
}

/** Empty where there is nothing, or nothing but zeros. */
function readChunk(memory: number, at: number, octets: number): Buffer {
	const chunk = Buffer.allocUnsafe(octets);
	try {
		const read = readSync(memory, chunk, 0, octets, at);
		const part = chunk.subarray(0, read);
		return part.equals(zeros.subarray(0, read)) ? Buffer.alloc(0) : part;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EIO') {
			return Buffer.alloc(0); // mapped, but not to be read: [vvar]
		}

		throw error;
	}
}
