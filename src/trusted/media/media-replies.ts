import {z} from 'zod';
import {octets, port, refusal} from './message-schemas.js';
import {
	dropReasons,
	handledKinds,
	type LegStatistics,
	type MediaEvent,
	type MediaReply,
	type TransportAddress,
} from './protocol.js';
import type {StreamStatistics} from './stream-report.js';

/**
 * What the user domain takes from the media domain; see protocol.ts for what the fields mean. It is bounded: a media process
 * that a packet has broken must not break the one that speaks SIP.
 */

const call = z.string().min(1).max(64);
const leg = z.string().max(32);
const count = z.number().min(0);
const transportAddress: z.ZodType<TransportAddress> = z.strictObject({address: z.string().max(64), port});
const local = z.strictObject({rtp: transportAddress, rtcp: transportAddress, advertisedAddress: z.string().max(256)});

const jitter = z.strictObject({units: count, ms: count});
const quality = z.strictObject({mos: z.number().min(0).max(5), ratingFactor: z.number().min(0).max(100)});
const stream: z.ZodType<StreamStatistics> = z.strictObject({
	ssrc: count,
	sentSsrc: count,
	received: z.strictObject({packets: count, octets: count}),
	expected: count,
	lost: count,
	duplicates: count,
	reordered: count,
	restarts: count,
	payloadType: z.int().min(0).max(127).exactOptional(),
	codec: z.string().max(32).exactOptional(),
	jitter: jitter.exactOptional(),
	quality: quality.exactOptional(),
	far: z
		.strictObject({
			fractionLost: z.number().min(0).max(1),
			/** Duplicates make it negative (RFC 3550 §6.4.1). */
			lost: z.number(),
			jitter: jitter.exactOptional(),
			roundTripMs: count.exactOptional(),
			quality: quality.exactOptional(),
		})
		.exactOptional(),
	farMetrics: z
		.strictObject({
			lossRate: count,
			discardRate: count,
			burstDensity: count,
			gapDensity: count,
			burstDurationMs: count,
			gapDurationMs: count,
			roundTripDelayMs: count,
			endSystemDelayMs: count,
			signalLevelDbm: z.number().exactOptional(),
			noiseLevelDbm: z.number().exactOptional(),
			residualEchoReturnLossDb: z.number().exactOptional(),
			gapThreshold: count,
			ratingFactor: z.number().exactOptional(),
			externalRatingFactor: z.number().exactOptional(),
			listeningMos: z.number().exactOptional(),
			conversationalMos: z.number().exactOptional(),
			jitterBufferNominalMs: count,
			jitterBufferMaximumMs: count,
			jitterBufferAbsoluteMaximumMs: count,
		})
		.exactOptional(),
});
const traffic = z.strictObject({packets: count, octets: count});
const statistics: z.ZodType<LegStatistics> = z.strictObject({
	leg,
	local,
	received: traffic,
	sent: traffic,
	receivedRtcp: count,
	sentRtcp: count,
	dropped: z.record(z.enum(dropReasons), count),
	handled: z.record(z.enum(handledKinds), count),
	roundTripMs: count.exactOptional(),
	streams: z.array(stream).max(4096),
});

const reply: z.ZodType<MediaReply> = z.union([
	z.strictObject({ok: z.literal(false), ...refusal}),
	z.strictObject({ok: z.literal(true), legs: z.array(z.strictObject({leg, local})).max(2)}),
	z.strictObject({ok: z.literal(true), statistics: z.array(statistics).max(2)}),
	z.strictObject({ok: z.literal(true)}),
]);

const ofLeg = {call, leg};
const from = transportAddress;
const channel = z.enum(['rtp', 'rtcp']);
const event: z.ZodType<MediaEvent> = z.discriminatedUnion('kind', [
	z.strictObject({kind: z.literal('wrong-source'), ...ofLeg, from, suppressed: count}),
	z.strictObject({kind: z.literal('first-packet'), ...ofLeg, from}),
	z.strictObject({kind: z.literal('rekey-due'), ...ofLeg}),
	z.strictObject({kind: z.literal('key-expired'), ...ofLeg, direction: z.enum(['inbound', 'outbound'])}),
	z.strictObject({
		kind: z.enum(['source-learned', 'source-moved']),
		...ofLeg,
		from,
		channel,
		previous: transportAddress,
		authenticated: z.boolean(),
	}),
	z.strictObject({
		kind: z.literal('dtls'),
		...ofLeg,
		from,
		channel,
		octets: octets(2048),
	}),
	z.strictObject({kind: z.literal('zrtp'), ...ofLeg, from, channel}),
	z.strictObject({kind: z.enum(['rtp-timeout', 'rtcp-timeout']), ...ofLeg}),
	z.strictObject({kind: z.literal('relay-ended'), call, reason: z.string().max(200)}),
	z.strictObject({
		kind: z.literal('ports-exhausted'),
		interface: z.string().max(64),
		family: z.enum(['IPv4', 'IPv6']),
		suppressed: count,
	}),
]);

/** Reads a reply of the media domain, without its envelope. Throws `ZodError` where it is none. */
export function parseMediaReply(message: object): MediaReply {
	return reply.parse(message);
}

/** Reads an event of the media domain; undefined where it is none. */
export function parseMediaEvent(message: unknown): MediaEvent | undefined {
	const parsed = event.safeParse(message);
	return parsed.success ? parsed.data : undefined;
}
