import {isToken} from './grammar.js';
import type {SipMessage} from './message.js';

/**
 * The message as octets: headers in their order, one line each, Content-Length set to what the body has (in its place, or
 * last). Throws `TypeError` for a message that would come out as another one: a method, name, URI, reason or value
 * that holds a line end or is no token.
 */
export function writeSipMessage(message: SipMessage): Buffer {
	let head = startLine(message);
	let hasLength = false;
	for (const {name, value} of message.headers) {
		if (name.toLowerCase() === 'content-length') {
			head += hasLength ? '' : contentLength(message);
			hasLength = true;
			continue;
		}

		if (!isToken(name) || lineEnd.test(value)) {
			throw new TypeError(`Expected a header of one line, got line ends or a bad name in \`${name.slice(0, 32)}\`.`);
		}

		head += `${name}: ${value}\r\n`;
	}

	return Buffer.concat([Buffer.from(`${head}${hasLength ? '' : contentLength(message)}\r\n`, 'utf8'), message.body]);
}

function contentLength(message: SipMessage): string {
	return `Content-Length: ${message.body.length}\r\n`;
}

function startLine(message: SipMessage): string {
	if (message.kind === 'request') {
		if (!isToken(message.method) || message.uri === '' || /\s/.test(message.uri)) {
			throw new TypeError('Expected a method and a URI without white space for the request line.');
		}

		return `${message.method} ${message.uri} SIP/2.0\r\n`;
	}

	if (
		!Number.isInteger(message.status) ||
		message.status < 100 ||
		message.status > 699 ||
		lineEnd.test(message.reason)
	) {
		throw new TypeError(`Expected a status from 100 to 699 and a reason of one line, got ${message.status}.`);
	}

	return `SIP/2.0 ${message.status} ${message.reason}\r\n`;
}

const lineEnd = /[\r\n]/;
