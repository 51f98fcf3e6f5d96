import {createSocket} from 'node:dgram';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {fail, ok} from '#dist/base/index.js';
import {synthesizeSpeech} from '#dist/cli/demo/speech.js';
import {
	PacedSender,
	type PacedSenderOptions,
	RtpReceiver,
	type RtpReceiverOptions,
	RtpSocketPair,
} from '#dist/io/rtp/index.js';
import {decodeG711, encodeG711, parseWav} from '#dist/wire/audio/index.js';
import {parseRtcp, type RtcpPacket, writeRtcp, writeRtp} from '#dist/wire/rtp/index.js';

const speech = synthesizeSpeech(3, 0.33);

/** A sender and a receiver on loopback; both sockets are closed with the test. */
async function call(
	t: ExecutionContext,
	sending: Partial<PacedSenderOptions> = {},
	receiving: Partial<RtpReceiverOptions> = {},
): Promise<{from: RtpSocketPair; to: RtpSocketPair; sender: PacedSender; receiver: RtpReceiver}> {
	const [from, to] = await Promise.all([RtpSocketPair.bind(), RtpSocketPair.bind()]);
	const receiver = new RtpReceiver({sockets: to, ...receiving});
	t.teardown(async () => {
		receiver.close();
		await Promise.all([from.close(), to.close()]);
	});
	const sender = new PacedSender({
		sockets: from,
		destination: to.destination,
		codec: 'pcma',
		sound: encodeG711('pcma', speech),
		...sending,
	});
	return {from, to, sender, receiver};
}

for (const codec of ['pcma', 'pcmu'] as const) {
	test(`${codec}: what is heard is what was sent, sample by sample, and ends with the goodbye`, async (t) => {
		const {sender, receiver} = await call(t, {codec, sound: encodeG711(codec, speech)});
		const [summary, end] = await Promise.all([sender.play(), receiver.finished({timeoutMs: 10_000})]);
		t.is(end, 'goodbye');
		t.is(summary.packets, 17, 'the last frame is filled up');
		t.is(summary.sendErrors, 0);
		t.true(summary.firstSequenceNumber < 0x80_00);
		t.deepEqual(receiver.recording(summary.ssrc), decodeG711(codec, summary.sound));
		t.deepEqual(summary.sound.subarray(0, speech.length), encodeG711(codec, speech));
		const {sources, dropped} = receiver.statistics();
		const [source] = sources;
		t.like(source, {ssrc: summary.ssrc, packets: 17, expected: 17, lost: 0, duplicates: 0, late: 0, saidGoodbye: true});
		t.deepEqual(dropped, {});
	});
}

test('the recording is written as a WAV file', async (t) => {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-rtp-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const {sender, receiver} = await call(t);
	const [summary] = await Promise.all([sender.play(), receiver.finished({timeoutMs: 10_000})]);
	await receiver.writeRecording(join(folder, 'heard.wav'));
	const wav = parseWav(await readFile(join(folder, 'heard.wav')));
	t.deepEqual(wav.ok && wav.value.samples, decodeG711('pcma', summary.sound));
});

test('frames keep their pace', async (t) => {
	const sentMs: number[] = [];
	const {sender} = await call(t, {onSent: (_, nowMs) => sentMs.push(nowMs)});
	await sender.play();
	t.true(
		sentMs.every((at, index) => at - (sentMs[0] ?? 0) >= 20 * index - 0.5),
		'none is early',
	);
});

test('packets are protected on their way out and unprotected on their way in, RTCP too', async (t) => {
	const flip = (packet: Uint8Array) => ok(packet.map((octet, index) => (index < 12 ? octet : octet ^ 0x5a)));
	const {sender, receiver} = await call(
		t,
		{protectRtp: flip, protectRtcp: (packet) => ok(packet.slice())},
		{unprotectRtp: flip, unprotectRtcp: ok},
	);
	const [summary, end] = await Promise.all([sender.play(), receiver.finished({timeoutMs: 10_000})]);
	t.is(end, 'goodbye');
	t.deepEqual(receiver.recording(), decodeG711('pcma', summary.sound));
});

