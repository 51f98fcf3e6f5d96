import {once} from 'node:events';
import test from 'ava';
import type {RelayId} from '#dist/trusted/media/plane-events.js';
import {dropReasons} from '#dist/trusted/media/protocol.js';
import {Phone, remoteOf, rtcpPacket, rtpPacket} from './support/phone.js';
import {dropsOf, isBalanced, loopback, openCall, openPlane, settled, somePortRange} from './support/plane.js';

test('plain RTP goes both ways, octet by octet', async (t) => {
	const {plane, relay, parties, ports} = await openCall(t);
	const [alice, bob] = parties;
	for (let sequenceNumber = 0; sequenceNumber < 20; sequenceNumber++) {
		await alice.rtp.send(rtpPacket({sequenceNumber}), ports[0].rtp);
		await bob.rtp.send(rtpPacket({sequenceNumber, ssrc: 7}), ports[1].rtp);
	}

	t.deepEqual(
		await bob.rtp.waitFor(20),
		Array.from({length: 20}, (_, sequenceNumber) => rtpPacket({sequenceNumber})),
	);
	t.deepEqual((await alice.rtp.waitFor(20))[19], rtpPacket({sequenceNumber: 19, ssrc: 7}));

	const statistics = await plane.statistics(relay);
	t.like(statistics[0], {received: {packets: 20, octets: 20 * 172}, sent: {packets: 20, octets: 20 * 172}});
	t.deepEqual(Object.keys(statistics[0].dropped), [...dropReasons]);
	t.true(isBalanced(statistics));
});

test('RTCP goes both ways on the odd ports and is counted apart', async (t) => {
	const call = await openCall(t);
	const [alice, bob] = call.parties;
	t.is(call.ports[0].rtp.port % 2, 0);
	t.is(call.ports[0].rtcp.port, call.ports[0].rtp.port + 1);
	await alice.rtcp.send(rtcpPacket(1), call.ports[0].rtcp);
	await bob.rtcp.send(rtcpPacket(2), call.ports[1].rtcp);
	t.deepEqual(await bob.rtcp.waitFor(1), [rtcpPacket(1)]);
	t.deepEqual(await alice.rtcp.waitFor(1), [rtcpPacket(2)]);
	t.like((await settled(call, 0, 1))[0], {received: {packets: 0}, receivedRtcp: 1, sentRtcp: 1});
});

test('IPv4 on one leg meets IPv6 on the other', async (t) => {
	const {parties, ports} = await openCall(t, [{}, {}], {addresses: ['127.0.0.1', '::1']});
	await parties[0].rtp.send(rtpPacket({sequenceNumber: 1}), ports[0].rtp);
	await parties[1].rtp.send(rtpPacket({sequenceNumber: 2, ssrc: 2}), ports[1].rtp);
	t.deepEqual(await parties[1].rtp.waitFor(1), [rtpPacket({sequenceNumber: 1})]);
	t.deepEqual(await parties[0].rtp.waitFor(1), [rtpPacket({sequenceNumber: 2, ssrc: 2})]);
});

test('a leg that is not configured yet passes nothing on', async (t) => {
	const plane = openPlane(t);
	const phone = await Phone.open(t);
	const {relay, legs} = await plane.createRelay([{}, {}]);
	await phone.send(rtpPacket({sequenceNumber: 1}), legs[0].rtp);
	const call = {plane, relay, parties: [] as never, ports: legs};
	t.deepEqual(dropsOf(await settled(call, 0, 1), 0), {'no-route': 1});

	await plane.configureLeg(relay, 0, {remote: {rtp: phone.address, rtcp: phone.address}, sessions: {kind: 'clear'}});
	await phone.send(rtpPacket({sequenceNumber: 2}), legs[0].rtp);
	t.deepEqual(dropsOf(await settled(call, 0, 2), 0), {'no-route': 2});
});

test('only the payload types that a leg may send pass', async (t) => {
	const call = await openCall(t, [{payloadTypes: [8, 101]}, {}]);
	const [alice, bob] = call.parties;
	for (const payloadType of [0, 8, 9, 101]) {
		await alice.rtp.send(rtpPacket({sequenceNumber: payloadType, payloadType}), call.ports[0].rtp);
	}

	t.deepEqual(
		(await bob.rtp.waitFor(2)).map((packet) => packet[1]),
		[8, 101],
	);
	t.deepEqual(dropsOf(await settled(call, 0, 4), 0), {'unknown-payload-type': 2});
});

