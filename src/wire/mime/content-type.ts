import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {parameterValue, parseParameters, type SipParameter, writeParameters} from '../sip/grammar.js';

/** Value of a Content-Type header (RFC 2045 §5.1, RFC 3261 §20.15). */
export type ContentType = {
	/** Lower case. */
	readonly type: string;
	/** Lower case. */
	readonly subtype: string;
	/** Names in lower case, values as sent; read them with `parameterValue`. */
	readonly params: readonly SipParameter[];
};

/** Value of a Content-Disposition header (RFC 2183, RFC 3261 §20.11). */
export type ContentDisposition = {
	/** Lower case: session, render, attachment, aib … */
	readonly disposition: string;
	/** What RFC 3261 assumes is `required`. */
	readonly handling: 'required' | 'optional';
	readonly params: readonly SipParameter[];
};

/** Reads a Content-Type value; comments (RFC 5322 §3.2.2) and a semicolon at the end are passed over. Never throws. */
export function parseContentType(value: string): Result<ContentType, CodedFailure<'BAD_CONTENT_TYPE'>> {
	const plain = withoutComments(value);
	const match = typePattern.exec(plain);
	const params = match && parseParameters(plain, match[0].length);
	if (!match?.[1] || !match[2] || !params) {
		return fail('BAD_CONTENT_TYPE', 'Expected "type/subtype;name=value", got something else.');
	}

	return ok({type: match[1].toLowerCase(), subtype: match[2].toLowerCase(), params});
}

/** The value as text. */
export function writeContentType({type, subtype, params}: ContentType): string {
	return `${type}/${subtype}${writeParameters(params)}`;
}

/** Reads a Content-Disposition value. Never throws. */
export function parseContentDisposition(
	value: string,
): Result<ContentDisposition, CodedFailure<'BAD_CONTENT_DISPOSITION'>> {
	const plain = withoutComments(value);
	const match = dispositionPattern.exec(plain);
	const params = match && parseParameters(plain, match[0].length);
	if (!match?.[1] || !params) {
		return fail('BAD_CONTENT_DISPOSITION', 'Expected "disposition;name=value", got something else.');
	}

	const handling = parameterValue(params, 'handling')?.toLowerCase() === 'optional' ? 'optional' : 'required';
	return ok({disposition: match[1].toLowerCase(), handling, params});
}

/**
 * The value without comments outside quoted strings, and without semicolons at its end, which SIP's grammar does not know.
 * A parenthesis inside a word is left alone: boundaries are sent so, unquoted against the rule. What is not closed
 * stays too, and the grammar refuses it.
 */
function withoutComments(value: string): string {
	let end = value.length;
	while (end > 0 && '; \t'.includes(value[end - 1] ?? '')) {
		end--;
	}

	const trimmed = value.slice(0, end);
	return trimmed.includes('(')
		? trimmed.replace(quotedOrComment, (found) => (found.startsWith('"') ? found : ' '))
		: trimmed;
}

/** A quoted string, or a comment of at most two levels after a blank or semicolon. */
const quotedOrComment = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<=[\s;])\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)/gs;
const typePattern = /^([\w.!%*+`'~#$&^{|}-]+)[ \t]*\/[ \t]*([\w.!%*+`'~#$&^{|}-]+)/;
const dispositionPattern = /^([\w.!%*+`'~-]+)/;
