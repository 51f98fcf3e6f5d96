import {connectionOf} from '../../../wire/sdp/connection.js';
import type {SessionDescription} from '../../../wire/sdp/description.js';

/**
 * Where each media section wants its packets, by index. Left out: sections that are refused, and those put on hold by an
 * address of zeros (RFC 3264 §8.4), which is no move.
 */
export function mediaAddresses(description: SessionDescription): ReadonlyMap<number, string> {
	const addresses = new Map<number, string>();
	for (const [mediaIndex, section] of description.media.entries()) {
		const address = connectionOf(description, section)?.address ?? '';
		if (section.port !== 0 && address !== '' && !/^[0.:]+$/.test(address)) {
			addresses.set(mediaIndex, `${address} ${section.port}`);
		}
	}

	return addresses;
}
