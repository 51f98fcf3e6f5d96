import {z} from 'zod';
import {isSrtpSuiteName} from '../../wire/sdes/suites.js';

/** What the messages of all domains have in common. */

export const suite = z.string().max(40).refine(isSrtpSuiteName);
export const port = z.int().min(0).max(65_535);
/** How a domain says no: a code of ours, and a sentence. */
export const refusal = {code: z.string().regex(/^[A-Z][A-Z\d_]{0,63}$/), message: z.string().max(4000)};

export function octets(most: number) {
	return z.instanceof(Uint8Array).refine(({length}) => length <= most);
}
