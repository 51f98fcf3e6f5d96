import {isAscii, isUtf8} from 'node:buffer';

import {fail, ok, type Result} from '../../base/result.js';
import {parameterValue} from '../sip/grammar.js';
import {parseContentType} from './content-type.js';
import {entityTooLarge, type MimeEntity, type MimeFailure, mimeHeader} from './entity.js';
import {decodeQuotedPrintable} from './quoted-printable.js';

/**
 * Content of an entity with its Content-Transfer-Encoding undone (RFC 2045 §6): binary (what SIP assumes), 8bit, 7bit,
 * base64, quoted-printable. Never throws.
 */
export function decodeContent(entity: MimeEntity): Result<Uint8Array, MimeFailure> {
	const tooLarge = entityTooLarge(entity.body);
	if (tooLarge) {
		return {ok: false, failure: tooLarge};
	}

	const encoding = mimeHeader(entity, 'Content-Transfer-Encoding')?.toLowerCase() ?? 'binary';
	switch (encoding) {
		case 'binary':
		case '8bit':
		case '7bit':
			return ok(entity.body);
		case 'base64':
			return decodeBase64(entity.body);
		case 'quoted-printable':
			return decodeQuotedPrintable(entity.body);
		default:
			return fail('UNKNOWN_TRANSFER_ENCODING', 'Expected binary, 8bit, 7bit, base64 or quoted-printable, got another.');
	}
}

/** Decoded content as text: US-ASCII or UTF-8, checked; UTF-8 where no charset is named. Never throws. */
export function decodeText(entity: MimeEntity): Result<string, MimeFailure> {
	const content = decodeContent(entity);
	if (!content.ok) {
		return content;
	}

	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? 'text/plain');
	const charset = contentType.ok ? parameterValue(contentType.value.params, 'charset')?.toLowerCase() : undefined;
	const isValid = charset === 'us-ascii' ? isAscii : isUtf8;
	if (charset !== undefined && charset !== 'utf-8' && charset !== 'us-ascii') {
		return fail('UNKNOWN_CHARSET', 'Expected US-ASCII or UTF-8, got another charset.');
	}

	return isValid(content.value)
		? ok(Buffer.from(content.value).toString('utf8'))
		: fail('BAD_UTF8', 'Expected text in its charset, got other octets.');
}

/** A copy in which every line ends in CRLF, the form that is signed (RFC 8551 §3.1.1): for text, never for binary. */
export function canonicalLineEnds(octets: Uint8Array): Uint8Array {
	const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
	return Uint8Array.from(Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1'));
}

/** `octets` in base64, lines of 76 characters ended by CRLF (RFC 2045 §6.8). */
export function encodeBase64(octets: Uint8Array): Buffer {
	const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64');
	return Buffer.from(text.replace(/.{1,76}/g, '$&\r\n'), 'latin1');
}

/** Strict but for white space: RFC 2045 lets a reader skip other characters, which would be a second spelling. */
function decodeBase64(body: Uint8Array): Result<Uint8Array, MimeFailure> {
	const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
		.toString('latin1')
		.replace(/[ \t\r\n]+/g, '');
	const octets = Buffer.from(text, 'base64');
	return octets.toString('base64') === text
		? ok(Uint8Array.from(octets))
		: fail('BAD_TRANSFER_ENCODING', 'Expected base64, got something else.');
}
