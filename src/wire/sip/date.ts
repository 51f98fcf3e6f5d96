import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';

/** Milliseconds since 1970 of a Date header: RFC 1123 form, GMT only (RFC 3261 §20.17). Never throws. */
export function parseSipDate(value: string): Result<number, CodedFailure<'BAD_DATE'>> {
	const milliseconds = datePattern.test(value) ? Date.parse(value) : Number.NaN;
	// The engine rolls 31 Feb over and ignores the weekday: only what it would write itself is a date.
	if (Number.isNaN(milliseconds) || writeSipDate(milliseconds).toLowerCase() !== value.toLowerCase()) {
		return fail('BAD_DATE', 'Expected a date such as "Sat, 13 Nov 2010 23:29:00 GMT", got something else.');
	}

	return ok(milliseconds);
}

/** Value of a Date header for milliseconds since 1970; the rest of the second is cut off. */
export function writeSipDate(milliseconds: number): string {
	return new Date(milliseconds).toUTCString();
}

const datePattern = /^[a-z]{3}, \d\d [a-z]{3} \d{4} \d\d:\d\d:\d\d GMT$/i;
