import type {SipFailure, SipFailureCode} from './failure.js';
import {isToken, trimBlanks} from './grammar.js';
import {canonicalHeaderName} from './header-names.js';
import {maxHeaders, maxLineLength} from './limits.js';
import type {SipHeader} from './message.js';
import {parseVia} from './via.js';

/**
 * What an answer to a broken request needs, as far as it can be read (RFC 3261 §8.2.6.2); undefined for what must not or
 * cannot be answered: responses, ACK, requests without a usable Via, From, To, Call-ID or CSeq.
 */
export function answerable(code: SipFailureCode, head: Buffer): SipFailure['answerable'] {
	const lines = head
		.subarray(0, maxHeadOctets)
		.toString('utf8')
		.replace(/\r\n[ \t]+/g, ' ')
		.split('\r\n', maxHeaders);
	const [startLine = '', ...headerLines] = lines;
	const method = startLine.split(' ', 1)[0] ?? '';
	if (!isToken(method) || method === 'ACK' || !/[ \t]SIP\/\d+\.\d+[ \t]*$/i.test(startLine.slice(-32))) {
		return undefined;
	}

	const headers = headerLines.map(copiedHeader).filter((header) => header !== undefined);
	const [via] = headers.filter(({name}) => name === 'Via');
	const complete = ['From', 'To', 'Call-ID', 'CSeq'].every(
		(wanted) => headers.filter(({name}) => name === wanted).length === 1,
	);
	if (!complete || !via || !parseVia(via.value.split(',', 1)[0] ?? '').ok) {
		return undefined;
	}

	return {request: {kind: 'request', method, uri: '', headers, body: new Uint8Array()}, ...statusOf(code)};
}

function copiedHeader(line: string): SipHeader | undefined {
	const colon = line.indexOf(':');
	const name = canonicalHeaderName(trimBlanks(line.slice(0, Math.max(colon, 0))));
	const value = trimBlanks(line.slice(colon + 1));
	const isCopied = copied.has(name) && value !== '' && value.length <= maxLineLength;
	return isCopied && !controlCharacters.test(value) ? {name, value} : undefined;
}

function statusOf(code: SipFailureCode): {status: 400 | 505 | 513; reason: string} {
	switch (code) {
		case 'UNSUPPORTED_VERSION':
			return {status: 505, reason: 'Version Not Supported'};
		case 'MESSAGE_TOO_LARGE':
		case 'TOO_MANY_HEADERS':
		case 'LINE_TOO_LONG':
			return {status: 513, reason: 'Message Too Large'};
		default:
			return {status: 400, reason: 'Bad Request'};
	}
}

const copied: ReadonlySet<string> = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq']);
const maxHeadOctets = 65_536;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be echoed.
const controlCharacters = /[\x00-\x08\x0a-\x1f\x7f]/;
