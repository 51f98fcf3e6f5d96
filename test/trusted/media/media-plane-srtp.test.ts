import test, {type ExecutionContext} from 'ava';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';
import {Phone, remoteOf, rtcpPacket, rtpPacket} from './support/phone.js';
import {dropsOf, isBalanced, must, openCall, SharedKey, settled, srtpSettings} from './support/plane.js';

const suites = Object.keys(srtpSuites) as SrtpSuiteName[];

/** A call with SRTP on both legs, all four keys apart, and the phones' own sessions. */
async function openSealedCall(t: ExecutionContext, [first, second]: readonly [SrtpSuiteName, SrtpSuiteName]) {
	const keys = {
		fromAlice: new SharedKey(first),
		toAlice: new SharedKey(first),
		fromBob: new SharedKey(second),
		toBob: new SharedKey(second),
	};
	const call = await openCall(t, [srtpSettings(keys.fromAlice, keys.toAlice), srtpSettings(keys.fromBob, keys.toBob)]);
	return {
		...call,
		keys,
		alice: {outbound: keys.fromAlice.outbound(t), inbound: keys.toAlice.inbound(t)},
		bob: {outbound: keys.fromBob.outbound(t), inbound: keys.toBob.inbound(t)},
	};
}

for (const [index, suite] of suites.entries()) {
	const other = suites[(index + 3) % suites.length] ?? suite;

	test(`SRTP and SRTCP under ${suite} come out under ${other} and the other way round`, async (t) => {
		const {plane, relay, parties, ports, alice, bob} = await openSealedCall(t, [suite, other]);
		const numbers = Array.from({length: 10}, (_, sequenceNumber) => sequenceNumber);
		const byAlice = numbers.map((sequenceNumber) => rtpPacket({sequenceNumber, ssrc: 1}));
		const byBob = numbers.map((sequenceNumber) => rtpPacket({sequenceNumber, ssrc: 2}));
		for (const number of numbers) {
			await parties[0].rtp.send(must(alice.outbound.protectRtp(byAlice[number] as Buffer)), ports[0].rtp);
			await parties[1].rtp.send(must(bob.outbound.protectRtp(byBob[number] as Buffer)), ports[1].rtp);
		}

		await parties[0].rtcp.send(must(alice.outbound.protectRtcp(rtcpPacket(1))), ports[0].rtcp);
		await parties[1].rtcp.send(must(bob.outbound.protectRtcp(rtcpPacket(2))), ports[1].rtcp);

		const heardByBob = await parties[1].rtp.waitFor(10);
		const heardByAlice = await parties[0].rtp.waitFor(10);
		for (const number of numbers) {
			t.deepEqual(Buffer.from(must(bob.inbound.unprotectRtp(heardByBob[number] as Buffer))), byAlice[number]);
			t.deepEqual(Buffer.from(must(alice.inbound.unprotectRtp(heardByAlice[number] as Buffer))), byBob[number]);
		}

		const [toBob] = await parties[1].rtcp.waitFor(1);
		const [toAlice] = await parties[0].rtcp.waitFor(1);
		t.deepEqual(Buffer.from(must(bob.inbound.unprotectRtcp(toBob as Buffer))), rtcpPacket(1));
		t.deepEqual(Buffer.from(must(alice.inbound.unprotectRtcp(toAlice as Buffer))), rtcpPacket(2));
		t.true(isBalanced(await plane.statistics(relay)));
	});
}

test('SRTP on one leg meets plain RTP on the other, RTCP too', async (t) => {
	const [fromAlice, toAlice] = [new SharedKey('AEAD_AES_128_GCM'), new SharedKey('AEAD_AES_128_GCM')];
	const {parties, ports} = await openCall(t, [srtpSettings(fromAlice, toAlice), {}]);
	const [outbound, inbound] = [fromAlice.outbound(t), toAlice.inbound(t)];
	await parties[0].rtp.send(must(outbound.protectRtp(rtpPacket({sequenceNumber: 1}))), ports[0].rtp);
	await parties[0].rtcp.send(must(outbound.protectRtcp(rtcpPacket(1))), ports[0].rtcp);
	await parties[1].rtp.send(rtpPacket({sequenceNumber: 2, ssrc: 2}), ports[1].rtp);
	await parties[1].rtcp.send(rtcpPacket(2), ports[1].rtcp);
	t.deepEqual(await parties[1].rtp.waitFor(1), [rtpPacket({sequenceNumber: 1})]);
	t.deepEqual(await parties[1].rtcp.waitFor(1), [rtcpPacket(1)]);
	const [rtp] = await parties[0].rtp.waitFor(1);
	const [rtcp] = await parties[0].rtcp.waitFor(1);
	t.deepEqual(Buffer.from(must(inbound.unprotectRtp(rtp as Buffer))), rtpPacket({sequenceNumber: 2, ssrc: 2}));
	t.deepEqual(Buffer.from(must(inbound.unprotectRtcp(rtcp as Buffer))), rtcpPacket(2));
});

