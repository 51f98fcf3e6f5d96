import {z} from 'zod';
import {ok, type Result} from '../../../base/result.js';
import {parseHandleAttribute} from '../../../wire/sdes/handle-attribute.js';
import {redactCrypto} from '../../../wire/sdes/redact-crypto.js';
import {writeCryptoAttribute} from '../../../wire/sdes/write-crypto.js';
import {attributeValues, withAttributes} from '../../../wire/sdp/attributes.js';
import type {MediaSection} from '../../../wire/sdp/description.js';
import {parseSdp, writeSdp} from '../../../wire/sdp/parse-sdp.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import type {OwnKey} from '../calls/leg.js';
import {defineTool, refuse, type ToolContext, type ToolRefusal} from '../engine/tool.js';
import type {OwnKeyHandle} from '../protocol.js';

/** Puts our keys in the place of their handles, each for the one recipient that it may be sealed for. */
export const sdpWrite = defineTool({
	name: 'sdp-write',
	version: 1,
	service: 'header processing',
	purpose: 'Puts our keys in the place of their handles, each for the one recipient it may be sealed for.',
	effect: 'none',
	inputs: {message: 'message', recipient: 'recipient'},
	outputs: {sdp: 'secret-sdp'},
	parameters: z.strictObject({}),
	run: ({message, recipient}, context) => writeKeys(message, recipient.fingerprint, context),
});

/** The same for a body that leaves in the open. */
export const sdpWriteOpen = defineTool({
	name: 'sdp-write-open',
	version: 1,
	service: 'header processing',
	purpose: 'Puts our keys in the place of their handles, for a body that leaves in the open.',
	effect: 'none',
	inputs: {message: 'message'},
	outputs: {sdp: 'secret-sdp'},
	parameters: z.strictObject({}),
	run: ({message}, context) => writeKeys(message, 'open', context),
});

type Refused = Result<never, ToolRefusal>;

function writeKeys(message: SipMessage, recipient: string, context: ToolContext) {
	const description = parseSdp(message.body);
	if (!description.ok) {
		return refuse('BAD_SDP', description.failure.code);
	}

	const used: OwnKey[] = [];
	const media: MediaSection[] = [];
	for (const [mediaIndex, section] of description.value.media.entries()) {
		const lines: string[] = [];
		for (const value of attributeValues(section, 'crypto')) {
			const line = writeLine(value, mediaIndex, recipient, used, context);
			if (!line.ok) {
				return line;
			}

			lines.push(line.value);
		}

		if (lines.length === 0 && section.port !== 0 && /RTP\//i.test(section.protocol)) {
			return refuse('NO_ACCEPTABLE_SUITE', 'Expected a key for each media section that is in use.');
		}

		media.push(withAttributes({...section, lines: withoutKeys(section)}, 'crypto', lines));
	}

	for (const key of used) {
		key.sealedFor = recipient;
	}

	const sdp = Buffer.from(writeSdp({lines: withoutKeys(description.value), media}));
	context.wipeLater(sdp);
	return ok({sdp});
}

function writeLine(
	value: string,
	mediaIndex: number,
	recipient: string,
	used: OwnKey[],
	{calls, call, leg, role}: ToolContext,
): Result<string, ToolRefusal> {
	const line = parseHandleAttribute(value);
	const key = line.ok ? calls.ownKey(line.value.handle as OwnKeyHandle, call, leg.name)?.key : undefined;
	if (!line.ok || key?.suite !== line.value.suite) {
		return refuse('UNKNOWN_HANDLE', 'Expected handles of keys that were made for this leg and suite.');
	}

	if (used.includes(key)) {
		return refuse('KEY_SHARED_BY_MEDIA', 'Expected a key for each line.');
	}

	if (key.sealedFor !== undefined && key.sealedFor !== recipient) {
		return refuse('SEALED_FOR_ANOTHER', 'Expected the recipient that the key was sealed for.');
	}

	const {tag, suite, suiteSpelling, sessionParameters} = line.value;
	const refusal = role === 'answer' ? checkChosen(mediaIndex, tag, leg) : undefined;
	if (refusal) {
		return refusal;
	}

	used.push(key);
	const spelling = suiteSpelling === undefined ? {} : {suiteSpelling};
	return key.held.lend((keyAndSalt) =>
		ok(writeCryptoAttribute({tag, suite, ...spelling, keys: [{keyAndSalt}], sessionParameters})),
	);
}

/** An answer leaves only when the key that it accepts is installed, durably (PROTOCOL §1.5). */
function checkChosen(mediaIndex: number, tag: number, leg: ToolContext['leg']): Refused | undefined {
	const isInstalled = leg.offered(mediaIndex, tag).some(({state}) => state === 'installed');
	return isInstalled
		? undefined
		: refuse('PEER_KEY_NOT_INSTALLED', 'Expected the accepted key of the offer to be installed in the leg.');
}

function withoutKeys(section: {readonly lines: MediaSection['lines']}) {
	return redactCrypto({lines: section.lines, media: []}, () => undefined).lines;
}
