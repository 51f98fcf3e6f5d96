import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {parseCryptoAttribute} from '../../../wire/sdes/parse-crypto.js';
import {cryptoLines} from '../../../wire/sdes/redact-crypto.js';
import {srtpSuites} from '../../../wire/sdes/suites.js';
import type {MediaSection} from '../../../wire/sdp/description.js';
import {parseSdp} from '../../../wire/sdp/parse-sdp.js';
import type {OfferedKey} from '../engine/port-types.js';
import {defineTool, refuse} from '../engine/tool.js';

/**
 * Reads a session description and the keys of its `a=crypto` lines (RFC 4568). Lines that we cannot use are passed over; a
 * section of RTP that has no line left is refused by port 0, and a description of which nothing is left as a whole.
 */
export const sdpRead = defineTool({
	name: 'sdp-read',
	version: 1,
	service: 'header processing',
	purpose: 'Reads a session description and the keys of its crypto lines.',
	effect: 'none',
	inputs: {parts: 'parts', peer: 'peer'},
	outputs: {media: 'media'},
	parameters: z.strictObject({}),
	run: ({parts, peer}, {ledger, role, wipeLater}) => {
		const description = parts.sdp === undefined ? undefined : parseSdp(parts.sdp);
		if (!description?.ok) {
			return refuse('BAD_SDP', description?.failure.code ?? 'Expected a session description, got none.');
		}

		const keys: OfferedKey[] = [];
		const lines = new Set<string>();
		for (const {mediaIndex, value} of cryptoLines(description.value)) {
			const line = parseCryptoAttribute(value);
			const isUsable =
				line.ok &&
				peer.suites.includes(line.value.suite) &&
				line.value.sessionParameters.keyDerivationRate === undefined &&
				line.value.sessionParameters.fecKeys === undefined;
			if (!isUsable) {
				continue;
			}

			const {tag, suite} = line.value;
			const name = role === 'answer' ? `${mediaIndex}` : `${mediaIndex} ${tag}`;
			if (lines.has(name)) {
				// RFC 4568 §4.1 and §5.1.2: a tag stands once in a section, and an answer has one line.
				return refuse('BAD_SDP', 'Expected each tag once, and one line in an answer.');
			}

			lines.add(name);
			for (const {keyAndSalt, mki, lifetimePackets} of line.value.keys) {
				wipeLater(keyAndSalt);
				const names = ledger.fingerprint(keyAndSalt, srtpSuites[suite].keyOctets);
				keys.push({mediaIndex, tag, suite, keyAndSalt, ...names, mki: mki ?? new Uint8Array(), lifetimePackets});
			}
		}

		const media = description.value.media.map((section, mediaIndex) =>
			isRtp(section) && !keys.some((key) => key.mediaIndex === mediaIndex) ? {...section, port: 0} : section,
		);
		return keys.length > 0
			? ok({media: {description: {...description.value, media}, keys}})
			: refuse('NO_ACCEPTABLE_SUITE', 'Expected a media section with a key that we can use.');
	},
});

/** Reads a session description of a peer whose media is in the clear: keys that stand in it are dropped. */
export const sdpReadClear = defineTool({
	name: 'sdp-read-clear',
	version: 1,
	service: 'header processing',
	purpose: 'Reads a session description and drops keys that stand in it.',
	effect: 'none',
	inputs: {parts: 'parts'},
	outputs: {media: 'media'},
	parameters: z.strictObject({}),
	run: ({parts}) => {
		const description = parts.sdp === undefined ? undefined : parseSdp(parts.sdp);
		return description?.ok
			? ok({media: {description: description.value, keys: []}})
			: refuse('BAD_SDP', description?.failure.code ?? 'Expected a session description, got none.');
	},
});

function isRtp({protocol, port}: MediaSection): boolean {
	return port !== 0 && /RTP\//i.test(protocol);
}
