import {createHmac} from 'node:crypto';
import {once} from 'node:events';
import {crc32} from 'node:zlib';
import test from 'ava';
import {Phone, remoteOf, rtpPacket} from './support/phone.js';
import {dropsOf, isBalanced, openCall, settled} from './support/plane.js';

const password = 'VOkJxbRl1RmTxUk/WvJxBt';
const credentials = {kind: 'ice-lite', usernameFragment: 'evtj', password} as const;

test('a STUN Binding request is answered on the port where it came, where the leg asks for it', async (t) => {
	const call = await openCall(t, [{stun: {kind: 'answer'}}, {}]);
	const [alice, bob] = call.parties;
	const charles = await Phone.open(t);
	for (const channel of ['rtp', 'rtcp'] as const) {
		await charles.send(bindingRequest(), call.ports[0][channel]);
		await alice[channel].send(bindingRequest(), call.ports[0][channel]);
		const [answer] = (await alice[channel].waitFor(1)) as [Buffer];
		t.is(answer.readUInt16BE(0), 0x01_01);
		t.deepEqual(answer.subarray(4, 20), bindingRequest().subarray(4, 20), 'cookie and transaction');
		t.is(answer.readUInt16BE(26) ^ 0x21_12, alice[channel].address.port);
		t.is((answer.readUInt32BE(28) ^ 0x21_12_a4_42) >>> 0, 0x7f_00_00_01);
	}

	await bob.rtp.send(bindingRequest(), call.ports[1].rtp);
	await alice.rtp.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	t.deepEqual(await bob.rtp.waitFor(1), [rtpPacket({sequenceNumber: 1})]);
	await settled(call, 1, 1);
	const statistics = await settled(call, 0, 5);
	t.is(statistics[0].handled.stun, 2);
	t.deepEqual(dropsOf(statistics, 0), {'wrong-source': 2});
	t.deepEqual(dropsOf(statistics, 1), {stun: 1});
	t.true(isBalanced(statistics));
	t.is(charles.received.length, 0);
});

test('with credentials only signed requests are answered, and the answers are signed', async (t) => {
	const call = await openCall(t, [{stun: credentials}, {}]);
	const [{rtp: alice}] = call.parties;
	await alice.send(bindingRequest(), call.ports[0].rtp);
	await alice.send(iceCheck('evtj:h6vY', 'another password of 22'), call.ports[0].rtp);
	await alice.send(iceCheck('evtk:h6vY', password), call.ports[0].rtp);
	const request = iceCheck('evtj:h6vY', password);
	await alice.send(request, call.ports[0].rtp);
	const [answer] = (await alice.waitFor(1)) as [Buffer];
	t.is(answer.length, 64);
	t.true(answer.length < request.length, 'nobody is helped to flood another');
	const covered = Buffer.from(answer.subarray(0, 32));
	covered.writeUInt16BE(12 + 24, 2);
	t.deepEqual(answer.subarray(36, 56), createHmac('sha1', password).update(covered).digest());
	t.is(answer.readUInt32BE(60), (crc32(answer.subarray(0, 56)) ^ 0x53_54_55_4e) >>> 0);
	const statistics = await settled(call, 0, 4);
	t.deepEqual(dropsOf(statistics, 0), {stun: 3});
	t.is(statistics[0].handled.stun, 1);
});

test('more requests than anybody needs are not answered, and media goes on', async (t) => {
	const call = await openCall(t, [{stun: {kind: 'answer'}}, {}]);
	const [{rtp: alice}, {rtp: bob}] = call.parties;
	for (let round = 1; round <= 10; round++) {
		await Promise.all(Array.from({length: 50}, () => alice.send(bindingRequest(), call.ports[0].rtp)));
		await settled(call, 0, 51 * round - 1);
		await alice.send(rtpPacket({sequenceNumber: round}), call.ports[0].rtp);
		await settled(call, 0, 51 * round);
	}

	await bob.waitFor(10);
	const statistics = await settled(call, 0, 510);
	t.true(statistics[0].handled.stun >= 50 && statistics[0].dropped.stun > 0);
	t.true(isBalanced(statistics));
});

