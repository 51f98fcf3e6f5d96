import test from 'ava';
import {parseRtcp} from '#dist/wire/rtp/parse-rtcp.js';
import {parseRtp} from '#dist/wire/rtp/rtp-packet.js';
import {writeRtcp} from '#dist/wire/rtp/write-rtcp.js';
import {readShared, testWithShared} from '../../wire/shared-vectors.js';
import {remoteOf, rtpPacket} from './support/phone.js';
import {dropsOf, must, openCall, SharedKey, settled, srtpSettings} from './support/plane.js';

/** Plain RTP on Alice's leg, SRTP on Bob's. */
async function openHalfSealedCall(t: Parameters<typeof openCall>[0]) {
	const [fromBob, toBob] = [new SharedKey('AES_CM_128_HMAC_SHA1_80'), new SharedKey('AES_CM_128_HMAC_SHA1_80')];
	const call = await openCall(t, [{}, srtpSettings(fromBob, toBob)]);
	const [alice, bob] = call.parties;
	const inbound = toBob.inbound(t);
	return {
		call,
		alice,
		bob,
		fromBob: fromBob.outbound(t),
		say: (packet: Uint8Array) => alice.rtp.send(packet, call.ports[0].rtp),
		/** What Bob could open, in the order in which it came. */
		heard: async (count: number) =>
			(await bob.rtp.waitFor(count)).map((packet) => must(parseRtp(must(inbound.unprotectRtp(Buffer.from(packet)))))),
	};
}

test('a sender that restarts in mid-call is heard under SRTP without loss', async (t) => {
	const {call, say, heard} = await openHalfSealedCall(t);
	const spoken = [...series(30_000, 100), ...series(7, 100), ...series(60_000, 100)];
	for (const [index, sequenceNumber] of spoken.entries()) {
		await say(rtpPacket({sequenceNumber, payload: Buffer.from([index])}));
	}

	const packets = await heard(spoken.length);
	t.deepEqual(
		packets.map(({payload}) => payload[0]),
		spoken.map((_, index) => index & 0xff),
	);
	t.deepEqual(
		packets.map(({sequenceNumber}) => sequenceNumber),
		series(30_000, spoken.length),
	);
	t.deepEqual(dropsOf(await settled(call, 0, spoken.length), 0), {});
});

test('what a phone says of a stream comes back in the numbers of its sender', async (t) => {
	const {call, alice, bob, say, heard, fromBob} = await openHalfSealedCall(t);
	for (const sequenceNumber of [...series(1000, 3), ...series(10, 3)]) {
		await say(rtpPacket({sequenceNumber, ssrc: 0xa1_1c_e0}));
	}

	t.is((await heard(6))[5]?.sequenceNumber, 1005);
	const nackBody = Buffer.alloc(12);
	nackBody.writeUInt32BE(0xb0_b, 0);
	nackBody.writeUInt32BE(0xa1_1c_e0, 4);
	nackBody.writeUInt16BE(1004, 8);
	const report = writeRtcp([
		{
			kind: 'receiver-report',
			ssrc: 0xb0_b,
			extension: new Uint8Array(),
			reports: [
				{
					ssrc: 0xa1_1c_e0,
					fractionLost: 3,
					cumulativeLost: 1,
					extendedHighestSequence: 1005,
					jitter: 17,
					lastSenderReport: 0,
					delaySinceLastSenderReport: 0,
				},
			],
		},
		{kind: 'other', packetType: 205, count: 1, body: nackBody},
	]);
	await bob.rtcp.send(must(fromBob.protectRtcp(report)), call.ports[1].rtcp);

	const [received] = await alice.rtcp.waitFor(1);
	const [receiverReport, nack] = must(parseRtcp(received as Buffer));
	t.like(receiverReport, {ssrc: 0xb0_b, reports: [{ssrc: 0xa1_1c_e0, extendedHighestSequence: 12, jitter: 17}]});
	t.like(nack, {packetType: 205, count: 1});
	const body = Buffer.from(nack?.kind === 'other' ? nack.body : []);
	t.deepEqual([body.readUInt32BE(4), body.readUInt16BE(8)], [0xa1_1c_e0, 11]);
});

