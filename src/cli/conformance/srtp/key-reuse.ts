import {z} from 'zod';
import {equalBytes} from '../../../base/bytes.js';
import {
	allOf,
	defineFormat,
	expectBytes,
	expectValue,
	failed,
	hexOctets,
	type VectorContent,
	type Verdict,
} from '../format.js';
import {planSession, type SessionPlan, withSession} from './session.js';

type Plan = Exclude<SessionPlan, {readonly skip: string}>;

const packet = hexOctets;
const keyReuseCase = z.object({
	id: z.string(),
	profile: z.string(),
	masterKey: hexOctets,
	masterSalt: hexOctets,
	/** Sealed packets and what is in them. */
	packets: z.array(packet).length(2).optional(),
	plain: z.array(hexOctets).length(2).optional(),
	xor: hexOctets.optional(),
	/** A packet that we sent under `sendKey` and that comes back. */
	packet: packet.optional(),
	sendKey: hexOctets.optional(),
	receiveKey: hexOctets.optional(),
	packetsPlain: z.array(packet).optional(),
	oldKey: hexOctets.optional(),
	newKey: hexOctets.optional(),
	rfc: packet.optional(),
	reset: packet.optional(),
});
type KeyReuseCase = z.infer<typeof keyReuseCase>;

/** Keystream used twice, packets that come back, SSRCs that collide: what a context must open, refuse or never send. */
export const keyReuseFormat = defineFormat<KeyReuseCase>({
	family: 'attacks',
	schema: 'keystream/1',
	caseSchema: keyReuseCase,
	casesOf: casesWithKey,
	tryCase(vector) {
		const {profile, packets, plain, xor, packet, sendKey, receiveKey, oldKey, newKey, rfc, reset} = vector;
		if (packet && sendKey && receiveKey) {
			return allOf(
				opens('the packet under our own key', planOf(profile, sendKey), packet),
				refuses('the packet that came back', planOf(profile, receiveKey), packet, 'BAD_TAG'),
			);
		}

		if (oldKey && newKey && rfc && reset) {
			return tryRollover(planOf(profile, newKey), rfc, reset);
		}

		if (packets && plain) {
			return trySealed(vector, [packets[0], packets[1], plain[0], plain[1]] as Four, xor);
		}

		return tryUnsealed(vector);
	},
});

type Four = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** Each packet under the key of the file; a case may be about another salt or a later rollover counter. */
function trySealed(vector: KeyReuseCase, [first, second, ...plain]: Four, xor: Uint8Array | undefined): Verdict {
	const plan = planOf(vector.profile, Buffer.concat([vector.masterKey, vector.masterSalt]));
	const [cipherOne, cipherTwo] = [payloadOf(first, plain[0]), payloadOf(second, plain[1])];
	const isRepeated = equalBytes(exclusiveOr(cipherOne, cipherTwo), exclusiveOr(plain[0], plain[1]));
	const keystream = expectValue('a repeated keystream', isRepeated, xor !== undefined);
	const opened = opens('the first packet', plan, first, plain[0]);
	if (xor === undefined) {
		return allOf(keystream, opened);
	}

	// What must never be sent: the second of two packets that have one index.
	return allOf(
		keystream,
		expectBytes('the difference of both', exclusiveOr(cipherOne, cipherTwo), xor),
		opened,
		opens('the second packet alone', plan, second, plain[1]),
		withSession(plan, ({inbound}) => {
			inbound.unprotectRtp(first);
			const replayed = inbound.unprotectRtp(second);
			return expectValue('for the second packet', replayed.ok ? 'OK' : replayed.failure.code, 'REPLAYED');
		}),
		neverSendsTwice(plan, [withPayload(first, plain[0]), withPayload(second, plain[1])]),
	);
}