test('10,000 replayed packets are dropped and counted, every one', async (t) => {
	const call = await openSealedCall(t, ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_80']);
	const {parties, ports, alice} = call;
	const recorded: Uint8Array[] = [];
	for (let sequenceNumber = 0; sequenceNumber < 100; sequenceNumber++) {
		recorded.push(must(alice.outbound.protectRtp(rtpPacket({sequenceNumber}))));
	}

	for (const packet of recorded) {
		await parties[0].rtp.send(packet, ports[0].rtp);
	}

	await parties[1].rtp.waitFor(100);
	for (let round = 1; round <= 100; round++) {
		for (const packet of recorded) {
			await parties[0].rtp.send(packet, ports[0].rtp);
		}

		await settled(call, 0, 100 + 100 * round);
	}

	const statistics = await settled(call, 0, 10_100);
	t.deepEqual(dropsOf(statistics, 0), {replayed: 10_000});
	t.is(statistics[1].sent.packets, 100);
	t.is(parties[1].rtp.received.length, 100);
});

test('a replay from another address is dropped before any crypto, and told once', async (t) => {
	const call = await openSealedCall(t, ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM']);
	const {parties, ports, alice, plane} = call;
	const charles = await Phone.open(t);
	const events: unknown[] = [];
	plane.on('wrong-source', (event) => events.push(event));
	const packet = must(alice.outbound.protectRtp(rtpPacket({sequenceNumber: 1})));
	for (let i = 0; i < 50; i++) {
		await charles.send(packet, ports[0].rtp);
	}

	await parties[0].rtp.send(packet, ports[0].rtp);
	await parties[1].rtp.waitFor(1);
	t.deepEqual(dropsOf(await settled(call, 0, 51), 0), {'wrong-source': 50});
	t.deepEqual(events, [{relay: call.relay, leg: 0, from: charles.address, suppressed: 0}]);
});

test('a wrong tag, a foreign key and plain RTP on an SRTP leg do not pass', async (t) => {
	const call = await openSealedCall(t, ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_80']);
	const {parties, ports, alice} = call;
	const flipped = must(alice.outbound.protectRtp(rtpPacket({sequenceNumber: 1})));
	flipped.set([(flipped.at(-1) ?? 0) ^ 1], flipped.byteLength - 1);
	const foreign = new SharedKey('AES_CM_128_HMAC_SHA1_80').outbound(t);
	await parties[0].rtp.send(flipped, ports[0].rtp);
	await parties[0].rtp.send(must(foreign.protectRtp(rtpPacket({sequenceNumber: 2}))), ports[0].rtp);
	await parties[0].rtp.send(rtpPacket({sequenceNumber: 3}), ports[0].rtp);
	await parties[0].rtp.send(must(alice.outbound.protectRtp(rtpPacket({sequenceNumber: 4}))), ports[0].rtp);
	await parties[1].rtp.waitFor(1);
	t.deepEqual(dropsOf(await settled(call, 0, 4), 0), {'bad-tag': 3});
});

for (const [suite, proofs] of [
	['AES_CM_128_HMAC_SHA1_80', 1],
	['AES_CM_128_HMAC_SHA1_32', 3],
	['AEAD_AES_128_GCM', 1],
] as const) {
	test(`with ${suite} an address is learned from ${proofs} authenticated packets and no others`, async (t) => {
		const [fromAlice, toAlice] = [new SharedKey(suite), new SharedKey(suite)];
		const call = await openCall(t, [{...srtpSettings(fromAlice, toAlice), source: {kind: 'learned'}}, {}]);
		const {parties, ports} = call;
		const [natted, charles] = [await Phone.open(t), await Phone.open(t)];
		const outbound = fromAlice.outbound(t);
		let sequenceNumber = 0;
		let sent = 0;
		const speak = async (from: Phone, packet: Uint8Array) => {
			await from.send(packet, ports[0].rtp);
			await settled(call, 0, ++sent);
		};
		const sealed = () => must(outbound.protectRtp(rtpPacket({sequenceNumber: sequenceNumber++})));

		// Until the row is whole the relay answers to the declared address, whoever sends junk in between.
		for (let proof = 1; proof < proofs; proof++) {
			await speak(natted, sealed());
			await speak(charles, rtpPacket({sequenceNumber}));
			await parties[1].rtp.send(rtpPacket({sequenceNumber: proof, ssrc: 2}), ports[1].rtp);
			await parties[0].rtp.waitFor(proof);
		}

		await speak(charles, rtpPacket({sequenceNumber}));
		await speak(natted, sealed());
		await parties[1].rtp.send(rtpPacket({sequenceNumber: 1000, ssrc: 2}), ports[1].rtp);
		await natted.waitFor(1);

		await speak(charles, sealed());
		t.deepEqual(dropsOf(await settled(call, 0, sent), 0), {'bad-tag': proofs, 'wrong-source': 1});
		t.is(parties[1].rtp.received.length, proofs);
		t.is(charles.received.length, 0);
	});
}

test('new keys take over while packets flow; sessions that are kept go on with their indices', async (t) => {
	const call = await openSealedCall(t, ['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM']);
	const {plane, relay, parties, ports, alice, bob} = call;
	const speak = async (outbound: typeof alice.outbound, sequenceNumber: number) => {
		await parties[0].rtp.send(must(outbound.protectRtp(rtpPacket({sequenceNumber}))), ports[0].rtp);
		await parties[1].rtp.waitFor(sequenceNumber);
	};

	await speak(alice.outbound, 1);
	await plane.configureLeg(relay, 1, {
		remote: remoteOf(parties[1]),
		sessions: {kind: 'srtp', inbound: 'keep', outbound: 'keep'},
	});
	await speak(alice.outbound, 2);

	const fresh = new SharedKey('AEAD_AES_256_GCM');
	await plane.configureLeg(relay, 0, {
		remote: remoteOf(parties[0]),
		sessions: {kind: 'srtp', inbound: {keys: [fresh.legKey()]}, outbound: 'keep'},
	});
	await speak(fresh.outbound(t), 3);
	await parties[0].rtp.send(must(alice.outbound.protectRtp(rtpPacket({sequenceNumber: 4}))), ports[0].rtp);

	// What the old key sealed may still be on its way.
	for (const [index, packet] of (await parties[1].rtp.waitFor(4)).entries()) {
		t.deepEqual(Buffer.from(must(bob.inbound.unprotectRtp(packet))), rtpPacket({sequenceNumber: index + 1}));
	}

	t.deepEqual(dropsOf(await settled(call, 0, 4), 0), {});
});

test('what leaves under one key never repeats an index, even if the plain side does', async (t) => {
	const [fromAlice, toAlice] = [new SharedKey('AES_CM_128_HMAC_SHA1_80'), new SharedKey('AES_CM_128_HMAC_SHA1_80')];
	const call = await openCall(t, [srtpSettings(fromAlice, toAlice), {}]);
	const {parties, ports} = call;
	await parties[1].rtp.send(rtpPacket({sequenceNumber: 9}), ports[1].rtp);
	await parties[1].rtp.send(rtpPacket({sequenceNumber: 9, payload: Buffer.alloc(160, 1)}), ports[1].rtp);
	await parties[1].rtp.send(rtpPacket({sequenceNumber: 10}), ports[1].rtp);
	const heard = await parties[0].rtp.waitFor(2);
	const inbound = toAlice.inbound(t);
	t.deepEqual(
		heard.map((packet) => Buffer.from(must(inbound.unprotectRtp(packet))).readUInt16BE(2)),
		[9, 10],
	);
	t.deepEqual(dropsOf(await settled(call, 1, 3), 1), {replayed: 1});
});
