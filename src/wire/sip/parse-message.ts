import {isUtf8} from 'node:buffer';

import {fail, ok, type Result} from '../../base/result.js';
import {answerable} from './answerable.js';
import type {SipFailure, SipFailureCode} from './failure.js';
import {isToken, trimBlanks, trimBlanksAtEnd} from './grammar.js';
import {canonicalHeaderName} from './header-names.js';
import {maxHeaders, maxLineLength, maxMessageOctets} from './limits.js';
import type {SipHeader, SipMessage} from './message.js';
import {uriScheme} from './uri.js';

export type ParseSipOptions = {
	/**
	 * `datagram`: the body ends where Content-Length says, or with the datagram. `stream`: Content-Length must be there.
	 * @default 'datagram'
	 */
	readonly transport?: 'datagram' | 'stream';
};

/** First line of a message (RFC 3261 §7.1, §7.2). */
export type SipStartLine =
	| {readonly kind: 'request'; readonly method: string; readonly uri: string}
	| {readonly kind: 'response'; readonly status: number; readonly reason: string};

/** A message without its body. */
export type SipHead = SipStartLine & {readonly headers: readonly SipHeader[]};

/**
 * Reads one SIP message (RFC 3261 §7, §18.3). Header names come out in their long form, folded lines unfolded. Checks form
 * only: `judgeRequest` and `judgeResponse` check meaning. The message shares no memory with `octets`. Never throws.
 */
export function parseSipMessage(octets: Uint8Array, options?: ParseSipOptions): Result<SipMessage, SipFailure> {
	const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
	const start = skipLineEnds(buffer);
	if (start === buffer.length) {
		return fail('EMPTY_MESSAGE', 'Expected a message, got line ends only.');
	}

	const end = buffer.indexOf(emptyLine, start, 'latin1');
	const headOctets = buffer.subarray(start, end === -1 ? buffer.length : end);
	if (end === -1) {
		return refuse('HEADERS_UNFINISHED', 'Expected an empty line after the headers, got none.', headOctets);
	}

	if (buffer.length > maxMessageOctets) {
		return refuseSize(buffer.length, headOctets);
	}

	const head = parseSipHead(headOctets);
	if (!head.ok) {
		return head;
	}

	const available = buffer.length - (end + emptyLine.length);
	const promised = contentLength(head.value.headers, headOctets);
	if (!promised.ok) {
		return promised;
	}

	if (promised.value === undefined && options?.transport === 'stream') {
		return refuse('MISSING_CONTENT_LENGTH', 'Expected Content-Length on a stream, got none.', headOctets);
	}

	// In a datagram what follows the body is not part of the message (RFC 3261 §18.3).
	const length = promised.value ?? available;
	if (length > available) {
		return refuse('BODY_TRUNCATED', `Expected ${length} octets of body, got ${available}.`, headOctets);
	}

	return ok(withBodyOf(head.value, buffer.subarray(end + emptyLine.length, end + emptyLine.length + length)));
}

/** Reads start line and headers: the octets before the empty line. */
export function parseSipHead(octets: Buffer): Result<SipHead, SipFailure> {
	const head = parseHeadText(octets);
	return head.ok ? head : refuse(head.failure.code, head.failure.message, octets);
}

/** What Content-Length says; undefined where there is none. */
export function contentLength(headers: readonly SipHeader[], head: Buffer): Result<number | undefined, SipFailure> {
	const [length, ...others] = headers.filter(({name}) => name === 'Content-Length');
	if (length === undefined) {
		return ok(undefined);
	}

	return others.length === 0 && /^\d{1,10}$/.test(length.value)
		? ok(Number(length.value))
		: refuse('BAD_CONTENT_LENGTH', 'Expected one Content-Length with a number, got something else.', head);
}

/** The message of a head and a copy of `body`: a view would take the receive buffer along across a message port. */
export function withBodyOf(head: SipHead, body: Buffer): SipMessage {
	return {...head, body: new Uint8Array(body)};
}

/** A failure, with what an answer needs where one is due. */
export function refuse(code: SipFailureCode, message: string, head: Buffer): Result<never, SipFailure> {
	const answer = answerable(code, head);
	return {ok: false, failure: answer ? {code, message, answerable: answer} : {code, message}};
}

/** The failure of a message that is too long. */
export function refuseSize(octets: number, head: Buffer): Result<never, SipFailure> {
	return refuse('MESSAGE_TOO_LARGE', `Expected ${maxMessageOctets} octets at most, got ${octets}.`, head);
}

