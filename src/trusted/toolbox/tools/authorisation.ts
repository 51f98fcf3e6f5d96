import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool, refuse} from '../engine/tool.js';
import {readMessageHeaders} from './message-headers.js';

/**
 * Authorisation: may this party call that one, and with what? Asked of offers. Both the party that was signed and the one
 * that the Request-URI names must be allowed, since the call goes to the latter.
 */
export const authorisation = defineTool({
	name: 'authorisation',
	version: 1,
	service: 'authorisation',
	purpose:
		'Asks the policy whether the signer may call the called party, and narrows the rules of its peer to what it may use.',
	effect: 'checks',
	inputs: {message: 'message', signer: 'proven-signer', peer: 'peer'},
	outputs: {peer: 'peer'},
	parameters: z.strictObject({}),
	run: ({message, signer, peer}, {policy, role, template}) => {
		const headers = readMessageHeaders(message);
		if (role !== 'offer' || message.kind !== 'request' || !headers.ok) {
			return ok({peer});
		}

		const {from, to} = headers.value;
		const trunk = peer.kind === 'trunk' && signer.identity === peer.name ? peer.name : undefined;
		// Only who is asked for by the signed part calls for help: the Request-URI is not signed.
		const isEmergency = policy.isEmergency(to.aor) && peer.binding !== 'none';
		const decision = policy.decide({from: from.aor, trunk, to: to.aor, uri: message.uri}, isEmergency);
		if (!decision.allow || decision.templates?.includes(template ?? '') === false) {
			return refuse('NOT_AUTHORISED', `rule ${decision.rule}`);
		}

		return ok({peer: policy.narrowed(peer, decision)});
	},
});
