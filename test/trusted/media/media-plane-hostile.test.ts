import {randomBytes, randomInt} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {Phone, rtcpPacket, rtpPacket} from './support/phone.js';
import {
	dropsOf,
	isBalanced,
	loopback,
	must,
	openCall,
	openPlane,
	SharedKey,
	settled,
	srtpSettings,
} from './support/plane.js';

test('malformed packets are counted and dropped, RTP and RTCP', async (t) => {
	const call = await openCall(t);
	const [alice] = call.parties;
	const good = rtpPacket({sequenceNumber: 1});
	const padded = (octet: number) => {
		const packet = Buffer.from(good);
		packet[0] = 0xa0;
		packet[packet.length - 1] = octet;
		return packet;
	};

	const malformed = [
		Buffer.alloc(0),
		Buffer.from([0x80]),
		good.subarray(0, 11),
		Buffer.concat([Buffer.from([0x40]), good.subarray(1)]), // version 1
		Buffer.concat([Buffer.from([0x8f]), good.subarray(1, 40)]), // 15 CSRCs in 28 octets
		Buffer.concat([Buffer.from([0x90]), good.subarray(1, 12)]), // extension, but no header of it
		Buffer.concat([Buffer.from([0x90]), good.subarray(1, 12), Buffer.from([0xbe, 0xde, 0xff, 0xff, 1, 2, 3, 4])]),
		padded(0),
		padded(161),
		Buffer.alloc(3000, 0x80), // oversize
		Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...new Array<number>(12).fill(0)]), // STUN
		Buffer.from([22, 254, 253, ...new Array<number>(20).fill(0)]), // DTLS
		Buffer.from([16, ...new Array<number>(20).fill(0)]), // ZRTP
	];
	for (const packet of malformed) {
		await alice.rtp.send(packet, call.ports[0].rtp);
	}

	const rtcp = [
		rtpPacket({sequenceNumber: 1}), // RTP on the RTCP port
		rtcpPacket().subarray(0, 7),
		rtcpPacket().subarray(0, 12),
		Buffer.concat([rtcpPacket(), Buffer.from([0x80, 201])]),
		Buffer.from([0xa0, 201, 0, 1, 1, 2, 3, 3]), // padding that is no multiple of four
	];
	for (const packet of rtcp) {
		await alice.rtcp.send(packet, call.ports[0].rtcp);
	}

	await alice.rtp.send(padded(160), call.ports[0].rtp);
	t.deepEqual(await call.parties[1].rtp.waitFor(1), [padded(160)]);
	const statistics = await settled(call, 0, malformed.length + rtcp.length + 1);
	// Version 1 looks like a channel of TURN (RFC 7983 §7).
	const others = {stun: 1, dtls: 1, zrtp: 1, 'turn-channel': 1};
	t.deepEqual(dropsOf(statistics, 0), {...others, malformed: malformed.length + rtcp.length - 4});
	t.true(isBalanced(statistics));
});

test('after a burst of 10,000 junk datagrams the stream goes on at once', async (t) => {
	const [fromAlice, toAlice] = [new SharedKey('AES_CM_128_HMAC_SHA1_80'), new SharedKey('AES_CM_128_HMAC_SHA1_80')];
	const call = await openCall(t, [srtpSettings(fromAlice, toAlice), {}]);
	const {parties, ports} = call;
	const outbound = fromAlice.outbound(t);
	const charles = await Phone.open(t);
	const speak = async (sequenceNumber: number) => {
		await parties[0].rtp.send(must(outbound.protectRtp(rtpPacket({sequenceNumber}))), ports[0].rtp);
	};

	await speak(0);
	await parties[1].rtp.waitFor(1);
	const junk = randomBytes(200);
	const burst = Array.from({length: 10_000}, () => charles.send(junk, ports[0].rtp));
	await Promise.all(burst);
	const {received, dropped} = (await call.plane.statistics(call.relay))[0];
	t.true(dropped['wrong-source'] > 0 && dropped['wrong-source'] === received.packets - 1);
	for (let sequenceNumber = 1; sequenceNumber <= 50; sequenceNumber++) {
		await speak(sequenceNumber);
	}

	await parties[1].rtp.waitFor(51);
	t.true(isBalanced(await call.plane.statistics(call.relay)));
});

