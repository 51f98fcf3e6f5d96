import {z} from 'zod';
import {type CodedFailure, fail, ok, type Result} from '../../../base/result.js';
import {headerValues} from '../../../wire/sip/headers.js';
import type {SipHeader, SipMessage} from '../../../wire/sip/message.js';
import type {Leg} from '../calls/leg.js';
import type {Reason} from '../engine/reasons.js';
import {defineTool, refuse, type ToolContext} from '../engine/tool.js';
import type {Peer} from '../policy/policy.js';
import {dialogOf, type MessageHeaders, readMessageHeaders} from './message-headers.js';

/** Name of the signed header by which an answer says which offer it answers (PROTOCOL V19): `sha-256;<hexadecimal>`. */
export const offerDigestHeader = 'Sallyport-Offer-Digest';

/**
 * Header processing: the signed part says which message it belongs to, and the message agrees (RFC 3261 §23.4.1.1; PROTOCOL
 * V15, V19, V20). How much must agree is the peer's `binding`.
 */
export const headerBinding = defineTool({
	name: 'header-binding',
	version: 1,
	service: 'header processing',
	purpose: 'Checks that the signed headers and those of the message agree.',
	effect: 'binds',
	inputs: {message: 'message', parts: 'parts', peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({message, parts, peer}, context) => {
		if (peer.binding === 'none') {
			return ok({});
		}

		if (parts.headers === undefined || parts.headers === 'ambiguous') {
			const reason = parts.headers === undefined ? 'BINDING_MISSING' : 'BINDING_AMBIGUOUS';
			return refuse(reason, 'Expected one set of signed headers.');
		}

		const outer = readMessageHeaders(message);
		const inner = readMessageHeaders({headers: parts.headers});
		if (!outer.ok || !inner.ok) {
			const isDouble = !inner.ok && inner.failure.code === 'DOUBLE_HEADER';
			const isMissing = !inner.ok && inner.failure.code === 'MISSING_HEADER';
			const reason = isDouble ? 'BINDING_AMBIGUOUS' : isMissing ? 'BINDING_INCOMPLETE' : 'BINDING_MISMATCH';
			return refuse(reason, inner.ok ? 'outer headers' : inner.failure.message);
		}

		const difference =
			compare(outer.value, inner.value, peer.binding, isResent(message, outer.value, context)) ??
			checkRecipient(outer.value, message.kind === 'request', context) ??
			(message.kind === 'response' ? checkOffer(outer.value, parts.headers, peer, context.leg) : undefined);
		return difference ? refuse(difference.code, difference.message) : ok({});
	},
});

type Difference = CodedFailure<Reason>;

function compare(
	outer: MessageHeaders,
	inner: MessageHeaders,
	binding: 'proxy' | 'b2bua',
	mayBeResent: boolean,
): Difference | undefined {
	// BYE and MESSAGE have no Contact (RFC 3261 §20, RFC 3428 §4).
	const needsContact = binding === 'proxy' && (outer.contact !== undefined || outer.cseq.method === 'INVITE');
	if (inner.dateMs === undefined || (needsContact && inner.contact === undefined)) {
		return {code: 'BINDING_INCOMPLETE', message: 'Expected Date and Contact among the signed headers.'};
	}

	const isSameParty = inner.from.aor === outer.from.aor && inner.to.aor === outer.to.aor;
	// A B2BUA rewrites Call-ID, tags, CSeq and Contact; who speaks to whom, and when, it must leave.
	const isSameMessage =
		binding === 'b2bua' ||
		(inner.from.tag === outer.from.tag &&
			inner.to.tag === outer.to.tag &&
			inner.callId === outer.callId &&
			(inner.cseq.number === outer.cseq.number || (mayBeResent && inner.cseq.number === outer.cseq.number - 1)) &&
			inner.cseq.method === outer.cseq.method &&
			inner.contact === outer.contact);
	return isSameParty && isSameMessage && inner.dateMs === outer.dateMs
		? undefined
		: {code: 'BINDING_MISMATCH', message: 'Expected signed and outer headers to agree.'};
}

/** Whom we have asked for a digest sends the same body again with the next CSeq (RFC 3261 §22.2), which nothing was claimed of. */
function isResent(message: SipMessage, {to}: MessageHeaders, {challenges, origin, nowMs}: ToolContext): boolean {
	return message.kind === 'request' && to.tag === '' && challenges.answersOurs(message, origin?.address ?? '', nowMs);
}

/** A request must name a user of ours, or belong to a dialog of ours; a response must belong to one. */
function checkRecipient(outer: MessageHeaders, isRequest: boolean, context: ToolContext): Difference | undefined {
	const isOfOurDialog = context.leg.dialog !== undefined && dialogOf(outer, context.leg) !== undefined;
	return isOfOurDialog ||
		(isRequest && (context.policy.isLocal(outer.to.aor) || context.policy.isEmergency(outer.to.aor)))
		? undefined
		: {code: 'BINDING_NOT_FOR_US', message: 'Expected a To that we serve.'};
}

/** The answer is to the offer that is open on this leg, and to no other. */
function checkOffer(
	outer: MessageHeaders,
	signed: readonly SipHeader[],
	peer: Peer,
	{offer}: Leg,
): Difference | undefined {
	const digest = readDigest(signed);
	if (!digest.ok) {
		return digest.failure;
	}

	const isNamed = digest.value !== undefined || peer.offerDigest === 'if-present';
	const isThisOffer =
		offer?.by === 'us' &&
		offer.sequence === outer.cseq.number &&
		(digest.value === undefined || digest.value === offer.digest);
	return isNamed && isThisOffer
		? undefined
		: {code: 'BINDING_OFFER', message: 'Expected an answer that names the offer it answers.'};
}

function readDigest(signed: readonly SipHeader[]): Result<string | undefined, Difference> {
	const values = headerValues({headers: signed}, offerDigestHeader);
	const match = /^sha-256;([\da-f]{64})$/.exec(values[0] ?? '');
	return values.length === 0 || (values.length === 1 && match)
		? ok(match?.[1])
		: fail('BINDING_OFFER', `Expected one ${offerDigestHeader} of sha-256.`);
}
