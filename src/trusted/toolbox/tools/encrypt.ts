import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool, refuse} from '../engine/tool.js';

/** Encryption: puts a signed entity into an envelope that its recipient alone can open, by the peer's `cipher`. */
export const encrypt = defineTool({
	name: 'encrypt',
	version: 1,
	service: 'encryption',
	purpose: 'Puts a signed entity into an envelope that its recipient alone can open.',
	effect: 'encrypts',
	inputs: {signed: 'signed-entity', recipient: 'recipient', peer: 'peer'},
	outputs: {sealed: 'sealed-octets'},
	parameters: z.strictObject({}),
	run: async ({signed, recipient, peer}, {cms}) => {
		const sealed = await cms.encrypt({
			content: signed.octets,
			recipients: [recipient.certificate],
			cipher: peer.cipher,
		});
		return sealed.ok ? ok({sealed: sealed.value}) : refuse('SEALING_FAILED', sealed.failure.code);
	},
});
