import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import type {OfferedMedia} from '../engine/port-types.js';
import {defineTool, refuse, type ToolContext} from '../engine/tool.js';
import type {Claim, KeyClaim} from '../ledger/ledger-rules.js';
import {dialogOf, readMessageHeaders} from './message-headers.js';

/**
 * Anti-replay: reserves the signed content and every key of a body in the ledger, all or none (PROTOCOL §1.5). When it
 * has passed, the reservation is on disk.
 */
export const antiReplay = defineTool({
	name: 'anti-replay',
	version: 1,
	service: 'anti-replay',
	purpose: 'Reserves the signed content and every key of the body in the ledger, all or none.',
	effect: 'claims',
	inputs: {
		message: 'message',
		content: 'verified-content',
		signer: 'proven-signer',
		signedAt: 'signed-at',
		media: 'media',
	},
	outputs: {claim: 'granted-claim'},
	parameters: z.strictObject({}),
	run: ({message, content, signer, signedAt, media}, context) => {
		const {identity, fingerprint} = signer;
		const isTrunk = context.policy.peerOfCertificate(fingerprint)?.kind === 'trunk';
		return claim(message, media, {identity, isTrunk, digest: content.digest, signedAtMs: signedAt}, context);
	},
});

/** Anti-replay where nothing is signed: the keys alone. */
export const keyReplay = defineTool({
	name: 'key-replay',
	version: 1,
	service: 'anti-replay',
	purpose: 'Reserves every key of a body that nobody signed in the ledger, all or none.',
	effect: 'claims',
	inputs: {message: 'message', media: 'media'},
	outputs: {claim: 'granted-claim'},
	parameters: z.strictObject({}),
	run: ({message, media}, context) => claim(message, media, undefined, context),
});

type SignedFacts = {
	readonly identity: string;
	readonly isTrunk: boolean;
	readonly digest: string;
	readonly signedAtMs: number;
};

async function claim(message: SipMessage, media: OfferedMedia, signed: SignedFacts | undefined, context: ToolContext) {
	const {call, leg, role, ledger, calls, nowMs} = context;
	const headers = readMessageHeaders(message);
	const dialog = headers.ok ? dialogOf(headers.value, leg) : undefined;
	if (!headers.ok || !dialog) {
		return refuse('UNKNOWN_DIALOG', 'Expected a message of the dialog of its leg.');
	}

	const keys = distinctKeys(media);
	if (keys === undefined) {
		return refuse('KEY_SHARED_BY_MEDIA', 'Expected a key for each media section and salt.');
	}

	const request: Claim = {
		dialog,
		holder: {epoch: ledger.epoch, call, leg: leg.name},
		signer: signed?.identity ?? '',
		signerClass: signed === undefined ? 'unproven' : signed.isTrunk ? 'trunk' : 'user',
		maker: 'peer',
		keys,
		...(signed && {
			message: {
				fingerprint: signed.digest,
				signedAtMs: signed.signedAtMs,
				sequence: headers.value.cseq.number,
				isAnswer: role === 'answer',
			},
		}),
	};
	const granted = await ledger.claim(request, nowMs);
	if (!granted.ok) {
		const {code, message: detail} = granted.failure;
		return refuse(code === 'RESERVATION_LOST' ? 'LEDGER_UNAVAILABLE' : code, detail);
	}

	calls.noteClaims(
		call,
		signed ? [signed.digest] : [],
		keys.map(({fingerprint}) => fingerprint),
	);
	return ok({claim: {digest: signed?.digest, media}});
}

/**
 * Each key once: two suites may share one (PROTOCOL L9), two media sections (V10c) or two salts may not. Undefined where
 * they do.
 */
function distinctKeys({keys}: OfferedMedia): readonly KeyClaim[] | undefined {
	const claims = new Map<string, KeyClaim>();
	for (const {fingerprint, saltTag, mediaIndex} of keys) {
		const known = claims.get(fingerprint);
		if (known && (known.mediaIndex !== mediaIndex || known.saltTag !== saltTag)) {
			return undefined;
		}

		claims.set(fingerprint, {fingerprint, saltTag, mediaIndex});
	}

	return [...claims.values()];
}
