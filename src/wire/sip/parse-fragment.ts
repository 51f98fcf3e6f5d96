import {isUtf8} from 'node:buffer';

import {fail, ok, type Result} from '../../base/result.js';
import type {SipFailure} from './failure.js';
import {maxMessageOctets} from './limits.js';
import type {SipHeader} from './message.js';
import {contentLength, emptyLine, parseHeaderLines, parseStartLine, type SipStartLine} from './parse-message.js';

/** A piece of a SIP message: `message/sipfrag` (RFC 3420), such as an authenticated identity body (RFC 3893). */
export type SipFragment = {
	readonly startLine?: SipStartLine;
	readonly headers: readonly SipHeader[];
	/** Empty where the fragment ends with its headers. Shares no memory with what was read. */
	readonly body: Uint8Array;
};

/**
 * Reads a fragment (RFC 3420 §2.1): start line, headers and body may each be missing, but what is there has the form that
 * `parseSipMessage` asks for. A whole message is a fragment too. Never throws.
 */
export function parseSipFragment(octets: Uint8Array): Result<SipFragment, SipFailure> {
	if (octets.length > maxMessageOctets) {
		return fail('MESSAGE_TOO_LARGE', `Expected ${maxMessageOctets} octets at most, got ${octets.length}.`);
	}

	const {head, rest} = cut(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength));
	if (!isUtf8(head)) {
		return fail('BAD_UTF8', 'Expected headers in UTF-8, got other octets.');
	}

	const text = head.toString('utf8');
	const [firstLine = ''] = text.split('\r\n', 1);
	const startLine = parseStartLine(firstLine);
	const headers = parseHeaderLines(text, startLine.ok ? firstLine.length + 2 : 0);
	if (!headers.ok) {
		return headers;
	}

	const promised = contentLength(headers.value, head);
	const length = promised.ok ? (promised.value ?? rest.length) : 0;
	if (!promised.ok || length > rest.length) {
		return promised.ok
			? fail('BODY_TRUNCATED', `Expected ${length} octets of body, got ${rest.length}.`)
			: fail(promised.failure.code, promised.failure.message);
	}

	const body = new Uint8Array(rest.subarray(0, length));
	return ok({...(startLine.ok ? {startLine: startLine.value} : {}), headers: headers.value, body});
}

/** Head and body. Where no empty line ends the headers, they end with the fragment, after one CRLF or none. */
function cut(buffer: Buffer): {readonly head: Buffer; readonly rest: Buffer} {
	if (buffer.subarray(0, 2).equals(lineEnd)) {
		return {head: buffer.subarray(0, 0), rest: buffer.subarray(2)};
	}

	const end = buffer.indexOf(emptyLine, 0, 'latin1');
	if (end !== -1) {
		return {head: buffer.subarray(0, end), rest: buffer.subarray(end + emptyLine.length)};
	}

	const hasLineEnd = buffer.subarray(-2).equals(lineEnd);
	return {head: buffer.subarray(0, buffer.length - (hasLineEnd ? 2 : 0)), rest: buffer.subarray(buffer.length)};
}

const lineEnd = Buffer.from('\r\n', 'latin1');
