import {isIP} from 'node:net';
import {z} from 'zod';
import {ok, type Result} from '../../base/result.js';
import {isForeign} from '../media/foreign-message.js';
import {octets, port, suite} from '../media/message-schemas.js';
import type {KeyChannelRequest} from '../media/protocol.js';
import {maxSnapshotOctets} from './calls/call-table.js';
import type {ToolboxRequest} from './protocol.js';
import {sipMessage} from './sip-message-schema.js';

/** What the toolbox accepts from its ports; see protocol.ts for what the fields mean. Unknown fields are refused. */

const id = z.int().min(0);
const call = z.string().min(1).max(64);
const leg = z.string().min(1).max(32);
const handle = z.string().regex(/^[\da-f]{32}$/);
const address = z
	.string()
	.max(45)
	.refine((text) => isIP(text) !== 0);
const role = z.enum(['offer', 'answer', 'none']);
const origin = z.strictObject({transport: z.enum(['udp', 'tcp', 'tls']), address, port});
const message = sipMessage({headers: 256, headerValue: 8192, bodyOctets: 65_536});
const toolboxRequest = z.discriminatedUnion('kind', [
	z.strictObject({id, kind: z.literal('filter-inbound'), call, leg, role, origin, message}),
	z.strictObject({id, kind: z.literal('mint-keys'), call, leg, suites: z.array(suite).min(1).max(16)}),
	z.strictObject({id, kind: z.literal('filter-outbound'), call, leg, role, message}),
	z.strictObject({
		id,
		kind: z.literal('authorize-bridge'),
		call,
		legs: z
			.array(z.strictObject({leg, identity: z.string().max(1024)}))
			.min(2)
			.max(16)
			.refine((legs) => new Set(legs.map(({leg}) => leg)).size === legs.length),
	}),
	z.strictObject({id, kind: z.literal('end-call'), call, reason: z.string().max(200)}),
	z.strictObject({
		id,
		kind: z.literal('keep-call'),
		call,
		snapshot: octets(maxSnapshotOctets),
	}),
	z.strictObject({id, kind: z.literal('read-calls'), after: z.string().max(64)}),
	z.strictObject({id, kind: z.literal('read-alerts'), afterSequence: z.int().min(0), limit: z.int().min(1).max(1000)}),
	z.strictObject({
		id,
		kind: z.literal('read-origins'),
		after: z.string().max(1024),
		limit: z.int().min(1).max(1000),
	}),
	z.strictObject({id, kind: z.literal('read-ledger'), limit: z.int().min(1).max(1000)}),
	z.strictObject({id, kind: z.literal('read-work')}),
]);

const keyChannelRequest = z.discriminatedUnion('kind', [
	z.strictObject({id, kind: z.literal('redeem-ticket'), ticket: handle, call, legs: z.array(leg).min(2).max(16)}),
	z.strictObject({id, kind: z.literal('redeem-peer-key'), key: handle, call, leg}),
	z.strictObject({id, kind: z.literal('redeem-own-key'), key: handle, call, leg}),
	z.strictObject({id, kind: z.literal('relay-ended'), call}),
	z.strictObject({id, kind: z.literal('heard-from'), call, leg, address}),
]);

/** `isForeign`: it cannot have come from a domain of ours, whatever strangers sent to that. */
export type RequestFailure = {readonly isForeign: boolean};

/** Reads an envelope from the user domain, and returns the request in it. */
export function parseToolboxRequest(data: unknown): Result<ToolboxRequest, RequestFailure> {
	return taken(toolboxRequest.safeParse(data)) as Result<ToolboxRequest, RequestFailure>;
}

/** Reads an envelope from the media domain, and returns the request in it. */
export function parseKeyChannelRequest(data: unknown): Result<KeyChannelRequest, RequestFailure> {
	return taken(keyChannelRequest.safeParse(data)) as Result<KeyChannelRequest, RequestFailure>;
}

function taken(parsed: z.ZodSafeParseResult<{id: number}>): Result<object, RequestFailure> {
	if (!parsed.success) {
		return {ok: false, failure: {isForeign: isForeign(parsed.error)}};
	}

	const {id: _, ...request} = parsed.data;
	return ok(request);
}