test('a packet that cannot be protected ends the play with the code of the failure', async (t) => {
	let packets = 0;
	const {sender} = await call(t, {
		protectRtp: (packet) => (++packets > 2 ? fail('KEY_EXPIRED', 'Expected a live key, got a spent one.') : ok(packet)),
	});
	await t.throwsAsync(sender.play(), {code: 'KEY_EXPIRED'});
	t.throws(() => sender.play(), {code: 'SENDER_STARTED'});
});

test('closing the sockets under a sender ends the play and nothing else', async (t) => {
	const {from, sender} = await call(t);
	const play = sender.play();
	await from.close();
	await t.throwsAsync(play, {code: 'SOCKET_CLOSED'});
});

test('a stopped sender says goodbye and tells what it sent', async (t) => {
	const {sender, receiver} = await call(t, {
		onSent: () => {
			if (++packets === 3) {
				sender.stop();
			}
		},
	});
	let packets = 0;
	const [summary, end] = await Promise.all([sender.play(), receiver.finished({timeoutMs: 10_000})]);
	t.is(end, 'goodbye');
	t.is(summary.packets, 3);
	t.is(summary.sound.length, 480);
});

test('sender reports go out with a source description first and the goodbye last', async (t) => {
	const compounds: (readonly RtcpPacket[])[] = [];
	const block = {
		ssrc: 5,
		fractionLost: 0,
		cumulativeLost: 0,
		extendedHighestSequence: 0,
		jitter: 0,
		lastSenderReport: 0,
		delaySinceLastSenderReport: 0,
	};
	const {sender, receiver} = await call(
		t,
		{rtcpIntervalMs: 100, cname: 'bob@example.org', reportBlocks: () => [block]},
		{onRtcp: (packets) => compounds.push(packets)},
	);
	const [summary] = await Promise.all([sender.play(), receiver.finished({timeoutMs: 10_000})]);
	t.is(summary.rtcpPackets, compounds.length);
	t.true(compounds.length >= 2);
	t.deepEqual(
		[...new Set(compounds.slice(0, -1).map((packets) => packets.map(({kind}) => kind).join()))],
		['sender-report,source-description'],
	);
	const [report, description, goodbye] = compounds.at(-1) ?? [];
	t.like(report, {kind: 'sender-report', ssrc: summary.ssrc, packetCount: 17, octetCount: 17 * 160, reports: [block]});
	t.is(
		description?.kind === 'source-description' && Buffer.from(description.chunks[0]?.items[0]?.value ?? []).toString(),
		'bob@example.org',
	);
	t.deepEqual(goodbye, {kind: 'goodbye', ssrcs: [summary.ssrc]});
});

test('a receiver that does not send reports what it receives', async (t) => {
	const {from, sender, receiver, to} = await call(t);
	receiver.close();
	const reporting = new RtpReceiver({sockets: to, reports: {destination: from.destination, intervalMs: 60}});
	t.teardown(() => reporting.close());
	const reported = new Promise<readonly RtcpPacket[]>((resolve) => {
		from.rtcp.on('message', (datagram) => {
			const packets = parseRtcp(datagram);
			const [report] = packets.ok ? packets.value : [];
			if (packets.ok && report?.kind === 'receiver-report' && report.reports.length > 0) {
				resolve(packets.value);
			}
		});
	});
	const play = sender.play();
	const [report] = await reported;
	t.true(report?.kind === 'receiver-report' && report.reports[0]?.ssrc === sender.ssrc);
	await play;
});

/** Sends datagrams one after another from a socket of its own. */
async function inject(t: ExecutionContext, to: RtpSocketPair, datagrams: readonly Uint8Array[]): Promise<void> {
	const socket = createSocket('udp4');
	t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
	for (const datagram of datagrams) {
		await new Promise((resolve) => socket.send(datagram, to.port, to.address, resolve));
	}
}

const packetOf = (sequenceNumber: number, ssrc = 1, payloadType = 8) =>
	writeRtp({
		marker: false,
		payloadType,
		sequenceNumber: sequenceNumber & 0xff_ff,
		timestamp: (sequenceNumber * 160) >>> 0,
		ssrc,
		csrcs: [],
		payload: new Uint8Array(160).fill(sequenceNumber & 0xff),
	});

