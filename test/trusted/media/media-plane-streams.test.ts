import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import type {StreamStatistics} from '#dist/trusted/media/stream-report.js';
import {type ReportBlock, toNtpTimestamp} from '#dist/wire/rtp/rtcp-packet.js';
import {writeRtcp} from '#dist/wire/rtp/write-rtcp.js';
import {remoteOf, rtcpPacket, rtpPacket} from './support/phone.js';
import {type Call, openCall, settled} from './support/plane.js';

async function streamOf(t: ExecutionContext, call: Call, packets: number): Promise<StreamStatistics> {
	const [{streams}] = await settled(call, 0, packets);
	t.is(streams.length, 1);
	return streams[0] as StreamStatistics;
}

test('what arrives of a stream is counted as RFC 3550 reports it', async (t) => {
	const call = await openCall(t);
	for (const sequenceNumber of [10, 11, 13, 12, 12, 17, 9000, 8000]) {
		await call.parties[0].rtp.send(rtpPacket({sequenceNumber, ssrc: 7}), call.ports[0].rtp);
	}

	const stream = await streamOf(t, call, 8);
	t.like(stream, {
		ssrc: 7,
		sentSsrc: 7,
		received: {packets: 7, octets: 7 * 172},
		expected: 8991 + 1,
		lost: 8985,
		duplicates: 1,
		reordered: 1,
		restarts: 1,
		payloadType: 0,
		codec: 'PCMU',
	});
	t.true(Number.isInteger(stream.jitter?.units));
	t.is(stream.jitter?.ms, (stream.jitter?.units ?? 0) / 8);
	t.true((stream.quality?.mos ?? 5) < 2);
});

test('jitter of a dynamic payload type needs its clock from the signalling', async (t) => {
	const codecs = [{payloadType: 96, name: 'opus', clockRate: 48_000}];
	const known = await openCall(t, [{codecs}, {}]);
	const unknown = await openCall(t, undefined, {plane: known.plane});
	for (const call of [known, unknown]) {
		await call.parties[0].rtp.send(rtpPacket({sequenceNumber: 1, payloadType: 96}), call.ports[0].rtp);
	}

	t.like(await streamOf(t, known, 1), {payloadType: 96, codec: 'opus', jitter: {units: 0, ms: 0}, lost: 0});
	const {payloadType, codec, jitter, quality} = await streamOf(t, unknown, 1);
	t.deepEqual([payloadType, codec, jitter, quality], [undefined, undefined, undefined, undefined]);
});

test('reports of the other peer tell how a stream arrives there, and the round trip', async (t) => {
	const call = await openCall(t);
	const [alice, bob] = call.parties;
	const ntpTimestamp = toNtpTimestamp(Date.now());
	await alice.rtp.send(rtpPacket({sequenceNumber: 1, ssrc: 7}), call.ports[0].rtp);
	await alice.rtcp.send(
		writeRtcp([
			{
				kind: 'sender-report',
				ssrc: 7,
				ntpTimestamp,
				rtpTimestamp: 160,
				packetCount: 1,
				octetCount: 160,
				reports: [],
				extension: new Uint8Array(),
			},
		]),
		call.ports[0].rtcp,
	);
	await Promise.all([bob.rtp.waitFor(1), bob.rtcp.waitFor(1)]);
	const block: ReportBlock = {
		ssrc: 7,
		fractionLost: 64,
		cumulativeLost: 5,
		extendedHighestSequence: 1,
		jitter: 80,
		lastSenderReport: Number((ntpTimestamp >> 16n) & 0xff_ff_ff_ffn),
		delaySinceLastSenderReport: 0,
	};
	await bob.rtcp.send(
		writeRtcp([{kind: 'receiver-report', ssrc: 8, reports: [block], extension: new Uint8Array()}]),
		call.ports[1].rtcp,
	);

	const statistics = await settled(call, 1, 1);
	const {far} = statistics[0].streams[0] ?? {};
	t.like(far, {fractionLost: 0.25, lost: 5, jitter: {units: 80, ms: 10}});
	t.true((far?.quality?.mos ?? 5) < 3);
	t.true((far?.roundTripMs ?? -1) >= 0 && (far?.roundTripMs ?? 60_000) < 60_000);
	t.is(statistics[1].roundTripMs, far?.roundTripMs);
	t.is(statistics[0].roundTripMs, undefined);
});