test('DTLS is handed up with its octets where the leg asks, and ZRTP is told once', async (t) => {
	const call = await openCall(t, [{dtls: 'report'}, {}]);
	const [{rtp: alice}] = call.parties;
	const zrtp: unknown[] = [];
	call.plane.on('zrtp', (event) => zrtp.push(event));
	const told = once(call.plane, 'dtls');
	const hello = Buffer.concat([Buffer.from([22, 254, 253]), Buffer.alloc(50, 7)]);
	for (let i = 0; i < 3; i++) {
		await alice.send(Buffer.concat([Buffer.from([16, 0, 0, 1]), Buffer.from('ZRTP')]), call.ports[0].rtp);
	}

	await alice.send(hello, call.ports[0].rtp);
	const [event] = await told;
	t.like(event, {relay: call.relay, leg: 0, from: alice.address, channel: 'rtp'});
	t.deepEqual(Buffer.from(event.octets), hello);
	const statistics = await settled(call, 0, 4);
	t.deepEqual(zrtp, [{relay: call.relay, leg: 0, from: alice.address, channel: 'rtp'}]);
	t.is(statistics[0].handled.dtls, 1);
	t.deepEqual(dropsOf(statistics, 0), {zrtp: 3});
	t.true(isBalanced(statistics));
});

test('what to do with STUN and DTLS is checked and named, and no message shows a password', async (t) => {
	const call = await openCall(t);
	const refused = async (settings: object, message: RegExp) => {
		const good = {remote: remoteOf(call.parties[0]), sessions: {kind: 'clear'}};
		const error = await t.throwsAsync(
			call.plane.configureLeg(call.relay, 0, {...good, ...settings} as never),
			{message},
			JSON.stringify(settings),
		);
		t.false(error?.message.includes('secret'));
	};

	await refused({stun: {kind: 'never'}}, /stun\.kind/);
	await refused({stun: {kind: 'answer', password}}, /password/);
	await refused({stun: {kind: 'ice-lite', usernameFragment: 'abc', password}}, /usernameFragment/);
	await refused({stun: {kind: 'ice-lite', usernameFragment: 'evtj', password: 'secret'}}, /password/);
	await refused({stun: {kind: 'ice-lite', usernameFragment: 'ev:j', password}}, /usernameFragment/);
	await refused({dtls: 'answer'}, /dtls/);
});

const transaction = Buffer.from('0102030405060708090a0b0c', 'hex');

function message(attributes: Buffer, length = attributes.length): Buffer {
	const header = Buffer.alloc(8);
	header.writeUInt16BE(1, 0);
	header.writeUInt16BE(length, 2);
	header.writeUInt32BE(0x21_12_a4_42, 4);
	return Buffer.concat([header, transaction, attributes]);
}

function attribute(type: number, value: Uint8Array): Buffer {
	const header = Buffer.alloc(4);
	header.writeUInt16BE(type, 0);
	header.writeUInt16BE(value.byteLength, 2);
	return Buffer.concat([header, value, Buffer.alloc((4 - (value.byteLength % 4)) % 4)]);
}

function bindingRequest(): Buffer {
	return message(Buffer.alloc(0));
}

/** A connectivity check (RFC 8445 §7.2.2): USERNAME, PRIORITY, MESSAGE-INTEGRITY, FINGERPRINT. */
function iceCheck(username: string, key: string): Buffer {
	const plain = Buffer.concat([
		attribute(0x00_06, Buffer.from(username)),
		attribute(0x00_24, Buffer.from([0x6e, 0, 1, 0xff])),
	]);
	const integrity = createHmac('sha1', key)
		.update(message(plain, plain.length + 24))
		.digest();
	const signed = Buffer.concat([plain, attribute(0x00_08, integrity)]);
	const mark = Buffer.alloc(4);
	mark.writeUInt32BE((crc32(message(signed, signed.length + 8)) ^ 0x53_54_55_4e) >>> 0);
	return message(Buffer.concat([signed, attribute(0x80_28, mark)]));
}
