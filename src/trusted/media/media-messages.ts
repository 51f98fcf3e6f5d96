import {isIP} from 'node:net';
import {z} from 'zod';
import {type CodedFailure, ok, type Result} from '../../base/result.js';
import type {BridgeTicket, OwnKeyHandle, PeerKeyHandle} from '../toolbox/protocol.js';
import {isForeign} from './foreign-message.js';
import {octets, suite} from './message-schemas.js';
import type {KeyChannelReply, MediaCommand, SourcePolicy} from './protocol.js';
import {parseNetwork} from './source-policy.js';
import {icePassword, iceUsernameFragment} from './stun-policy.js';

/** What the media domain accepts from its two ports; see protocol.ts for what the fields mean. */

const callName = z.string().min(1).max(64);
const legName = z.string().min(1).max(32);
/** A handle or ticket: opaque here, printable and short. */
const opaque = z.string().regex(/^[\x21-\x7e]{1,128}$/);
const ticket = opaque.transform((text) => text as BridgeTicket);
const peerKey = opaque.transform((text) => text as PeerKeyHandle);
const ownKey = opaque.transform((text) => text as OwnKeyHandle);
const address = z
	.string()
	.max(45)
	.refine((text) => isIP(text) !== 0 && !text.includes('%'));
const transportAddress = z.strictObject({address, port: z.int().min(1).max(65_535)});
const mki = octets(128).transform((borrowed) => Uint8Array.from(borrowed));

const rolloverRule = z.enum(['keep', 'reset']);

const protection = z.discriminatedUnion('kind', [
	z.strictObject({kind: z.literal('clear')}),
	z.strictObject({
		kind: z.literal('srtp'),
		suite,
		inbound: z
			.array(z.strictObject({key: peerKey, mki: mki.exactOptional()}))
			.min(1)
			.max(16),
		outbound: z.strictObject({key: ownKey, mki: mki.exactOptional()}),
		replayWindowPackets: z.int().min(64).max(32_767).exactOptional(),
		rollover: z
			.strictObject({inbound: rolloverRule.exactOptional(), outbound: rolloverRule.exactOptional()})
			.exactOptional(),
		rekeyGraceMs: z.int().min(0).max(60_000).exactOptional(),
		whenExpired: z.enum(['stop', 'alert']).exactOptional(),
		lateJoinRollovers: z.int().min(0).max(64).exactOptional(),
	}),
]);

const network = z
	.string()
	.max(49)
	.refine((text) => parseNetwork(text) !== undefined);
const relatch = z.literal('authenticated').exactOptional();
export const sourcePolicy = z.discriminatedUnion('kind', [
	z.strictObject({kind: z.literal('declared')}),
	z.strictObject({kind: z.literal('learned'), relatch}),
	z.strictObject({kind: z.literal('subnet'), network, relatch}),
	z.strictObject({kind: z.literal('signalling-address'), address, relatch}),
]);

const stunPolicy = z.discriminatedUnion('kind', [
	z.strictObject({kind: z.literal('answer')}),
	z.strictObject({
		kind: z.literal('ice-lite'),
		usernameFragment: z.string().regex(iceUsernameFragment),
		password: z.string().regex(icePassword),
	}),
]);

const codec = z.strictObject({
	payloadType: z.int().min(0).max(127),
	name: z.string().regex(/^[\w.+-]{1,32}$/),
	clockRate: z.int().min(1).max(192_000),
});
const silenceTimeoutMs = z.int().min(1000).max(86_400_000);

const command = z.discriminatedUnion('kind', [
	z.strictObject({
		kind: z.literal('create-relay'),
		call: callName,
		ticket,
		legs: z
			.array(
				z.strictObject({
					leg: legName,
					interface: z
						.string()
						.regex(/^[\w.-]{1,32}$/)
						.exactOptional(),
					family: z.enum(['IPv4', 'IPv6']).exactOptional(),
					rtcp: z.enum(['pair', 'mux']).exactOptional(),
				}),
			)
			.length(2)
			.refine(([first, second]) => first?.leg !== second?.leg),
	}),
	z
		.strictObject({
			kind: z.literal('configure-leg'),
			call: callName,
			leg: legName,
			remote: z.strictObject({rtp: transportAddress, rtcp: transportAddress}),
			rtcp: z.enum(['pair', 'mux']).exactOptional(),
			protection,
			source: sourcePolicy,
			payloadTypes: z.array(z.int().min(0).max(127)).max(128).exactOptional(),
			direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).exactOptional(),
			maxSources: z.int().min(1).max(4096).exactOptional(),
			reflections: z.enum(['drop', 'pass']).exactOptional(),
			stun: stunPolicy.exactOptional(),
			dtls: z.literal('report').exactOptional(),
			codecs: z.array(codec).max(128).exactOptional(),
			rtpTimeoutMs: silenceTimeoutMs.exactOptional(),
			rtcpTimeoutMs: silenceTimeoutMs.exactOptional(),
		})
		.refine(({protection, source}) => protection.kind === 'srtp' || !needsSrtp(source), {path: ['source']}),
	z.strictObject({kind: z.literal('destroy-relay'), call: callName}),
	z.strictObject({kind: z.literal('read-statistics'), call: callName}),
]);

const refusal = z.strictObject({ok: z.literal(false), code: z.string().max(64), message: z.string().max(500)});
const keyChannelReply = z.union([
	refusal,
	z.strictObject({
		ok: z.literal(true),
		legs: z.array(z.strictObject({leg: legName, clearAllowed: z.boolean()})).max(16),
	}),
	z.strictObject({
		ok: z.literal(true),
		slot: z.string().regex(/^[0-9a-f]{32}$/),
		suite,
		mki,
		lifetimePackets: z
			.int()
			.min(1)
			.max(2 ** 48)
			.exactOptional(),
	}),
	z.strictObject({ok: z.literal(true)}),
]);

/** `isForeign`: it cannot have come from a user domain of ours, whatever strangers sent to that. */
export type CommandFailure = CodedFailure<'BAD_COMMAND'> & {readonly isForeign: boolean};

/** Reads a command from the user domain, without its envelope. */
export function parseMediaCommand(message: object): Result<MediaCommand, CommandFailure> {
	const parsed = command.safeParse(message);
	if (parsed.success) {
		return ok(parsed.data);
	}

	const where = parsed.error.issues[0]?.path.join('.').slice(0, 60) ?? '';
	const failure = {
		code: 'BAD_COMMAND' as const,
		message: `Expected a media command as agreed, got one that is not${where && ` in \`${where}\``}.`,
		isForeign: isForeign(parsed.error),
	};
	return {ok: false, failure};
}

/** What is learned from tags needs tags. */
function needsSrtp(source: SourcePolicy): boolean {
	return source.kind === 'learned' || ('relatch' in source && source.relatch !== undefined);
}

/** Reads a reply of the toolbox, without its envelope. Throws `ZodError` when it is none. */
export function parseKeyChannelReply(message: object): KeyChannelReply {
	return keyChannelReply.parse(message);
}
