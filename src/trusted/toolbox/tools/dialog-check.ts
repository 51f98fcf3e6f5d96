import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool, refuse} from '../engine/tool.js';
import {dialogOf, readMessageHeaders} from './message-headers.js';

/**
 * Messages without a body carry no signature: in a dialog that began sealed they must come from the address that the dialog's
 * sealed messages came from (PROTOCOL V23), unless the peer's `bodyless` says otherwise.
 */
export const dialogCheck = defineTool({
	name: 'dialog-check',
	version: 1,
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

		const isSealed = leg.signer !== undefined && (leg.peer ?? peer).bodyless === 'origin';
		return isSealed && leg.origin?.address !== origin?.address
			? refuse('ORIGIN_OF_DIALOG', 'Expected the address that the sealed messages of the dialog came from.')
			: ok({});
	},
});
