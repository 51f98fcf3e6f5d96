import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import {defineTool, refuse, type ToolContext} from '../engine/tool.js';
import type {Peer} from '../policy/policy.js';
import {readMessageHeaders} from './message-headers.js';
import {demandAnswer, learnOrigins, sourceSightings} from './origin-evidence.js';

/**
 * Origin check of a registration (RFC 3261 §10.3, steps 3 and 4): it is for its sender's own address, authenticated by digest, and of
 * a pinned peer from a place that is known.
 */
export const registrationCheck = defineTool({
	name: 'registration-check',
	version: 1,
	service: 'origin check',
	purpose: 'Demands that whoever registers an address authenticates for it by digest.',
	effect: 'checks',
	inputs: {message: 'message', peer: 'peer'},
	outputs: {registrant: 'registrant'},
	parameters: z.strictObject({}),
	run: ({message, peer}, context) => {
		const headers = readMessageHeaders(message);
		if (!headers.ok) {
			return refuse('BAD_HEADERS', headers.failure.message);
		}

		const {from, to} = headers.value;
		if (from.aor !== to.aor) {
			return refuse('NOT_AUTHORISED', 'Expected a party to register its own address, got that of another one.');
		}

		return isElsewhere(to.aor, peer, context)
			? refuse('ORIGIN_NEW', 'Expected an address that is known for this identity.')
			: authenticate(message, to.aor, peer, context);
	},
});

/** Remembers where a registration came from that has authenticated. */
export const registrationLearn = defineTool({
	name: 'registration-learn',
	version: 1,
	service: 'origin check',
	purpose: 'Remembers the address that a party registers from.',
	effect: 'none',
	inputs: {registrant: 'registrant'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({registrant}, context) => {
		learnOrigins(registrant.identity, sourceSightings('registration', context), context);
		return ok({});
	},
});

/** Who is pinned registers from nowhere else either, whatever password he has. */
function isElsewhere(identity: string, peer: Peer, context: ToolContext): boolean {
	const question = {
		identity,
		sightings: sourceSightings('registration', context),
		configured: peer.addresses,
		scope: peer.originScope,
	};
	return peer.origin === 'pin' && context.origins.judge(question, context.nowMs) === 'new';
}

function authenticate(message: SipMessage, identity: string, peer: Peer, context: ToolContext) {
	const refusal = demandAnswer({identity, peer, message}, context, (how, headers) =>
		how === 'digest'
			? refuse('AUTHENTICATION_REQUIRED', 'Expected a registration with credentials.', headers)
			: refuse('NOT_AUTHORISED', 'Expected an address with `credentials` of its own, got none for it.'),
	);
	return refusal ?? ok({registrant: {identity}});
}
