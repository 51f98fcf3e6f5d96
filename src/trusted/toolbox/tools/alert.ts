import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {defineTool} from '../engine/tool.js';

/** Alert: tells the operator that a message came this far. */
export const alert = defineTool({
	name: 'alert',
	version: 1,
	service: 'alert',
	purpose: 'Tells the operator that a message came this far.',
	effect: 'none',
	inputs: {},
	outputs: {},
	parameters: z.strictObject({kind: z.string().min(1).max(64), detail: z.string().max(200)}),
	run: (_inputs, {alerts, nowMs, leg, origin, call}, {kind, detail}) => {
		alerts.raise({atMs: nowMs, kind, reason: '', identity: leg.identity, origin: origin ?? null, call, detail});
		return ok({});
	},
});
