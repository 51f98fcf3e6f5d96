import {fail, ok, type Result} from '../../base/result.js';
import type {MimeFailure} from './entity.js';

/** Octets of a quoted-printable body (RFC 2045 §6.7); lines may end in CRLF or LF. Never throws. */
export function decodeQuotedPrintable(body: Uint8Array): Result<Uint8Array, MimeFailure> {
	const decoded = new Uint8Array(body.length);
	let length = 0;
	let index = 0;
	while (index < body.length) {
		const octet = body[index] ?? 0;
		const end = endOfBlanks(body, index);
		if (end > index) {
			// Blanks at the end of a line are not content (RFC 2045 §6.7 rule 3).
			if (end < body.length && lineEndAt(body, end) === 0) {
				decoded.set(body.subarray(index, end), length);
				length += end - index;
			}

			index = end;
			continue;
		}

		if (octet !== 0x3d) {
			if (lineEndAt(body, index) === 0 && (octet < 0x20 || octet > 0x7e)) {
				return fail('BAD_TRANSFER_ENCODING', 'Expected quoted-printable, got other octets.');
			}

			decoded[length++] = octet;
			index++;
			continue;
		}

		const afterBlanks = endOfBlanks(body, index + 1);
		const softBreak = lineEndAt(body, afterBlanks);
		if (softBreak > 0) {
			index = afterBlanks + softBreak;
			continue;
		}

		const digits = Buffer.from(body.subarray(index + 1, index + 3)).toString('latin1');
		if (!/^[\dA-F]{2}$/i.test(digits)) {
			return fail('BAD_TRANSFER_ENCODING', 'Expected two hexadecimal digits after "=", got something else.');
		}

		decoded[length++] = Number.parseInt(digits, 16);
		index += 3;
	}

	return ok(decoded.slice(0, length));
}

function endOfBlanks(octets: Uint8Array, start: number): number {
	let end = start;
	while (octets[end] === 0x20 || octets[end] === 0x09) {
		end++;
	}

	return end;
}

/** Octets of the line end at `index`: 2 for CRLF, 1 for LF, 0 for none. */
function lineEndAt(octets: Uint8Array, index: number): 0 | 1 | 2 {
	if (octets[index] === 0x0a) {
		return 1;
	}

	return octets[index] === 0x0d && octets[index + 1] === 0x0a ? 2 : 0;
}
