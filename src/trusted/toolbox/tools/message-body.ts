import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {withBody} from '../../../wire/sip/headers.js';
import {defineTool} from '../engine/tool.js';

/** Makes an envelope the body of its message, in binary as SIP carries it. */
export const sealMessage = defineTool({
	name: 'seal-message',
	version: 1,
	service: 'release',
	purpose: 'Makes an envelope the body of its message.',
	effect: 'none',
	inputs: {message: 'message', sealed: 'sealed-octets', peer: 'peer'},
	outputs: {message: 'sealed-message'},
	parameters: z.strictObject({}),
	run: ({message, sealed, peer}) => {
		const type = peer.cipher.endsWith('GCM') ? 'authEnveloped-data' : 'enveloped-data';
		return ok({
			message: withBody(message, sealed, [
				{name: 'Content-Type', value: `application/pkcs7-mime;smime-type=${type};name=smime.p7m`},
				{name: 'Content-Disposition', value: 'session;handling=required'},
				{name: 'Content-Transfer-Encoding', value: 'binary'},
			]),
		});
	},
});

/** Makes a session description with its keys the body of its message, for a peer whose policy says so. */
export const openMessage = defineTool({
	name: 'open-message',
	version: 1,
	service: 'release',
	purpose: 'Makes a session description with its keys the body of its message.',
	effect: 'none',
	inputs: {message: 'message', sdp: 'secret-sdp'},
	outputs: {message: 'open-message'},
	parameters: z.strictObject({}),
	run: ({message, sdp}) =>
		// A copy: the original is wiped when the run ends.
		ok({message: withBody(message, Uint8Array.from(sdp), [{name: 'Content-Type', value: 'application/sdp'}])}),
});

/** Lets a message go as it is, without keys. */
export const clearMessage = defineTool({
	name: 'clear-message',
	version: 1,
	service: 'release',
	purpose: 'Lets a message go as it is, without keys.',
	effect: 'none',
	inputs: {message: 'message'},
	outputs: {message: 'open-message'},
	parameters: z.strictObject({}),
	run: ({message}) => ok({message}),
});
