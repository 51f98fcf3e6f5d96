import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool, refuse} from '../engine/tool.js';

/** Header processing: the signed part describes no session, so that there is no key in it to claim or to hand out. */
export const withoutSdp = defineTool({
	name: 'without-sdp',
	version: 1,
	service: 'header processing',
	purpose: 'Demands that the body describes no session.',
	effect: 'checks',
	inputs: {parts: 'parts'},
	outputs: {media: 'media'},
	parameters: z.strictObject({}),
	run: ({parts}) =>
		parts.sdp === undefined
			? ok({media: {description: {lines: [], media: []}, keys: []}})
			: refuse('BAD_SIGNED_CONTENT', 'Expected no session description in this kind of message.'),
});
