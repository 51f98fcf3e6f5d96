import {z} from 'zod';
import type {SipHeader, SipMessage} from '../../wire/sip/message.js';
import {octets} from '../media/message-schemas.js';

/** How much there may be of a SIP message, on its way to the toolbox or back. */
export type SipMessageBounds = {readonly headers: number; readonly headerValue: number; readonly bodyOctets: number};

export function sipMessage({headers, headerValue, bodyOctets}: SipMessageBounds): z.ZodType<SipMessage> {
	const parts = {headers: z.array(sipHeader(headerValue)).max(headers), body: octets(bodyOctets)};
	return z.discriminatedUnion('kind', [
		z.strictObject({
			kind: z.literal('request'),
			method: z.string().regex(/^[\w.!%*+`'~-]{1,32}$/),
			uri: line.max(2048),
			...parts,
		}),
		z.strictObject({
			kind: z.literal('response'),
			status: z.int().min(100).max(699),
			reason: line.max(512),
			...parts,
		}),
	]);
}

export function sipHeader(mostValue: number): z.ZodType<SipHeader> {
	return z.strictObject({name: z.string().regex(/^[\w.!%*+`'~-]{1,64}$/), value: line.max(mostValue)});
}

/** One line of text. */
export const line = z.string().regex(/^[^\r\n\0]*$/);
