import {isIP} from 'node:net';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {connectionOf} from '../../../wire/sdp/connection.js';
import {parseSdp} from '../../../wire/sdp/parse-sdp.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import {parseSipUri} from '../../../wire/sip/uri.js';
import type {BodyParts} from '../engine/port-types.js';
import {defineTool, refuse, type ToolContext} from '../engine/tool.js';
import type {OriginVerdict} from '../origin/origin-monitor.js';
import type {Sighting} from '../origin/origin-record.js';
import type {Peer} from '../policy/policy.js';
import {readMessageHeaders} from './message-headers.js';
import {demandAnswer, learnOrigins, type Newcomer, raiseOrigin, sourceSightings} from './origin-evidence.js';

/**
 * Origin check: is this a place from which the signer has authenticated before? Changes nothing, so that it may stand before
 * the claim (PROTOCOL V18). What counts as evidence is the peer's `originEvidence`.
 */
export const originCheck = defineTool({
	name: 'origin-check',
	version: 2,
	service: 'origin check',
	purpose:
		'Checks that the signer comes from a place that it has come from before, by source or signed addresses, or asks it to authenticate.',
	effect: 'checks',
	inputs: {message: 'message', signer: 'proven-signer', peer: 'peer', parts: 'parts'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({message, signer, peer, parts}, context) => checkProven(signer.identity, peer, parts, message, context),
});

/** The same by the source of the message alone. */
export const transportOriginCheck = defineTool({
	name: 'origin-check',
	version: 1,
	service: 'origin check',
	purpose: 'Checks that the message comes from an address that its signer has come from before.',
	effect: 'checks',
	inputs: {signer: 'proven-signer', peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({signer, peer}, context) => checkProven(signer.identity, peer, undefined, undefined, context),
});

/**
 * Origin check where nothing is proven: only against the addresses that the operator has entered. Who is asked for a digest
 * answers for the party that the message says it is from.
 */
export const claimedOriginCheck = defineTool({
	name: 'claimed-origin-check',
	version: 2,
	service: 'origin check',
	purpose: 'Checks an unproven sender against the addresses that the operator has entered, or asks it to authenticate.',
	effect: 'checks',
	inputs: {message: 'message', peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({message, peer}, context) => {
		const headers = readMessageHeaders(message);
		const identity = headers.ok ? headers.value.from.aor : peer.name;
		return judged(judgeClaimed(peer, context), {identity, peer, message}, context);
	},
});

/** The same without a challenge. */
export const listedOriginCheck = defineTool({
	name: 'claimed-origin-check',
	version: 1,
	service: 'origin check',
	purpose: 'Checks an unproven sender against the addresses that the operator has entered.',
	effect: 'checks',
	inputs: {peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({peer}, context) => judged(judgeClaimed(peer, context), {identity: peer.name, peer}, context),
});

/** Remembers where a message came from that has passed everything. */
export const originLearn = defineTool({
	name: 'origin-learn',
	version: 2,
	service: 'origin check',
	purpose: 'Remembers where a message that passed came from, and notices one identity at two places.',
	effect: 'none',
	inputs: {signer: 'proven-signer', claim: 'granted-claim', peer: 'peer', parts: 'parts'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({signer, peer, parts}, context) => {
		learnOrigins(signer.identity, sightingsOf(peer, parts, context), context);
		noteCall(signer.identity, peer, context);
		return ok({});
	},
});

/** The same by the source of the message alone. */
export const transportOriginLearn = defineTool({
	name: 'origin-learn',
	version: 1,
	service: 'origin check',
	purpose: 'Remembers the address that a message that passed came from.',
	effect: 'none',
	inputs: {signer: 'proven-signer', claim: 'granted-claim'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({signer}, context) => {
		learnOrigins(signer.identity, sourceSightings('transport', context), context);
		return ok({});
	},
});

function judgeClaimed({addresses, originScope}: Peer, {origins, origin}: ToolContext): OriginVerdict {
	const place = origins.places.placeOf(origin?.address ?? '', originScope);
	const isKnown =
		addresses.length === 0 || addresses.some((address) => origins.places.placeOf(address, originScope) === place);
	return isKnown ? 'known' : 'new';
}

function checkProven(
	identity: string,
	peer: Peer,
	parts: BodyParts | undefined,
	message: SipMessage | undefined,
	context: ToolContext,
) {
	const question = {
		identity,
		sightings: sightingsOf(peer, parts, context),
		configured: peer.addresses,
		scope: peer.originScope,
	};
	const signedHeaders = Array.isArray(parts?.headers) ? parts.headers : undefined;
	const verdict = context.origins.judge(question, context.nowMs);
	return judged(verdict, {identity, peer, ...(message && {message}), ...(signedHeaders && {signedHeaders})}, context);
}

/** Without a message there is nothing that an answer could be in. */
type Sender = Omit<Newcomer, 'message'> & {readonly message?: SipMessage};

function judged(verdict: OriginVerdict, sender: Sender, context: ToolContext) {
	if (verdict !== 'new') {
		return ok({});
	}

	const {identity, peer} = sender;
	switch (peer.origin) {
		case 'pin':
			return refuse('ORIGIN_NEW', unknownAddress);
		case 'challenge':
			return challenge(sender, context);
		case 'observe':
			raiseOrigin('ORIGIN_NEW', identity, 'A known identity from a new address.', context);
			return ok({});
	}
}

function challenge({message, ...sender}: Sender, context: ToolContext) {
	if (message === undefined) {
		return refuse('ORIGIN_CHALLENGE', unknownAddress);
	}

	const refusal = demandAnswer({...sender, message}, context, (how, headers) =>
		refuse(how === 'digest' ? 'AUTHENTICATION_REQUIRED' : 'ORIGIN_CHALLENGE', unknownAddress, headers),
	);
	return refusal ?? ok({});
}

/** One identity is at one place. A peer of several addresses has them entered, and a trunk is many. */
function noteCall(identity: string, peer: Peer, context: ToolContext): void {
	const {origins, presence, origin, call, nowMs} = context;
	if (!origin || peer.kind === 'trunk' || peer.originEvidence === 'signed') {
		return;
	}

	const place = origins.places.placeOf(origin.address, peer.originScope);
	if (peer.addresses.some((address) => origins.places.placeOf(address, peer.originScope) === place)) {
		return;
	}

	const impossibility = presence.arrive(identity, call, place, nowMs);
	if (impossibility === 'two-places') {
		raiseOrigin('ORIGIN_TWO_PLACES', identity, 'One identity has live calls from two places.', context);
	} else if (impossibility === 'too-soon') {
		raiseOrigin('ORIGIN_TOO_SOON', identity, 'One identity was at another place too short a time ago.', context);
	}
}

/** Behind proxies every message comes from the proxy: then the signed Contact and `c=` say where the peer is. */
function sightingsOf(peer: Peer, parts: BodyParts | undefined, context: ToolContext): readonly Sighting[] {
	const signed = peer.originEvidence === 'signed' && parts !== undefined ? signedSightings(parts) : [];
	return signed.length > 0 ? signed : sourceSightings('transport', context);
}

function signedSightings({headers, sdp}: BodyParts): readonly Sighting[] {
	const read = Array.isArray(headers) ? readMessageHeaders({headers}) : undefined;
	const contact = read?.ok && read.value.contact !== undefined ? parseSipUri(read.value.contact) : undefined;
	const description = sdp === undefined ? undefined : parseSdp(sdp);
	const media = description?.ok
		? description.value.media.map((section) => connectionOf(description.value, section)?.address ?? '')
		: [];
	// An address of zeros is a call on hold (RFC 3264 §8.4), not a place.
	const addresses = [contact?.ok ? contact.value.host : '', ...media].filter(
		(address) => isIP(address) !== 0 && !/^[0.:]+$/.test(address),
	);
	return [...new Set(addresses)].map((address) => ({address, evidence: 'contact'}));
}

const unknownAddress = 'Expected an address that is known for this identity.';
