import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {type MimeEntity, mimeHeader, parseMimeEntity, writeMimeEntity} from '../../../wire/mime/entity.js';
import {header, withBody} from '../../../wire/sip/headers.js';
import type {SipMessage} from '../../../wire/sip/message.js';
import {defineTool, refuse} from '../engine/tool.js';
import {signContent, signedForm, sipFragment, writeMixed} from './sign.js';

/**
 * Integrity of messages that describe no session: signs the headers, with the body where there is one. `message` carries the
 * signature for everybody to see; `signed` is for an envelope.
 */
export const signMessage = defineTool({
	name: 'sign-message',
	version: 1,
	service: 'integrity',
	purpose: 'Signs the headers of a message, and its body where it has one, with our first key.',
	effect: 'signs',
	inputs: {message: 'message', headers: 'signed-headers'},
	outputs: {signed: 'signed-entity', message: 'signed-message'},
	parameters: z.strictObject({form: signedForm}),
	run: async ({message, headers}, context, {form}) => {
		const fragment = sipFragment(headers);
		const content = message.body.length === 0 ? fragment : writeMixed([fragment, bodyOf(message)]);
		const signed = await signContent(content, context, form);
		const entity = signed.ok ? parseMimeEntity(signed.value.octets) : signed;
		if (!signed.ok || !entity.ok) {
			return signed.ok ? refuse('SEALING_FAILED', 'Expected to read what was written.') : signed;
		}

		return ok({signed: signed.value, message: withEntity(message, entity.value)});
	},
});

/** The body of a message as a part beside its headers. */
function bodyOf(message: SipMessage): Uint8Array {
	return writeMimeEntity({
		headers: [{name: 'Content-Type', value: header(message, 'Content-Type') ?? 'application/octet-stream'}],
		body: message.body,
	});
}

function withEntity(message: SipMessage, entity: MimeEntity): SipMessage {
	return withBody(message, Uint8Array.from(entity.body), [
		{name: 'Content-Type', value: mimeHeader(entity, 'Content-Type') ?? ''},
		{name: 'Content-Disposition', value: 'aib;handling=optional'},
		{name: 'Content-Transfer-Encoding', value: 'binary'},
	]);
}
