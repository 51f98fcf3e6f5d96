import {isUtf8} from 'node:buffer';

import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {isToken, trimBlanks} from '../sip/grammar.js';
import type {SipMessage} from '../sip/message.js';

/** One header field: `name` as sent, `value` unfolded and trimmed. */
export type MimeHeader = {readonly name: string; readonly value: string};

/** Headers and content (RFC 2045 §2.4). `body` is a view of the octets it was read from, still in its transfer encoding. */
export type MimeEntity = {readonly headers: readonly MimeHeader[]; readonly body: Uint8Array};

/** Why octets are not a MIME entity, or not one that we read. */
export type MimeFailureCode =
	| 'MIME_TOO_LARGE'
	| 'TOO_MANY_MIME_HEADERS'
	/** No empty line ends the headers. */
	| 'MIME_HEADERS_UNFINISHED'
	| 'BAD_MIME_HEADER'
	/** A Content-* header twice. */
	| 'DUPLICATE_MIME_HEADER'
	| 'BAD_UTF8'
	| 'BAD_CONTENT_TYPE'
	| 'NOT_MULTIPART'
	| 'BAD_BOUNDARY'
	/** The closing delimiter is missing. */
	| 'MULTIPART_UNFINISHED'
	| 'TOO_MANY_PARTS'
	| 'NESTED_TOO_DEEP'
	| 'UNKNOWN_TRANSFER_ENCODING'
	/** Not what Content-Transfer-Encoding says. */
	| 'BAD_TRANSFER_ENCODING'
	| 'UNKNOWN_CHARSET';

export type MimeFailure = CodedFailure<MimeFailureCode>;

/**
 * Reads headers, an empty line and a body (RFC 2045, RFC 5322 §2.2). Lines of the head may end in CRLF or LF; a Content-*
 * header comes once. Never throws.
 */
export function parseMimeEntity(octets: Uint8Array): Result<MimeEntity, MimeFailure> {
	const tooLarge = entityTooLarge(octets);
	if (tooLarge) {
		return {ok: false, failure: tooLarge};
	}

	const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
	const lines: string[] = [];
	let start = 0;
	for (;;) {
		const lineFeed = buffer.indexOf(0x0a, start);
		if (lineFeed === -1 || lineFeed > maxHeadOctets) {
			return fail('MIME_HEADERS_UNFINISHED', 'Expected an empty line after the headers, got none.');
		}

		const end = lineFeed > start && buffer[lineFeed - 1] === 0x0d ? lineFeed - 1 : lineFeed;
		const line = buffer.subarray(start, end);
		start = lineFeed + 1;
		if (line.length === 0) {
			break;
		}

		if (!isUtf8(line)) {
			return fail('BAD_UTF8', 'Expected headers in UTF-8, got other octets.');
		}

		if (lines.push(line.toString('utf8')) > maxHeaderLines) {
			return fail('TOO_MANY_MIME_HEADERS', `Expected ${maxHeaderLines} header lines at most, got more.`);
		}
	}

	const headers = parseHeaders(lines);
	return headers.ok ? ok({headers: headers.value, body: octets.subarray(start)}) : headers;
}

/** What is wrong with an entity or a body of more than 256 KiB; asked before anything of it is read. */
export function entityTooLarge({length}: Uint8Array): MimeFailure | undefined {
	return length > maxEntityOctets
		? {code: 'MIME_TOO_LARGE', message: `Expected ${maxEntityOctets} octets at most, got ${length}.`}
		: undefined;
}

/** The entity as octets. Throws `TypeError` for a header that holds a line end or whose name is no token. */
export function writeMimeEntity({headers, body}: MimeEntity): Buffer {
	const head = headers.map(({name, value}) => {
		if (!isToken(name) || /[\r\n]/.test(value)) {
			throw new TypeError('Expected MIME headers of one line each, got line ends or a bad name.');
		}

		return `${name}: ${value}\r\n`;
	});
	return Buffer.concat([Buffer.from(`${head.join('')}\r\n`, 'utf8'), body]);
}

/** The body of a SIP message, or of a fragment of one, as an entity: its `Content-*` headers but Content-Length (RFC 3261 §7.4.1). */
export function entityOf(message: Pick<SipMessage, 'headers' | 'body'>): MimeEntity {
	const headers = message.headers.filter(({name}) => /^content-(?!length$)|^mime-version$/i.test(name));
	return {headers, body: message.body};
}

/** Value of the header of that name, in any case. */
export function mimeHeader(entity: MimeEntity, name: string): string | undefined {
	const key = name.toLowerCase();
	return entity.headers.find((candidate) => candidate.name.toLowerCase() === key)?.value;
}

function parseHeaders(lines: readonly string[]): Result<MimeHeader[], MimeFailure> {
	const headers: {name: string; value: string}[] = [];
	const seen = new Set<string>();
	for (const line of lines) {
		if (controlCharacters.test(line)) {
			return fail('BAD_MIME_HEADER', 'Expected no control characters in a header, got one.');
		}

		const last = headers.at(-1);
		if (/^[ \t]/.test(line) && last) {
			last.value = trimBlanks(`${last.value} ${trimBlanks(line)}`);
			continue;
		}

		const colon = line.indexOf(':');
		const name = trimBlanks(line.slice(0, Math.max(colon, 0)));
		if (!isToken(name) || /^[ \t]/.test(line)) {
			return fail('BAD_MIME_HEADER', 'Expected "name: value", got something else.');
		}

		const key = name.toLowerCase();
		if (seen.has(key) && key.startsWith('content-')) {
			return fail('DUPLICATE_MIME_HEADER', `Expected ${name.slice(0, 32)} once, got it twice.`);
		}

		seen.add(key);
		headers.push({name, value: trimBlanks(line.slice(colon + 1))});
	}

	return ok(headers);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controlCharacters = /[\x00-\x08\x0a-\x1f\x7f]/;
const maxEntityOctets = 262_144;
const maxHeadOctets = 16_384;
const maxHeaderLines = 128;
