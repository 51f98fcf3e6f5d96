import {createHmac, timingSafeEqual} from 'node:crypto';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineGeneralTool, refuse} from '../engine/tool.js';
import {tagOctets} from './packet-header.js';

/** Integrity of octets: appends an HMAC of SHA-256 cut to 128 bits (RFC 4868 §2.3). */
export const hmac = defineGeneralTool({
	name: 'hmac',
	version: 1,
	service: 'integrity',
	purpose: 'Appends a tag that nobody can make without the key.',
	effect: 'signs',
	inputs: {packet: 'untagged-packet', key: 'derived-key'},
	outputs: {packet: 'protected-packet'},
	parameters: z.strictObject({}),
	run: ({packet, key}) => ok({packet: Uint8Array.from(Buffer.concat([packet, tagOf(packet, key)]))}),
});

/** Integrity of octets: checks the tag, before anything else of a packet is used. */
export const hmacCheck = defineGeneralTool({
	name: 'hmac-check',
	version: 1,
	service: 'integrity',
	purpose: 'Checks the tag of a packet.',
	effect: 'verifies',
	inputs: {fields: 'packet-fields', key: 'derived-key'},
	outputs: {packet: 'authentic-packet'},
	parameters: z.strictObject({}),
	run: ({fields: {sequence, iv, ciphertext, covered, tag}, key}) =>
		timingSafeEqual(tagOf(covered, key), tag)
			? ok({packet: {sequence, iv, ciphertext}})
			: refuse('BAD_SIGNATURE', 'Expected the tag of the packet.'),
});

function tagOf(octets: Uint8Array, key: Uint8Array): Uint8Array {
	return createHmac('sha256', key).update(octets).digest().subarray(0, tagOctets);
}
