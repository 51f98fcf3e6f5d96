import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {writeSipDate} from '../../../wire/sip/date.js';
import {header, withHeader} from '../../../wire/sip/headers.js';
import {challengeHeader} from '../challenge/challenges.js';
import {defineTool, refuse} from '../engine/tool.js';
import {offerDigestHeader} from './header-binding.js';
import {readMessageHeaders} from './message-headers.js';

/**
 * Header processing: copies what the signed part must say of its message (RFC 3893), with the digest of the offer in an answer. The
 * message gets a Date of now. A nonce that the peer has challenged us with is signed where the message carries it.
 */
export const signedHeaders = defineTool({
	name: 'signed-headers',
	version: 1,
	service: 'header processing',
	purpose: 'Copies what the signed part must say of its message.',
	effect: 'none',
	inputs: {message: 'message'},
	outputs: {message: 'message', headers: 'signed-headers'},
	parameters: z.strictObject({}),
	run: ({message}, {leg, role, nowMs}) => {
		const dated = withHeader(message, 'Date', writeSipDate(nowMs));
		const read = readMessageHeaders(dated);
		if (!read.ok) {
			return refuse('BAD_HEADERS', read.failure.message);
		}

		const digest = role === 'answer' && leg.offer?.by === 'peer' ? leg.offer.digest : '';
		const lines = [
			...['From', 'To', 'Call-ID', 'CSeq', 'Date', 'Contact', challengeHeader].flatMap((name) => {
				const value = header(dated, name);
				return value === undefined ? [] : [`${name}: ${value}`];
			}),
			...(digest === '' ? [] : [`${offerDigestHeader}: sha-256;${digest}`]),
		];
		return ok({message: dated, headers: Buffer.from(`${lines.join('\r\n')}\r\n`)});
	},
});
