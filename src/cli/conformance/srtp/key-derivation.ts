import {z} from 'zod';
import {parseRtpHeader, writeRtp} from '../../../wire/rtp/rtp-packet.js';
import {writeRtcp} from '../../../wire/rtp/write-rtcp.js';
import {srtpSuites} from '../../../wire/sdes/suites.js';
import {allOf, defineFormat, expectBytes, failed, hexOctets, passed, skipped, type Verdict} from '../format.js';
import {planSession, readSrtcpIndex, sessionFields, withSession} from './session.js';
import {openWithSessionKeys, type SessionKeys} from './session-cipher.js';

const keysSchema = z.object({
	cipherKey: hexOctets,
	cipherSalt: hexOctets,
	authKey: hexOctets.optional(),
});

const derivationCase = z.object({
	...sessionFields,
	...keysSchema.partial().shape,
	/** Packets to a derivation; 0: keys are derived once. */
	kdr: z.int().min(0).optional(),
	/** Of the packet, ROC and SEQ together. */
	index: z
		.int()
		.min(0)
		.max(2 ** 48 - 1)
		.optional(),
	srtp: keysSchema.optional(),
	srtcp: keysSchema.optional(),
});
type DerivationCase = z.infer<typeof derivationCase>;

/**
 * Session keys (RFC 3711 §4.3): a packet that we protect under the master key must open, by node:crypto alone, under the
 * session keys that the vector expects.
 */
export const keyDerivationFormat = defineFormat<DerivationCase>({
	family: 'srtp',
	schema: 'srtp-kdf/1',
	caseSchema: derivationCase,
	tryCase(vector) {
		const plan = planSession(vector);
		if ('skip' in plan) {
			return skipped(plan.skip);
		}

		const {kdr = 0, index = 0, cipherKey, cipherSalt, authKey} = vector;
		// Up to the first derivation after the start the keys are those without a rate: index DIV kdr is 0.
		if (kdr > 0 && Math.floor(index / kdr) > 0) {
			return skipped('a key derivation rate is read, never chosen');
		}

		const flat = cipherKey && cipherSalt ? {cipherKey, cipherSalt, authKey} : undefined;
		const [srtp, srtcp] = [vector.srtp ?? flat, vector.srtcp];
		if (!srtp && !srtcp) {
			return failed('Expected session keys in the case, got none.');
		}

		return allOf(
			srtp ? tryRtp(plan, withoutUndefined(srtp), index) : passed,
			srtcp ? tryRtcp(plan, withoutUndefined(srtcp)) : passed,
		);
	},
});

type Plan = Parameters<typeof withSession>[0];

function tryRtp(plan: Plan, keys: SessionKeys, index: number): Verdict {
	const plain = writeRtp({
		marker: false,
		payloadType: 0,
		sequenceNumber: index % 0x1_00_00,
		timestamp: 0,
		ssrc,
		csrcs: [],
		payload: Uint8Array.from({length: 160}, (_, at) => at),
	});
	return withSession(plan, ({outbound}) => {
		const rolloverCounter = Math.floor(index / 0x1_00_00);
		if (rolloverCounter > 0) {
			outbound.setRolloverCounter(ssrc, rolloverCounter);
		}

		const sealed = outbound.protectRtp(plain);
		const header = parseRtpHeader(plain);
		if (!sealed.ok || !header.ok) {
			return failed(`Expected the packet to be protected, got ${sealed.ok ? 'a bad header' : sealed.failure.code}.`);
		}

		const {tagOctets} = srtpSuites[plan.suite];
		const {headerOctets} = header.value;
		const packet = withoutMki(sealed.value, plan, tagOctets);
		return compare(
			'SRTP',
			openWithSessionKeys(keys, {kind: 'rtp', packet, headerOctets, ssrc, index, tagOctets}),
			plain,
		);
	});
}

function tryRtcp(plan: Plan, keys: SessionKeys): Verdict {
	const plain = writeRtcp([{kind: 'receiver-report', ssrc, reports: [], extension: new Uint8Array(32).fill(0x5a)}]);
	return withSession(plan, ({outbound}) => {
		const sealed = outbound.protectRtcp(plain);
		if (!sealed.ok) {
			return failed(`Expected the packet to be protected, got ${sealed.failure.code}.`);
		}

		const tagOctets = srtpSuites[plan.suite].rtcpTagOctets;
		const index = readSrtcpIndex(sealed.value, plan.suite, plan.mki.length);
		const packet = withoutMki(sealed.value, plan, tagOctets);
		return compare(
			'SRTCP',
			openWithSessionKeys(keys, {kind: 'rtcp', packet, headerOctets: 8, ssrc, index, tagOctets}),
			plain,
		);
	});
}

/** The MKI stands before the tag of HMAC-SHA1 and behind that of GCM; no check covers it. */
function withoutMki(packet: Uint8Array, {suite, mki}: Plan, tagOctets: number): Uint8Array {
	const behind = suite.startsWith('AEAD') ? 0 : tagOctets;
	const mkiEnd = packet.length - behind;
	return Buffer.concat([packet.subarray(0, mkiEnd - mki.length), packet.subarray(mkiEnd)]);
}

function compare(what: string, opened: Uint8Array | undefined, plain: Uint8Array): Verdict {
	return opened
		? expectBytes(`the ${what} packet under the expected session keys`, opened, plain)
		: failed(`Expected our ${what} packet to authenticate under the expected session keys, got a wrong tag.`);
}

function withoutUndefined({
	cipherKey,
	cipherSalt,
	authKey,
}: {
	readonly cipherKey: Uint8Array;
	readonly cipherSalt: Uint8Array;
	readonly authKey?: Uint8Array | undefined;
}): SessionKeys {
	return authKey ? {cipherKey, cipherSalt, authKey} : {cipherKey, cipherSalt};
}

const ssrc = 0x53_61_6c_6c;