test('two phones that chose one SSRC hear each other under SSRCs of ours', async (t) => {
	const {parties, ports} = await openCall(t);
	const [alice, bob] = parties;
	await alice.rtp.send(rtpPacket({sequenceNumber: 1}), ports[0].rtp);
	await bob.rtp.waitFor(1);
	await bob.rtp.send(rtpPacket({sequenceNumber: 2}), ports[1].rtp);
	await alice.rtp.waitFor(1);
	await alice.rtp.send(rtpPacket({sequenceNumber: 2}), ports[0].rtp);
	const own = must(parseRtp(rtpPacket({sequenceNumber: 2})));
	for (const received of [alice.rtp.received[0], (await bob.rtp.waitFor(2))[1]]) {
		const {ssrc, ...rest} = must(parseRtp(received as Buffer));
		t.not(ssrc, own.ssrc);
		t.deepEqual({...rest, ssrc: own.ssrc}, own);
	}
});

test('a stream goes on above its highest number when our key changes', async (t) => {
	const {call, bob, say, heard} = await openHalfSealedCall(t);
	for (const sequenceNumber of [500, 501, 20]) {
		await say(rtpPacket({sequenceNumber}));
	}

	await heard(3);
	const [again, next] = [new SharedKey('AEAD_AES_256_GCM'), new SharedKey('AEAD_AES_256_GCM')];
	await call.plane.configureLeg(call.relay, 1, {remote: remoteOf(bob), ...srtpSettings(again, next)});
	await say(rtpPacket({sequenceNumber: 21}));
	const packet = (await bob.rtp.waitFor(4))[3];
	t.is(must(parseRtp(must(next.inbound(t).unprotectRtp(Buffer.from(packet ?? []))))).sequenceNumber, 503);
});

type KeyReuse = {
	readonly cases: readonly {
		readonly id: string;
		readonly packetsPlain?: readonly string[];
		readonly packets?: readonly string[];
		readonly plain?: readonly string[];
	}[];
};

const keyReuse = readShared<KeyReuse>('attacks', 'media-keyreuse.json');
const vector = (id: string) => keyReuse?.cases.find((each) => each.id === id);
const unlessAbsent = testWithShared(['attacks', 'media-keyreuse.json']);

unlessAbsent('media-keyreuse.json dev-seq-restart: each packet leaves, above the last', async (t) => {
	const {say, heard} = await openHalfSealedCall(t);
	const spoken = (vector('dev-seq-restart')?.packetsPlain ?? []).map((hex) => Buffer.from(hex, 'hex'));
	t.is(spoken.length, 4);
	for (const packet of spoken) {
		await say(packet);
	}

	const packets = await heard(4);
	t.deepEqual(
		packets.map(({timestamp}) => timestamp),
		spoken.map((packet) => packet.readUInt32BE(4)),
	);
	const indices = packets.map(({sequenceNumber}, index) => sequenceNumber + (index < 2 ? 0 : 0x1_00_00));
	t.true(indices.every((each, index) => index === 0 || each > (indices[index - 1] ?? 0)));
});

unlessAbsent('media-keyreuse.json dev-ssrc-collision: another source with the same numbers gets its own', async (t) => {
	const {call, say, heard} = await openHalfSealedCall(t);
	const [first, second] = (vector('dev-ssrc-collision')?.packets ?? []).map((hex) => Buffer.from(hex, 'hex'));
	await say(first as Buffer);
	await heard(1);
	const [, , charles] = [0, 1, (await openCall(t, undefined, {plane: call.plane})).parties[0]];
	await call.plane.configureLeg(call.relay, 0, {remote: remoteOf(charles), sessions: {kind: 'clear'}});
	await charles.rtp.send(second as Buffer, call.ports[0].rtp);
	const [one, other] = (await call.parties[1].rtp.waitFor(2)).map((packet) => packet.subarray(2, 12));
	t.notDeepEqual(one, other);
});

unlessAbsent(
	"media-keyreuse.json dev-two-time-pad: a second plaintext never leaves under the first one's index",
	async (t) => {
		const {say, heard} = await openHalfSealedCall(t);
		const {packets = [], plain = []} = vector('dev-two-time-pad') ?? {};
		for (const [index, sealed] of packets.entries()) {
			await say(Buffer.from(sealed.slice(0, 24) + (plain[index] ?? ''), 'hex'));
		}

		const received = await heard(2);
		t.deepEqual(
			received.map(({sequenceNumber}) => sequenceNumber),
			[100, 101],
		);
		t.deepEqual(
			received.map(({payload}) => Buffer.from(payload).toString('hex')),
			plain,
		);
	},
);

function series(first: number, count: number): readonly number[] {
	return Array.from({length: count}, (_, index) => first + index);
}
