import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {entityOf, parseMimeEntity} from '../../../wire/mime/entity.js';
import {decodeContent} from '../../../wire/mime/transfer-encoding.js';
import {defineTool, refuse} from '../engine/tool.js';
import {cmsReason} from './cms-reason.js';

/** Decryption: opens the envelope that is the body of a message (RFC 3261 §23, RFC 5652, RFC 5083). */
export const cmsOpen = defineTool({
	name: 'cms-open',
	version: 1,
	service: 'decryption',
	purpose: 'Opens the envelope that is the body of a message.',
	effect: 'opens',
	inputs: {message: 'message'},
	outputs: {entity: 'entity'},
	parameters: z.strictObject({}),
	run: async ({message}, {cms, legacy, wipeLater}) => {
		const envelope = decodeContent(entityOf(message));
		if (!envelope.ok) {
			return refuse('CMS_MALFORMED', envelope.failure.code);
		}

		const decrypted = await cms.decrypt(envelope.value, legacy?.permissions);
		if (!decrypted.ok) {
			// Told apart from the rest only before anything was decrypted.
			const reason = decrypted.failure.code === 'OVERLOADED' ? 'OVERLOADED' : cmsReason(decrypted.failure.code);
			return refuse(reason, decrypted.failure.message);
		}

		legacy?.note(decrypted.value.legacy);
		wipeLater(decrypted.value.content);
		const entity = parseMimeEntity(decrypted.value.content);
		return entity.ok ? ok({entity: entity.value}) : refuse('NOT_SIGNED', entity.failure.code);
	},
});
