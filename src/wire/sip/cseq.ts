import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';

/** Value of a CSeq header (RFC 3261 §20.16). */
export type CSeq = {readonly number: number; readonly method: string};

/** Reads a CSeq value: a number below 2^31 and a method. Never throws. */
export function parseCSeq(value: string): Result<CSeq, CodedFailure<'BAD_CSEQ'>> {
	const match = /^(\d{1,16})[ \t]+([\w.!%*+`'~-]+)$/.exec(value);
	const number = Number(match?.[1]);
	if (!match?.[2] || number >= 2 ** 31) {
		return fail('BAD_CSEQ', 'Expected a number below 2^31 and a method, got something else.');
	}

	return ok({number, method: match[2]});
}

/** The value as text. */
export function writeCSeq({number, method}: CSeq): string {
	return `${number} ${method}`;
}
