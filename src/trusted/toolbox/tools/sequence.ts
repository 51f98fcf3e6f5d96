import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineGeneralTool, refuse} from '../engine/tool.js';

/** Gives each packet that leaves a number of its own (RFC 4303 §3.3.3): when all are used up, nothing leaves any more. */
export const sequenceNumber = defineGeneralTool({
	name: 'sequence-number',
	version: 1,
	service: 'anti-replay',
	purpose: 'Gives the packet the next sequence number of the association.',
	effect: 'none',
	inputs: {association: 'association'},
	outputs: {sequence: 'sequence-number'},
	parameters: z.strictObject({}),
	run: ({association}) => {
		const sequence = association.takeSequence();
		return sequence === undefined
			? refuse('SEQUENCE_EXHAUSTED', 'Expected an association with numbers left: it needs a new secret.')
			: ok({sequence});
	},
});

/** Anti-replay by a sliding window over sequence numbers (RFC 4303 §3.4.3). Takes only what has been authenticated. */
export const sequenceWindow = defineGeneralTool({
	name: 'sequence-window',
	version: 1,
	service: 'anti-replay',
	purpose: 'Lets each sequence number pass once, within a window that slides with the highest.',
	effect: 'claims',
	inputs: {association: 'association', packet: 'authentic-packet', octets: 'decrypted-octets'},
	outputs: {octets: 'granted-octets'},
	parameters: z.strictObject({packets: z.int().min(32).max(4096)}),
	run: ({association, packet, octets}, _context, {packets}) => {
		switch (association.enter(packet.sequence, packets)) {
			case 'replayed':
				return refuse('REPLAYED', `Expected a number that is new, got ${packet.sequence} again.`);
			case 'too-old':
				return refuse('STALE', `Expected a number of the last ${packets}, got ${packet.sequence}.`);
			case 'new':
				// A copy: the original is wiped when the run ends.
				return ok({octets: Uint8Array.from(octets)});
		}
	},
});
