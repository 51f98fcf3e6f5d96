import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import {defineTool, refuse} from '../engine/tool.js';
import {dialogOf, readMessageHeaders} from './message-headers.js';

/**
 * Messages without a body carry no signature: in a dialog that began sealed they must come from the address that the dialog's
 * sealed messages came from (PROTOCOL V23), unless the peer's `bodyless` says otherwise.
 */
export const dialogCheck = defineTool({
	name: 'dialog-check',
	version: 1,
	service: 'origin check',
	purpose: 'Checks that a message without a body comes from the address that its sealed dialog came from.',
	effect: 'checks',
	inputs: {message: 'message', peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({message, peer}, {leg, origin}) => {
		const headers = readMessageHeaders(message);
		if (!headers.ok) {
			return refuse('BAD_HEADERS', headers.failure.message);
		}

		if (!dialogOf(headers.value, leg)) {
			return refuse('UNKNOWN_DIALOG', 'Expected a message of the dialog of its leg.');
		}

		const {bodyless} = leg.peer ?? peer;
		const isSealed = leg.signer !== undefined && bodyless !== 'any';
		if (isSealed && bodyless === 'signed' && isSignable(message)) {
			return refuse('SIGNATURE_NEEDED', 'Expected the headers of a request in a sealed dialog to be signed.');
		}

		return isSealed && leg.origin?.address !== origin?.address
			? refuse('ORIGIN_OF_DIALOG', 'Expected the address that the sealed messages of the dialog came from.')
			: ok({});
	},
});

/** Proxies write a CANCEL anew, and an ACK changes nothing: neither can be asked for a signature. */
export function isSignable(message: SipMessage): boolean {
	return message.kind === 'request' && message.method !== 'CANCEL' && message.method !== 'ACK';
}
