import test, {type ExecutionContext} from 'ava';
import type {MediaPlane} from '#dist/trusted/media/media-plane.js';
import type {LegIndex} from '#dist/trusted/media/plane-events.js';
import type {TransportAddress} from '#dist/trusted/media/protocol.js';
import {openParty, remoteOf, rtcpPacket, rtpPacket} from './support/phone.js';
import {openPlane, SharedKey, somePortRange, srtpSettings} from './support/plane.js';

// Calls that are routed back to the plane that they came from, and relays that would send packets round for ever.

type Relay = Awaited<ReturnType<MediaPlane['createRelay']>>;
type Remote = {readonly rtp: TransportAddress; readonly rtcp: TransportAddress};

async function makeRelays(t: ExecutionContext, plane: MediaPlane, count: number) {
	const relays: Relay[] = [];
	for (let i = 0; i < count; i++) {
		relays.push(await plane.createRelay([{}, {}]));
	}

	const point = (relay: number, leg: LegIndex, remote: Remote | undefined, more = {}) =>
		plane.configureLeg((relays[relay] as Relay).relay, leg, {
			remote: remote as Remote,
			sessions: {kind: 'clear'},
			...more,
		});
	const portsOf = (relay: number, leg: LegIndex, host?: string): Remote => {
		const {rtp, rtcp} = (relays[relay] as Relay).legs[leg];
		return host === undefined ? {rtp, rtcp} : {rtp: {...rtp, address: host}, rtcp: {...rtcp, address: host}};
	};
	const parties = [await openParty(t), await openParty(t)] as const;
	return {relays, point, portsOf, parties};
}

test('a call that is routed back to its gateway goes through two relays, with SRTP between them', async (t) => {
	const plane = openPlane(t, {workers: 2});
	const {point, portsOf, parties} = await makeRelays(t, plane, 2);
	const [onward, backward] = [new SharedKey('AES_CM_128_HMAC_SHA1_80'), new SharedKey('AES_CM_128_HMAC_SHA1_80')];
	await point(0, 0, remoteOf(parties[0]));
	await point(0, 1, portsOf(1, 0), srtpSettings(backward, onward));
	await point(1, 0, portsOf(0, 1), {
		sessions: {kind: 'srtp', inbound: {keys: [onward.legKey()]}, outbound: backward.legKey()},
	});
	await point(1, 1, remoteOf(parties[1]));
	for (const [from, to, place] of [
		[parties[0], parties[1], portsOf(0, 0)],
		[parties[1], parties[0], portsOf(1, 1)],
	] as const) {
		for (let sequenceNumber = 0; sequenceNumber < 20; sequenceNumber++) {
			await from.rtp.send(rtpPacket({sequenceNumber, ssrc: place.rtp.port}), place.rtp);
		}

		await from.rtcp.send(rtcpPacket(place.rtp.port), place.rtcp);
		t.deepEqual(
			(await to.rtp.waitFor(20)).map((packet) => packet.readUInt16BE(2)),
			Array.from({length: 20}, (_, index) => index),
		);
		t.is((await to.rtcp.waitFor(1)).length, 1);
	}
});

test('relays that would send to each other in a circle are refused, and what they did before goes on', async (t) => {
	const advertisedAddress = '203.0.113.7';
	const address = '127.0.0.1';
	const interfaces = [{name: 'loopback', address, ports: somePortRange(), advertisedAddress}];
	const plane = openPlane(t, {workers: 2, interfaces});
	const {relays, point, portsOf, parties} = await makeRelays(t, plane, 3);
	await point(0, 0, remoteOf(parties[0]));
	await point(0, 1, portsOf(1, 0));
	await point(1, 1, portsOf(2, 0));
	await point(2, 1, remoteOf(parties[1]));
	for (const circle of [portsOf(0, 0), portsOf(0, 0, advertisedAddress), portsOf(0, 0, `::ffff:${address}`)]) {
		await t.throwsAsync(point(2, 1, circle), {code: 'REMOTE_IS_OURSELVES'});
		await t.throwsAsync(point(2, 1, {rtp: remoteOf(parties[1]).rtp, rtcp: circle.rtcp}), {code: 'REMOTE_IS_OURSELVES'});
		await t.throwsAsync(point(1, 1, {rtp: circle.rtp, rtcp: circle.rtcp}), {code: 'REMOTE_IS_OURSELVES'});
	}

	await point(1, 0, portsOf(0, 1));
	await point(2, 0, portsOf(1, 1));
	await parties[0].rtp.send(rtpPacket({sequenceNumber: 7}), portsOf(0, 0).rtp);
	t.is((await parties[1].rtp.waitFor(1))[0]?.readUInt16BE(2), 7);
	// What a leg could not do otherwise is no way either: no session was there to keep.
	await t.throwsAsync(
		point(2, 1, remoteOf(parties[1]), {sessions: {kind: 'srtp', inbound: 'keep', outbound: 'keep'}}),
		{
			code: 'NO_SESSION',
		},
	);
	await plane.destroyRelay((relays[1] as Relay).relay);
	await point(2, 1, portsOf(0, 0));
	t.is(plane.size, 2);
});

test('a key that a refused leg was to have is gone from its slot', async (t) => {
	const plane = openPlane(t);
	const {point, portsOf} = await makeRelays(t, plane, 1);
	const key = new SharedKey('AEAD_AES_128_GCM').legKey();
	const sessions = {kind: 'srtp', inbound: {keys: [key]}, outbound: new SharedKey('AEAD_AES_128_GCM').legKey()};
	await t.throwsAsync(point(0, 0, portsOf(0, 1), {sessions}), {code: 'REMOTE_IS_OURSELVES'});
	await t.throwsAsync(point(0, 0, portsOf(0, 1), {sessions}), {code: 'KEY_SLOT_EMPTY'});
});
