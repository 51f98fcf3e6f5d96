import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool, refuse} from '../engine/tool.js';
import {mediaAddresses} from './media-address.js';

/**
 * What a new body may do with the keys of its leg: an MKI names one key for the life of the stream (PROTOCOL V12), and
 * a key does not move to another address (RFC 4568 §7.1.4, PROTOCOL V17).
 */
export const keyContinuity = defineTool({
	name: 'key-continuity',
	version: 1,
	service: 'anti-replay',
	purpose: 'Checks what a new body does with the keys of its leg: no MKI twice, no key at another address.',
	effect: 'checks',
	inputs: {media: 'media'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({media}, {leg}) => {
		const addresses = mediaAddresses(media.description);
		for (const key of media.keys) {
			if (key.mki.length > 0 && leg.isMkiTaken(key)) {
				return refuse('MKI_REUSED', 'Expected an MKI that no other key of the stream had.');
			}

			const known = leg.knownKey(key);
			const now = addresses.get(key.mediaIndex);
			const hasMoved = known?.address !== undefined && now !== undefined && known.address !== now;
			if (hasMoved && known.state === 'installed') {
				return refuse('ADDRESS_MOVED', 'Expected a new key for a new media address.');
			}
		}

		return ok({});
	},
});
