import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {writeSipDate} from '../../../wire/sip/date.js';
import {header, withHeader} from '../../../wire/sip/headers.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import {writeSipMessage} from '../../../wire/sip/write-message.js';
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
	parameters: z.strictObject({
		/** `identity`: the headers of RFC 3893. `message`: the start line and all headers, for a tunnelled message/sip. */
		copy: z.enum(['identity', 'message']).default('identity'),
	}),
	run: ({message}, {leg, role, nowMs}, {copy}) => {
		const dated = withHeader(message, 'Date', writeSipDate(nowMs));
		const read = readMessageHeaders(dated);
		if (!read.ok) {
			return refuse('BAD_HEADERS', read.failure.message);
		}

		const digest = role === 'answer' && leg.offer?.by === 'peer' ? leg.offer.digest : '';
		const lines = [
			...(copy === 'message' ? wholeHead(dated) : identityHeaders(dated)),
			...(digest === '' ? [] : [`${offerDigestHeader}: sha-256;${digest}`]),
		];
		return ok({message: dated, headers: Buffer.from(`${lines.join('\r\n')}\r\n`)});
	},
});

function identityHeaders(message: SipMessage): readonly string[] {
	return ['From', 'To', 'Call-ID', 'CSeq', 'Date', 'Contact', challengeHeader].flatMap((name) => {
		const value = header(message, name);
		return value === undefined ? [] : [`${name}: ${value}`];
	});
}

/** Start line and headers (RFC 3261 §23.4), without those of the body: the tunnelled message has one of its own. */
function wholeHead(message: SipMessage): readonly string[] {
	const kept = message.headers.filter(({name}) => !/^content-/i.test(name));
	const head = writeSipMessage({...message, headers: kept, body: new Uint8Array()});
	return head
		.toString('utf8')
		.split('\r\n')
		.filter((line) => line !== '' && !/^content-length:/i.test(line));
}
