import {z} from 'zod';
import {sourcePolicy} from '../media/media-messages.js';
import {octets, port, refusal, suite} from '../media/message-schemas.js';
import type {SourcePolicy} from '../media/protocol.js';
import {maxSnapshotOctets} from './calls/call-table.js';
import type {Alert, BridgeTicket, MessageOrigin, OwnKeyHandle, PeerKeyHandle, ToolboxReply} from './protocol.js';
import {line, sipHeader, sipMessage} from './sip-message-schema.js';

/**
 * What the user domain takes from the toolbox; see protocol.ts for what the fields mean. A handle is what the toolbox gives as
 * one, and no text beside the SDP of a release is long.
 */

const call = z.string().max(64);
const handle = z.string().regex(/^[\da-f]{32}$/);
const peerKey = handle.transform((text) => text as PeerKeyHandle);
const ownKey = handle.transform((text) => text as OwnKeyHandle);
const ticket = handle.transform((text) => text as BridgeTicket);
const name = z.string().max(256);
const identity = z.string().max(8192);
const number = z.number().min(0);
const audit = z.int().min(0);
const time = z.number();
const protection = z.enum(['sealed', 'sdes', 'clear']);

const header = sipHeader(65_536);
/** A body of 64 KiB that was sealed, and sealed again, in base64 is longer than it was. */
const message = sipMessage({headers: 512, headerValue: 65_536, bodyOctets: 262_144});

const origin: z.ZodType<MessageOrigin> = z.strictObject({
	transport: z.enum(['udp', 'tcp', 'tls']),
	address: z.string().max(64),
	port,
});
const alert: z.ZodType<Alert> = z.strictObject({
	sequence: z.int().min(0),
	atMs: time,
	kind: name,
	reason: name,
	identity,
	origin: origin.nullable(),
	call,
	detail: z.string().max(2000),
	suppressed: z.int().min(0),
});

const releasedKey = z.strictObject({
	handle: peerKey,
	mediaIndex: z.int().min(0),
	tag: z.int().min(0).max(999_999_999),
	suite,
	mki: octets(128),
});
const known = z.strictObject({
	identity,
	records: z
		.array(
			z.strictObject({
				address: z.string().max(64),
				evidence: z.enum(['transport', 'contact', 'media', 'registration', 'operator']),
				firstMs: time,
				lastMs: time,
				count: z.number(),
			}),
		)
		.max(10_000),
});
const entry = z.strictObject({
	kind: z.enum(['message', 'key']),
	fingerprint: z.string().regex(/^[\da-f]{16,128}$/),
	state: z.enum(['reserved', 'installed', 'retired']),
	callId: identity,
	fromTag: identity,
	signer: identity,
	atMs: time,
});

const reply: z.ZodType<ToolboxReply> = z.discriminatedUnion('verdict', [
	z.strictObject({
		verdict: z.literal('release'),
		protection,
		sdp: z.string().max(262_144),
		keys: z.array(releasedKey).max(4096),
		identity,
		mediaSource: sourcePolicy as unknown as z.ZodType<SourcePolicy>,
		template: name,
		audit,
	}),
	z.strictObject({
		verdict: z.literal('denial'),
		step: name,
		reason: name,
		status: z.int().min(300).max(699),
		reasonPhrase: line.max(512),
		headers: z.array(header).max(64),
		audit,
	}),
	z.strictObject({verdict: z.literal('outbound'), protection, message, template: name, audit}),
	z.strictObject({verdict: z.literal('keys'), handles: z.array(ownKey).max(16)}),
	z.strictObject({verdict: z.literal('ticket'), ticket}),
	z.strictObject({verdict: z.literal('done')}),
	z.strictObject({
		verdict: z.literal('calls'),
		calls: z.array(z.strictObject({call, snapshot: octets(maxSnapshotOctets).exactOptional()})).max(100_000),
	}),
	z.strictObject({verdict: z.literal('alerts'), alerts: z.array(alert).max(1000)}),
	z.strictObject({verdict: z.literal('origins'), origins: z.array(known).max(1000)}),
	z.strictObject({verdict: z.literal('ledger'), entries: z.array(entry).max(1000)}),
	z.strictObject({
		verdict: z.literal('work'),
		counters: z.strictObject({
			open: number,
			mostOpen: number,
			refused: number,
			refusedBodies: number,
			refusedFromMemory: number,
		}),
	}),
	z.strictObject({verdict: z.literal('refused'), ...refusal}),
]);

const event = z.strictObject({event: z.literal('alert'), alert});

/** Reads a reply of the toolbox, without its envelope. Throws `ZodError` where it is none. */
export function parseToolboxReply(message: object): ToolboxReply {
	return reply.parse(message);
}

/** Reads an event of the toolbox and gives the alert in it; undefined where it is none. */
export function parseToolboxEvent(message: unknown): Alert | undefined {
	const parsed = event.safeParse(message);
	return parsed.success ? parsed.data.alert : undefined;
}