test('the direction of a leg stops RTP and lets RTCP go on', async (t) => {
	const call = await openCall(t, [{direction: 'sendonly'}, {}]);
	const [alice, bob] = call.parties;
	await alice.rtp.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	await alice.rtcp.send(rtcpPacket(), call.ports[0].rtcp);
	await bob.rtp.send(rtpPacket({sequenceNumber: 2, ssrc: 2}), call.ports[1].rtp);
	await Promise.all([alice.rtp.waitFor(1), bob.rtcp.waitFor(1)]);
	t.deepEqual(dropsOf(await settled(call, 0, 2), 0), {direction: 1});
	t.is(bob.rtp.received.length, 0);

	await call.plane.configureLeg(call.relay, 0, {
		remote: remoteOf(alice),
		sessions: {kind: 'clear'},
		direction: 'recvonly',
	});
	await bob.rtp.send(rtpPacket({sequenceNumber: 3, ssrc: 2}), call.ports[1].rtp);
	await alice.rtp.send(rtpPacket({sequenceNumber: 4}), call.ports[0].rtp);
	t.deepEqual(await bob.rtp.waitFor(1), [rtpPacket({sequenceNumber: 4})]);
	t.deepEqual(dropsOf(await settled(call, 1, 2), 1), {direction: 1});
});

test('a leg takes a new remote address while packets flow, on the same ports', async (t) => {
	const {plane, relay, parties, ports} = await openCall(t);
	const moved = await Phone.open(t);
	let configured: Promise<void> | undefined;
	for (let sequenceNumber = 0; sequenceNumber < 300; sequenceNumber++) {
		await parties[0].rtp.send(rtpPacket({sequenceNumber}), ports[0].rtp);
		if (sequenceNumber === 150) {
			configured = plane.configureLeg(relay, 1, {
				remote: {rtp: moved.address, rtcp: moved.address},
				sessions: {kind: 'clear'},
			});
		}
	}

	await configured;
	await parties[0].rtp.send(rtpPacket({sequenceNumber: 300}), ports[0].rtp);
	await moved.waitFor(1);
	while (parties[1].rtp.received.length + moved.received.length < 301) {
		await plane.statistics(relay);
	}

	t.is((await plane.statistics(relay))[1].sent.packets, 301);
	t.deepEqual(moved.received.at(-1), rtpPacket({sequenceNumber: 300}));
});

test('the first packet that a leg accepts is told, with where it came from', async (t) => {
	const call = await openCall(t);
	const told = once(call.plane, 'first-packet');
	await call.parties[1].rtp.send(rtpPacket({sequenceNumber: 1, ssrc: 2}), call.ports[1].rtp);
	t.deepEqual(await told, [{relay: call.relay, leg: 1, from: call.parties[1].rtp.address, suppressed: 0}]);
});

test('what is behind a signalling address is fixed by its first packet', async (t) => {
	const call = await openCall(t, [{source: {kind: 'signalling-address', address: '127.0.0.1'}}, {}]);
	const [natted, late] = [await Phone.open(t), await Phone.open(t)];
	await natted.send(Buffer.from('not RTP'), call.ports[0].rtp);
	await natted.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(1);
	await late.send(rtpPacket({sequenceNumber: 2}), call.ports[0].rtp);
	await call.parties[1].rtp.send(rtpPacket({sequenceNumber: 3, ssrc: 2}), call.ports[1].rtp);
	t.deepEqual(await natted.waitFor(1), [rtpPacket({sequenceNumber: 3, ssrc: 2})]);
	t.deepEqual(dropsOf(await settled(call, 0, 3), 0), {malformed: 1, 'wrong-source': 1});
});

test('a range without a free pair of ports is exhausted by name, and free again after destroy', async (t) => {
	const [first] = somePortRange();
	const plane = openPlane(t, {interfaces: loopback([first, first + 3])});
	const legs = [{}, {}] as const;
	const {relay} = await plane.createRelay(legs);
	await t.throwsAsync(plane.createRelay(legs), {code: 'PORTS_EXHAUSTED'});
	await plane.destroyRelay(relay);
	await t.notThrowsAsync(plane.createRelay(legs));
});