test('order is restored across the wrap, duplicates are dropped, gaps are silence', async (t) => {
	const {to, receiver} = await call(t);
	const order = [65_534, 65_536, 65_535, 65_536, 65_539, 65_537];
	await inject(
		t,
		to,
		order.map((number) => packetOf(number)),
	);
	t.is(await receiver.finished({timeoutMs: 5000, idleMs: 200}), 'idle');
	const expected = [65_534, 65_535, 65_536, 65_537, undefined, 65_539].flatMap((number) =>
		number === undefined
			? Array<number>(160).fill(0)
			: [...decodeG711('pcma', new Uint8Array(160).fill(number & 0xff))],
	);
	t.deepEqual([...receiver.recording()], expected);
	const {sources, dropped} = receiver.statistics();
	t.like(sources[0], {packets: 6, expected: 6, lost: 1, duplicates: 1, silentSamples: 160});
	t.deepEqual(dropped, {duplicate: 1});
});

test('a source that begins anew goes on after what it said before', async (t) => {
	const {to, receiver} = await call(t);
	await inject(
		t,
		to,
		[1, 2, 30_000, 30_001, 30_002].map((number) => packetOf(number)),
	);
	await receiver.finished({timeoutMs: 5000, idleMs: 200});
	const heard = [1, 2, 30_001, 30_002].flatMap((number) => [
		...decodeG711('pcma', new Uint8Array(160).fill(number & 0xff)),
	]);
	t.deepEqual([...receiver.recording()], heard);
	t.deepEqual(receiver.statistics().dropped, {'out-of-sequence': 1});
});

test('whatever strangers send is dropped with its reason and stops nothing', async (t) => {
	const refuse = (packet: Uint8Array) =>
		packet.at(-1) === 0xee ? fail('BAD_TAG', 'Expected a tag, got none.') : ok(packet);
	const {to, receiver} = await call(t, {}, {maxSources: 1, unprotectRtp: refuse});
	const goodbye = writeRtcp([
		{kind: 'receiver-report', ssrc: 9, reports: [], extension: new Uint8Array()},
		{kind: 'goodbye', ssrcs: [9]},
	]);
	await inject(t, to, [
		new Uint8Array(),
		Uint8Array.of(0x16, 1, 2),
		Uint8Array.of(0x80, 0),
		Uint8Array.of(0x80, 200, 0xff),
		Uint8Array.of(...packetOf(1).subarray(0, -1), 0xee),
		packetOf(1),
		packetOf(1, 2),
		packetOf(2, 1, 101),
		Uint8Array.from(packetOf(3)).fill(0xbf, 0, 1),
		goodbye,
		packetOf(2),
	]);
	t.is(await receiver.finished({timeoutMs: 5000, idleMs: 200}), 'idle');
	t.is(receiver.recording().length, 320);
	t.deepEqual(receiver.statistics().dropped, {
		'not-rtp': 2,
		malformed: 3,
		'bad-tag': 1,
		'too-many-sources': 1,
		'unknown-payload-type': 1,
	});
	t.is(receiver.statistics().rtcpPackets, 1);
});

test('only allowed sources are heard', async (t) => {
	const {from, to, sender, receiver} = await call(t);
	receiver.close();
	const strict = new RtpReceiver({sockets: to, allowedSources: [{address: '127.0.0.1', port: from.port}]});
	t.teardown(() => strict.close());
	await inject(t, to, [packetOf(1, 77)]);
	const [summary, end] = await Promise.all([sender.play(), strict.finished({timeoutMs: 10_000})]);
	t.is(end, 'goodbye', 'RTCP comes from the port above');
	t.deepEqual(
		strict.statistics().sources.map(({ssrc}) => ssrc),
		[summary.ssrc],
	);
	t.deepEqual(strict.statistics().dropped, {'wrong-source': 1});
});

test('waiting ends by timeout where nobody speaks', async (t) => {
	const {receiver} = await call(t);
	t.is(await receiver.finished({timeoutMs: 30}), 'timeout');
	t.is(receiver.recording().length, 0);
});

test('a pair of sockets has an even and the next port; a taken port is refused by name', async (t) => {
	const pair = await RtpSocketPair.bind();
	t.teardown(() => pair.close());
	t.is(pair.port % 2, 0);
	t.is(pair.rtcp.address().port, pair.port + 1);
	await t.throwsAsync(RtpSocketPair.bind({port: pair.port}), {code: 'RTP_PORTS_UNAVAILABLE'});
	await t.throwsAsync(RtpSocketPair.bind({port: 4001}), {instanceOf: RangeError});
	await pair.close();
	await pair.close();
});
