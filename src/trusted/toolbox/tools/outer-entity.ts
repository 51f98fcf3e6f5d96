import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {entityOf} from '../../../wire/mime/entity.js';
import {defineTool} from '../engine/tool.js';

/** Takes the body of a message as it is: for bodies that are signed and not encrypted. */
export const outerEntity = defineTool({
	name: 'outer-entity',
	version: 1,
	service: 'header processing',
	purpose: 'Takes the body of a message as it is.',
	effect: 'none',
	inputs: {message: 'message'},
	outputs: {entity: 'entity'},
	parameters: z.strictObject({}),
	run: ({message}) => ok({entity: entityOf(message)}),
});