test('an address that is not of this machine, and one relay too many, are refused by name', async (t) => {
	const plane = openPlane(t, {maxRelays: 1, interfaces: [...loopback(), {name: 'away', address: '192.0.2.1'}]});
	const legs = [{}, {}] as const;
	await t.throwsAsync(plane.createRelay([{interface: 'away'}, legs[1]]), {code: 'ADDRESS_NOT_AVAILABLE'});
	await plane.createRelay(legs);
	await t.throwsAsync(plane.createRelay(legs), {code: 'TOO_MANY_RELAYS'});
});

test('a relay that was destroyed is unknown, and a closed plane says so', async (t) => {
	const {plane, relay} = await openCall(t);
	const last = await plane.destroyRelay(relay);
	t.is(last[0].received.packets, 0);
	await t.throwsAsync(plane.statistics(relay), {code: 'UNKNOWN_RELAY'});
	await t.throwsAsync(plane.destroyRelay(relay), {code: 'UNKNOWN_RELAY'});
	plane.close();
	plane.close();
	await t.throwsAsync(plane.statistics(relay), {code: 'MEDIA_PLANE_CLOSED'});
});

test('what was asked before a close rejects', async (t) => {
	const {plane, relay} = await openCall(t);
	const asked = plane.statistics(relay);
	plane.close();
	await t.throwsAsync(asked, {code: 'MEDIA_PLANE_CLOSED'});
});

test('every argument is checked and named before native code sees it', async (t) => {
	const {plane, relay, parties} = await openCall(t);
	const good = {remote: remoteOf(parties[0]), sessions: {kind: 'clear'}};
	const refused = async (settings: object, message: RegExp) => {
		await t.throwsAsync(plane.configureLeg(relay, 0, settings as never), {message});
	};

	await refused(
		{...good, remote: {rtp: {address: 'localhost', port: 1}, rtcp: {address: '::1', port: 1}}},
		/remote\.rtp\.address/,
	);
	await refused(
		{...good, remote: {rtp: {address: '::1', port: 65_536}, rtcp: {address: '::1', port: 1}}},
		/remote\.rtp\.port/,
	);
	await refused({...good, payloadTypes: [128]}, /payloadTypes\[0\]/);
	await refused({...good, payloadTypes: 'all'}, /payloadTypes/);
	await refused({...good, direction: 'both'}, /direction/);
	await refused({...good, source: {kind: 'anybody'}}, /source\.kind/);
	await refused({...good, source: {kind: 'learned'}}, /SRTP where addresses are learned/);
	await refused({...good, sessions: {kind: 'none'}}, /sessions\.kind/);
	await refused({...good, surprise: true}, /surprise/);
	await refused({...good, rtpTimeoutMs: 10}, /rtpTimeoutMs/);
	await refused({...good, rtcpTimeoutMs: '1000'}, /rtcpTimeoutMs/);
	await refused({...good, codecs: [{payloadType: 0, name: '', clockRate: 8000}]}, /codecs\[0\]\.name/);
	await refused({...good, codecs: [{payloadType: 0, name: 'PCMU', clockRate: 0}]}, /codecs\[0\]\.clockRate/);
	await refused({...good, codecs: [{payloadType: 0, name: 'PCMU', hertz: 1}]}, /hertz/);
	await refused({...good, sessions: {kind: 'srtp', inbound: {keys: []}, outbound: 'keep'}}, /inbound\.keys/);
	await refused({...good, sessions: {kind: 'srtp', inbound: 'keep', outbound: {slot: 'x'}}}, /outbound\.slot/);
	await t.throwsAsync(plane.configureLeg(relay, 2 as never, good as never), {instanceOf: RangeError});
	await t.throwsAsync(plane.statistics(999_999 as RelayId), {code: 'UNKNOWN_RELAY'});
	await t.throwsAsync(plane.createRelay([{interface: 'x y'}, {}]), {instanceOf: TypeError});
});

test('sessions that are kept must be there, and slots must hold a key', async (t) => {
	const {plane, relay, parties} = await openCall(t);
	const remote = remoteOf(parties[0]);
	await t.throwsAsync(
		plane.configureLeg(relay, 0, {remote, sessions: {kind: 'srtp', inbound: 'keep', outbound: 'keep'}}),
		{code: 'NO_SESSION'},
	);
	const slot = '0'.repeat(32);
	await t.throwsAsync(
		plane.configureLeg(relay, 0, {remote, sessions: {kind: 'srtp', inbound: {keys: [{slot}]}, outbound: {slot}}}),
		{code: 'KEY_SLOT_EMPTY'},
	);
});
