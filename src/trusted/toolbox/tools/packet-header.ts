import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineGeneralTool, refuse} from '../engine/tool.js';

/**
 * The layout of a protected packet, after RFC 4303 §2 without its trailer:
 *
 * ```
 * | association (4) | sequence number (4) | IV (16) | ciphertext (16 n) | tag (16) |
 * |<-------------------- covered by the tag ------------------------->|
 * |                                                 |<- encrypted ->|
 * ```
 */
export const packetWrite = defineGeneralTool({
	name: 'packet-write',
	version: 1,
	service: 'header processing',
	purpose: 'Puts association, sequence number, IV and ciphertext together.',
	effect: 'none',
	inputs: {association: 'association', sequence: 'sequence-number', iv: 'random-octets', ciphertext: 'ciphertext'},
	outputs: {packet: 'untagged-packet'},
	parameters: z.strictObject({}),
	run: ({association, sequence, iv, ciphertext}) => {
		const head = Buffer.alloc(headOctets);
		head.writeUInt32BE(association.identifier, 0);
		head.writeUInt32BE(sequence, 4);
		return ok({packet: Buffer.concat([head, iv, ciphertext])});
	},
});

/** Header processing: takes a protected packet apart. Nothing in it is believed yet. */
export const packetRead = defineGeneralTool({
	name: 'packet-read',
	version: 1,
	service: 'header processing',
	purpose: 'Takes a protected packet apart.',
	effect: 'none',
	inputs: {packet: 'packet', association: 'association'},
	outputs: {fields: 'packet-fields'},
	parameters: z.strictObject({}),
	run: ({packet, association}) => {
		const octets = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
		const ciphertextOctets = octets.length - headOctets - ivOctets - tagOctets;
		if (ciphertextOctets < ivOctets || ciphertextOctets % ivOctets !== 0) {
			return refuse('BAD_PACKET', `Expected a header, whole blocks and a tag, got ${octets.length} octets.`);
		}

		if (octets.readUInt32BE(0) !== association.identifier) {
			return refuse('NOT_FOR_US', 'Expected a packet of this association.');
		}

		return ok({
			fields: {
				sequence: octets.readUInt32BE(4),
				iv: octets.subarray(headOctets, headOctets + ivOctets),
				ciphertext: octets.subarray(headOctets + ivOctets, -tagOctets),
				covered: octets.subarray(0, -tagOctets),
				tag: octets.subarray(-tagOctets),
			},
		});
	},
});

/** HMAC-SHA-256-128 (RFC 4868 §2.3). */
export const tagOctets = 16;
const headOctets = 8;
const ivOctets = 16;
