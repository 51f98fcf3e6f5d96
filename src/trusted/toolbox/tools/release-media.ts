import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {HandleAttribute} from '../../../wire/sdes/handle-attribute.js';
import {parseCryptoAttribute} from '../../../wire/sdes/parse-crypto.js';
import {type CryptoLine, redactCrypto} from '../../../wire/sdes/redact-crypto.js';
import type {SessionDescription} from '../../../wire/sdp/description.js';
import {writeSdp} from '../../../wire/sdp/parse-sdp.js';
import {newHandle} from '../calls/call-table.js';
import type {Leg, PeerKey} from '../calls/leg.js';
import type {OfferedKey} from '../engine/port-types.js';
import {defineTool, type ToolContext} from '../engine/tool.js';
import type {PeerKeyHandle} from '../protocol.js';
import {mediaAddresses} from './media-address.js';

/**
 * Hands out what was claimed: keys go to native memory, each `a=crypto` line gets the handle of its key. A key that the leg
 * has already keeps its handle, so that the media plane sees that nothing changed.
 */
export const releaseMedia = defineTool({
	name: 'release-media',
	version: 1,
	service: 'release',
	purpose: 'Hands out what was claimed, with handles in the place of keys.',
	effect: 'mints',
	inputs: {claim: 'granted-claim'},
	outputs: {media: 'released-media'},
	parameters: z.strictObject({}),
	run: ({claim}, {leg, calls}) => {
		const {description, keys} = claim.media;
		const addresses = mediaAddresses(description);
		const held = keys.map((key) => heldKey(key, addresses.get(key.mediaIndex), claim.digest, leg, calls));
		leg.receive(held);
		calls.keep(leg);
		return ok({media: {sdp: redacted(description, leg), keys: leg.released()}});
	},
});

/** Hands out a session description without keys. */
export const releaseClear = defineTool({
	name: 'release-clear',
	version: 1,
	service: 'release',
	purpose: 'Hands out a session description without keys.',
	effect: 'none',
	inputs: {media: 'media'},
	outputs: {media: 'released-media'},
	parameters: z.strictObject({}),
	run: ({media}) => ok({media: {sdp: writeSdp(redactCrypto(media.description, () => undefined)), keys: []}}),
});

function heldKey(
	key: OfferedKey,
	address: string | undefined,
	message: string | undefined,
	leg: Leg,
	calls: ToolContext['calls'],
): PeerKey {
	const known = leg.knownKey(key);
	if (known) {
		known.address = address ?? known.address;
		known.tag = key.tag;
		known.message = message;
		return known;
	}

	const {keyAndSalt, ...facts} = key;
	const handle = newHandle() as PeerKeyHandle;
	const fresh: PeerKey = {
		...facts,
		handle,
		address,
		message,
		held: calls.vault.hold(key.suite, keyAndSalt),
		state: 'reserved',
	};
	calls.registerPeerKey(leg, fresh);
	return fresh;
}

function redacted(description: SessionDescription, leg: Leg): string {
	return writeSdp(redactCrypto(description, (line) => handleAttribute(line, leg)));
}

function handleAttribute({mediaIndex, value}: CryptoLine, leg: Leg): HandleAttribute | undefined {
	const line = parseCryptoAttribute(value);
	const key = line.ok
		? leg.offered(mediaIndex, line.value.tag).find(({suite}) => suite === line.value.suite)
		: undefined;
	if (!line.ok || !key) {
		return undefined;
	}

	const {tag, suite, suiteSpelling, sessionParameters} = line.value;
	return {tag, suite, ...(suiteSpelling !== undefined && {suiteSpelling}), handle: key.handle, sessionParameters};
}