function parseHeadText(octets: Buffer): Result<SipHead, SipFailure> {
	if (!isUtf8(octets)) {
		return fail('BAD_UTF8', 'Expected headers in UTF-8, got other octets.');
	}

	const text = octets.toString('utf8');
	const lineEnd = text.indexOf('\r\n');
	const startLine = parseStartLine(lineEnd === -1 ? text : text.slice(0, lineEnd));
	if (!startLine.ok) {
		return startLine;
	}

	const headers = parseHeaderLines(text, lineEnd === -1 ? text.length : lineEnd + 2);
	return headers.ok ? ok({...startLine.value, headers: headers.value}) : headers;
}

/** Reads a request line or a status line, without its CRLF. */
export function parseStartLine(line: string): Result<SipStartLine, SipFailure> {
	if (line.length > maxLineLength) {
		return fail('LINE_TOO_LONG', `Expected ${maxLineLength} characters at most, got ${line.length}.`);
	}

	const status = statusLinePattern.exec(line);
	if (status) {
		return ok({kind: 'response', status: Number(status[1]), reason: status[2] ?? ''});
	}

	const [method = '', uri = '', version = '', ...rest] = line.split(' ');
	if (/^SIP\//i.test(method) || rest.length > 0 || !isToken(method) || !/^SIP\/\d+\.\d+$/i.test(version)) {
		return fail('BAD_START_LINE', 'Expected "method URI SIP/2.0" or "SIP/2.0 status reason", got something else.');
	}

	if (version.toUpperCase() !== 'SIP/2.0') {
		return fail('UNSUPPORTED_VERSION', 'Expected SIP/2.0, got another version.');
	}

	if (uriScheme(uri) === undefined) {
		return fail('BAD_START_LINE', 'Expected an absolute Request-URI, got something else.');
	}

	return ok({kind: 'request', method, uri});
}

/** Header lines from `position` to the end of `text`, which ends without a CRLF (RFC 3261 §7.3.1). */
export function parseHeaderLines(text: string, position: number): Result<SipHeader[], SipFailure> {
	const headers: SipHeader[] = [];
	let next = position;
	while (next < text.length) {
		const colon = text.indexOf(':', next);
		const end = endOfHeader(text, next);
		if (end - next > maxLineLength) {
			return fail('LINE_TOO_LONG', `Expected ${maxLineLength} characters at most, got ${end - next}.`);
		}

		if (headers.length === maxHeaders) {
			return fail('TOO_MANY_HEADERS', `Expected ${maxHeaders} headers at most, got more.`);
		}

		const name = colon === -1 || colon > end ? '' : trimBlanksAtEnd(text.slice(next, colon));
		if (!isToken(name)) {
			return fail('BAD_HEADER_LINE', 'Expected "name: value", got something else.');
		}

		const value = trimBlanks(unfold(text.slice(colon + 1, end)));
		const fault = faultyCharacter(value);
		if (fault) {
			return fail(fault, 'Expected neither control characters nor lone CR or LF in a header, got one.');
		}

		headers.push({name: canonicalHeaderName(name), value});
		next = end + 2;
	}

	return ok(headers);
}

/** Index of the CRLF that ends the header at `start`: the first that no blank follows. */
function endOfHeader(text: string, start: number): number {
	let end = text.indexOf('\r\n', start);
	while (end !== -1 && (text[end + 2] === ' ' || text[end + 2] === '\t')) {
		end = text.indexOf('\r\n', end + 2);
	}

	return end === -1 ? text.length : end;
}

function unfold(value: string): string {
	return value.includes('\r\n') ? value.split('\r\n').map(trimBlanks).join(' ') : value;
}

function faultyCharacter(value: string): 'BAD_LINE_END' | 'CONTROL_CHARACTER' | undefined {
	if (!controlCharacters.test(value)) {
		return undefined;
	}

	if (/[\r\n]/.test(value)) {
		return 'BAD_LINE_END';
	}

	// In a quoted pair even NUL is legal (RFC 3261 §25.1 quoted-pair, RFC 4475 §3.1.1.2).
	return controlCharacters.test(value.replace(/\\./gs, '')) ? 'CONTROL_CHARACTER' : undefined;
}

/** Index of the first octet that is not part of a CRLF (RFC 3261 §7.5). */
function skipLineEnds(buffer: Buffer): number {
	let index = 0;
	while (buffer[index] === 0x0d && buffer[index + 1] === 0x0a) {
		index += 2;
	}

	return index;
}

/** Ends the headers (RFC 3261 §7). */
export const emptyLine = '\r\n\r\n';

const statusLinePattern = /^SIP\/2\.0 ([1-6]\d\d)(?: ([^\r\n]*))?$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controlCharacters = /[\x00-\x08\x0a-\x1f\x7f]/;
