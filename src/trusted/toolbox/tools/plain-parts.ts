import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {entityOf} from '../../../wire/mime/entity.js';
import {decodeContent} from '../../../wire/mime/transfer-encoding.js';
import {defineTool, refuse} from '../engine/tool.js';

/** Takes the session description that is the body of a message in the open. */
export const plainParts = defineTool({
	name: 'plain-parts',
	version: 1,
	service: 'header processing',
	purpose: 'Takes the session description that is the body of a message in the open.',
	effect: 'none',
	inputs: {message: 'message'},
	outputs: {parts: 'parts'},
	parameters: z.strictObject({}),
	run: ({message}) => {
		const sdp = decodeContent(entityOf(message));
		return sdp.ok ? ok({parts: {sdp: sdp.value, headers: undefined}}) : refuse('BAD_SDP', sdp.failure.code);
	},
});