test('VoIP metrics of an extended report are read, what is unavailable left out', async (t) => {
	const call = await openCall(t);
	await call.parties[0].rtp.send(rtpPacket({sequenceNumber: 1, ssrc: 7}), call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(1);
	const body = Buffer.alloc(40);
	body.writeUInt32BE(8, 0);
	body.set([7, 0, 0, 8], 4);
	body.writeUInt32BE(7, 8);
	body.set([64, 0], 12);
	body.writeUInt16BE(120, 20);
	body.set([127, 127, 127, 16, 80, 127, 39, 127], 24);
	await call.parties[1].rtcp.send(
		writeRtcp([
			{kind: 'receiver-report', ssrc: 8, reports: [], extension: new Uint8Array()},
			{kind: 'other', packetType: 207, count: 0, body},
		]),
		call.ports[1].rtcp,
	);
	const {farMetrics} = (await settled(call, 1, 1))[0].streams[0] ?? {};
	t.like(farMetrics, {lossRate: 0.25, roundTripDelayMs: 120, gapThreshold: 16, ratingFactor: 80, listeningMos: 3.9});
	t.false('conversationalMos' in (farMetrics ?? {}));
	t.false('signalLevelDbm' in (farMetrics ?? {}));
});

test('a malformed report is dropped, counted, and no stream', async (t) => {
	const call = await openCall(t);
	await call.parties[0].rtcp.send(Buffer.from([0x81, 201, 0, 1, 0, 0, 0, 9]), call.ports[0].rtcp);
	const [{dropped, streams}] = await settled(call, 0, 1);
	t.is(dropped.malformed, 1);
	t.deepEqual(streams, []);
});

test.serial('a leg that falls silent is told once, RTP and RTCP apart, and again after it spoke', async (t) => {
	const call = await openCall(t, [{rtpTimeoutMs: 1000, rtcpTimeoutMs: 2000}, {}]);
	const told: string[] = [];
	call.plane.on('rtp-timeout', ({leg}) => told.push(`rtp ${leg}`));
	call.plane.on('rtcp-timeout', ({leg}) => told.push(`rtcp ${leg}`));
	await call.parties[0].rtcp.send(rtcpPacket(), call.ports[0].rtcp);
	await once(call.plane, 'rtcp-timeout');
	t.deepEqual(told, ['rtp 0', 'rtcp 0']);

	await call.parties[0].rtp.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	await once(call.plane, 'rtp-timeout');
	t.deepEqual(told, ['rtp 0', 'rtcp 0', 'rtp 0']);
});

test.serial('a held leg is not told to be silent', async (t) => {
	const call = await openCall(t, [
		{rtpTimeoutMs: 1000, direction: 'inactive'},
		{rtpTimeoutMs: 1000, direction: 'sendonly'},
	]);
	const other = await openCall(t, [{rtpTimeoutMs: 2000}, {}], {plane: call.plane});
	const told: number[] = [];
	call.plane.on('rtp-timeout', ({relay}) => told.push(relay));
	await once(call.plane, 'rtp-timeout');
	t.deepEqual(told, [other.relay]);
	await call.plane.configureLeg(call.relay, 0, {
		remote: remoteOf(call.parties[0]),
		sessions: {kind: 'clear'},
		rtpTimeoutMs: 1000,
	});
	const [event] = await once(call.plane, 'rtp-timeout');
	t.is(event.relay, call.relay);
	t.is(event.leg, 0);
});
