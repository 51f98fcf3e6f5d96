import {readFileSync} from 'node:fs';
import type {Clock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';

/**
 * A clock that says what a file says: an ISO 8601 time with a zone, read at every look. It stands still in between; whoever
 * writes the file moves it. The monotonic time follows forward moves and ignores those back. For dated test material.
 * Throws `SallyportError` `BAD_TIME` where the file has no such time at first; a later fault leaves the clock where it was.
 */
export function clockOfFile(path: string): Clock {
	let wallMs = readTime(path);
	if (Number.isNaN(wallMs)) {
		throw new SallyportError('BAD_TIME', `Expected a time such as 2030-01-31T12:00:00Z in ${path}, got another text.`);
	}

	let monotonicMs = performance.now();
	const look = (): void => {
		const read = readTime(path);
		if (!Number.isNaN(read)) {
			monotonicMs += Math.max(0, read - wallMs);
			wallMs = read;
		}
	};
	return {
		wallMs() {
			look();
			return wallMs;
		},
		monotonicMs() {
			look();
			return monotonicMs;
		},
	};
}

function readTime(path: string): number {
	try {
		const text = readFileSync(path, 'utf8').trim();
		return isoTime.test(text) ? Date.parse(text) : Number.NaN;
	} catch {
		return Number.NaN;
	}
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;
