import {z} from 'zod';
import type {SrtpOutbound} from '../../../trusted/media/srtp/index.js';
import {classifyDatagram} from '../../../wire/rtp/classify-datagram.js';
import {parseRtpHeader} from '../../../wire/rtp/rtp-packet.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import {allOf, defineFormat, expectBytes, failed, hexOctets, passed, skipped, type Verdict} from '../format.js';
import {planSession, readSrtcpIndex, sessionFields, withSession} from './session.js';

const packetCase = z.object({
	...sessionFields,
	kind: z.enum(['rtp', 'rtcp']).optional(),
	encrypt: z.boolean().optional(),
	roc: z.int().min(0).max(0xff_ff_ff_ff).optional(),
	srtcpIndex: z.int().min(0).optional(),
	expect: z.enum(['accept', 'reject']).optional(),
	plain: hexOctets,
	protected: hexOctets,
});
type PacketCase = z.infer<typeof packetCase>;

/** One packet in, one packet out: opened, and where the API can be brought to its index, protected to the same octets. */
export const packetFormat = defineFormat<PacketCase>({
	family: 'srtp',
	schema: 'srtp-packet/1',
	caseSchema: packetCase,
	tryCase(vector) {
		const plan = planSession(vector);
		if ('skip' in plan) {
			return skipped(plan.skip);
		}

		if (vector.encrypt === false) {
			return skipped('a session without encryption is never made');
		}

		const kind = vector.kind ?? (classifyDatagram(vector.plain) === 'rtcp' ? 'rtcp' : 'rtp');
		return kind === 'rtp' ? tryRtp(vector, plan) : tryRtcp(vector, plan);
	},
});

type Plan = Parameters<typeof withSession>[0];

function tryRtp({plain, protected: wire, roc = 0, expect = 'accept'}: PacketCase, plan: Plan): Verdict {
	return withSession(plan, ({inbound, outbound}) => {
		const header = parseRtpHeader(plain);
		if (header.ok && roc > 0) {
			inbound.setRolloverCounter(header.value.ssrc, roc);
			outbound.setRolloverCounter(header.value.ssrc, roc);
		}

		const opened = inbound.unprotectRtp(wire);
		if (expect === 'reject') {
			return opened.ok ? failed('Expected the packet to be refused, got it opened.') : passed;
		}

		if (!opened.ok) {
			return failed(`Expected the packet to open, got ${opened.failure.code}.`);
		}

		const sealed = outbound.protectRtp(plain);
		return allOf(
			expectBytes('the opened packet', opened.value, plain),
			sealed.ok
				? expectBytes('the protected packet', sealed.value, wire)
				: failed(`Expected the packet to be protected, got ${sealed.failure.code}.`),
		);
	});
}

function tryRtcp(vector: PacketCase, plan: Plan): Verdict {
	const {plain, protected: wire, srtcpIndex = 1, expect = 'accept'} = vector;
	return withSession(plan, ({inbound, outbound}) => {
		const opened = inbound.unprotectRtcp(wire);
		if (expect === 'reject') {
			return opened.ok ? failed('Expected the packet to be refused, got it opened.') : passed;
		}

		if (!opened.ok) {
			// From here on the key is spent (RFC 3711 §9.2): a receiver may say so instead.
			const isSpent = srtcpIndex >= lastSrtcpIndex && opened.failure.code === 'KEY_EXPIRED';
			return isSpent ? passed : failed(`Expected the packet to open, got ${opened.failure.code}.`);
		}

		const sealed = protectAtIndex(outbound, plain, srtcpIndex, plan.suite, plan.mki.length);
		return allOf(
			expectBytes('the opened packet', opened.value, plain),
			sealed ? expectBytes('the protected packet', sealed, wire) : passed,
		);
	});
}

/** Our packet with that index; `undefined` where so many packets would have to be sent first that we do not wait. */
function protectAtIndex(
	outbound: SrtpOutbound,
	plain: Uint8Array,
	index: number,
	suite: SrtpSuiteName,
	mkiOctets: number,
): Uint8Array | undefined {
	for (let sent = 0; index <= maxPacketsBefore && sent <= index; sent++) {
		const sealed = outbound.protectRtcp(plain);
		if (sealed.ok && readSrtcpIndex(sealed.value, suite, mkiOctets) === index) {
			return sealed.value;
		}
	}

	return undefined;
}

const lastSrtcpIndex = 2 ** 31 - 1;
const maxPacketsBefore = 20_000;
