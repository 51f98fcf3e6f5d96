import {randomBytes} from 'node:crypto';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineGeneralTool} from '../engine/tool.js';

/** Random number generation, by OpenSSL's generator. */
export const random = defineGeneralTool({
	name: 'random',
	version: 1,
	service: 'random numbers',
	purpose: 'Draws octets at random.',
	effect: 'none',
	inputs: {},
	outputs: {octets: 'random-octets'},
	parameters: z.strictObject({octets: z.int().min(1).max(64)}),
	run: (_inputs, _context, {octets}) => ok({octets: Uint8Array.from(randomBytes(octets))}),
});