test('thousands of mutated packets leave the process alive and the counters whole', async (t) => {
	const keys = [new SharedKey('AES_CM_128_HMAC_SHA1_32'), new SharedKey('AEAD_AES_256_GCM')] as const;
	const call = await openCall(t, [srtpSettings(keys[0], new SharedKey('AES_CM_128_HMAC_SHA1_32')), {}]);
	const {parties, ports, plane, relay} = call;
	const outbound = keys[0].outbound(t);
	let sent = 0;
	for (let round = 0; round < 60; round++) {
		for (let i = 0; i < 50; i++) {
			const isRtcp = i % 5 === 0;
			const fromSealed = i % 2 === 0;
			const plain = isRtcp ? rtcpPacket(i) : rtpPacket({sequenceNumber: 50 * round + i, ssrc: fromSealed ? 1 : 2});
			const packet = mutate(
				fromSealed ? must(isRtcp ? outbound.protectRtcp(plain) : outbound.protectRtp(plain)) : plain,
			);
			const leg = fromSealed ? 0 : 1;
			const channel = isRtcp ? 'rtcp' : 'rtp';
			await parties[leg][channel].send(packet, ports[leg][channel]);
			sent += leg === 0 ? 1 : 0;
		}

		await settled(call, 0, sent);
	}

	const statistics = await settled(call, 1, 3000 - sent);
	t.true(isBalanced(statistics));
	t.true(statistics[0].dropped.malformed > 0 && statistics[0].dropped['bad-tag'] > 0);
	t.is(statistics[0].dropped.internal + statistics[1].dropped.internal, 0);
	t.truthy(await plane.destroyRelay(relay));
});

test.serial('500 relays made and destroyed leave no socket behind', async (t) => {
	const plane = openPlane(t, {interfaces: loopback(portsOfOurOwn)});
	const legs = [{family: 'IPv4'}, {family: 'IPv6'}] as const;
	for (let round = 0; round < 25; round++) {
		const created = await Promise.all(Array.from({length: 20}, () => plane.createRelay(legs)));
		t.is(await settledSockets(20 * 4), 20 * 4);
		await Promise.all(created.map(({relay}) => plane.destroyRelay(relay)));
	}

	t.is(plane.size, 0);
	t.is(await settledSockets(0), 0);
});

/** Flips bits, cuts, lengthens or repeats, at random. */
function mutate(packet: Uint8Array): Buffer {
	const copy = Buffer.from(packet);
	switch (randomInt(5)) {
		case 0:
			copy[randomInt(copy.length)] = randomInt(256);
			return copy;
		case 1:
			return copy.subarray(0, randomInt(copy.length));
		case 2:
			return Buffer.concat([copy, randomBytes(randomInt(1400))]);
		case 3:
			copy[0] = randomInt(256);
			return copy;
		default:
			return copy;
	}
}

/** Below the ports that the system gives away by itself and those that other tests take. */
const portsOfOurOwn = [10_000, 10_999] as const;

/** UDP sockets of this machine that are bound to one of them. Descriptors would count what other tests hold. */
/** The kernel's tables are no snapshot: while other tests open and close sockets, a reading may miss some. */
async function settledSockets(expected: number): Promise<number> {
	for (let tries = 0; tries < 50 && socketsInUse() !== expected; tries++) {
		await delay(20);
	}

	return socketsInUse();
}

function socketsInUse(): number {
	const [first, last] = portsOfOurOwn;
	return ['/proc/net/udp', '/proc/net/udp6']
		.flatMap((table) => readFileSync(table, 'utf8').split('\n').slice(1))
		.map((line) => Number.parseInt(line.trim().split(/\s+/)[1]?.split(':')[1] ?? '', 16))
		.filter((port) => port >= first && port <= last).length;
}