/** SSRCs that collide and sequence numbers that start again: nothing leaves under an index that was used. */
function tryUnsealed({profile, masterKey, masterSalt, packets, packetsPlain}: KeyReuseCase): Verdict {
	const list = packetsPlain ?? packets;
	return list === undefined
		? failed('Expected a case that has packets, got none.')
		: neverSendsTwice(planOf(profile, Buffer.concat([masterKey, masterSalt])), list);
}

/** RFC 3711 §3.3.1: a new key keeps the rollover counter; a reset one opens only where it was asked for. */
function tryRollover(plan: Plan, rfc: Uint8Array, reset: Uint8Array): Verdict {
	const ssrc = new DataView(rfc.buffer, rfc.byteOffset).getUint32(8);
	return allOf(
		withSession(plan, ({inbound}) => {
			inbound.setRolloverCounter(ssrc, rolloversBefore);
			const refused = inbound.unprotectRtp(reset);
			const kept = inbound.unprotectRtp(rfc);
			return allOf(
				expectValue('for the reset packet', refused.ok ? 'OK' : refused.failure.code, 'BAD_TAG'),
				expectValue('for the packet that goes on', kept.ok ? 'OK' : kept.failure.code, 'OK'),
			);
		}),
		refuses('the packet that goes on, from zero', plan, rfc, 'BAD_TAG'),
		opens('the reset packet, from zero', plan, reset),
	);
}

function opens(what: string, plan: Plan, sealed: Uint8Array, plain?: Uint8Array): Verdict {
	return withSession(plan, ({inbound}) => {
		const opened = inbound.unprotectRtp(sealed);
		return opened.ok
			? plain === undefined
				? expectValue(what, 'opened', 'opened')
				: expectBytes(`the payload of ${what}`, opened.value.subarray(headerOctets), plain)
			: failed(`Expected ${what} to open, got ${opened.failure.code}.`);
	});
}

function refuses(what: string, plan: Plan, sealed: Uint8Array, code: string): Verdict {
	return withSession(plan, ({inbound}) => {
		const opened = inbound.unprotectRtp(sealed);
		return expectValue(`for ${what}`, opened.ok ? 'OK' : opened.failure.code, code);
	});
}

/** Protects each where it may be; no two that leave may have the same index and SSRC. */
function neverSendsTwice(plan: Plan, plain: readonly Uint8Array[]): Verdict {
	return withSession(plan, ({outbound}) => {
		const indices = plain
			.filter((packet) => outbound.protectRtp(packet).ok)
			.map((packet) => Buffer.concat([packet.subarray(2, 4), packet.subarray(8, 12)]).toString('hex'));
		return indices.length === 0 || new Set(indices).size !== indices.length
			? failed('Expected that no index leaves twice under one key, got one that does.')
			: expectValue('indices', 'apart', 'apart');
	});
}

/** The file names one key for all its cases; one of them may have its own. */
function casesWithKey(content: VectorContent): readonly unknown[] {
	const {profile, masterKey, masterSalt, cases} = content as VectorContent & Readonly<Record<string, unknown>>;
	const shared = {profile, masterKey, masterSalt};
	return Array.isArray(cases) ? cases.map((each: object) => ({...shared, ...each})) : [];
}

function planOf(profile: string, keyAndSalt: Uint8Array): Plan {
	const plan = planSession({profile, inline: Buffer.from(keyAndSalt).toString('base64')});
	if ('skip' in plan) {
		throw new RangeError(plan.skip);
	}

	return plan;
}

function payloadOf(sealed: Uint8Array, plain: Uint8Array): Uint8Array {
	return sealed.subarray(headerOctets, headerOctets + plain.length);
}

function withPayload(sealed: Uint8Array, plain: Uint8Array): Uint8Array {
	return Buffer.concat([sealed.subarray(0, headerOctets), plain]);
}

function exclusiveOr(first: Uint8Array, second: Uint8Array): Uint8Array {
	return first.map((octet, index) => octet ^ (second[index] ?? 0));
}

const headerOctets = 12;
/** Of the case about a new key: the old one had wrapped twice. */
const rolloversBefore = 2;
