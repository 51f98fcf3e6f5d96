import test from 'ava';
import {remoteOf, rtcpPacket, rtpPacket} from './support/phone.js';
import {dropsOf, isBalanced, must, openCall, openPlane, SharedKey, settled, srtpSettings} from './support/plane.js';

test('RTCP that shares a port on one leg has a port of its own on the other, both ways (RFC 5761 §4)', async (t) => {
	const call = await openCall(t, [{}, {}], {places: [{rtcp: 'mux'}, {}]});
	const [alice, bob] = call.parties;
	const [mux, pair] = call.ports;
	t.deepEqual(mux.rtcp, mux.rtp);
	t.is(pair.rtcp.port, pair.rtp.port + 1);

	await alice.rtp.send(rtpPacket({sequenceNumber: 1}), mux.rtp);
	await alice.rtp.send(rtcpPacket(1), mux.rtp);
	t.deepEqual(await bob.rtp.waitFor(1), [rtpPacket({sequenceNumber: 1})]);
	t.deepEqual(await bob.rtcp.waitFor(1), [rtcpPacket(1)]);

	await bob.rtcp.send(rtcpPacket(2), pair.rtcp);
	await bob.rtp.send(rtpPacket({sequenceNumber: 2, ssrc: 7}), pair.rtp);
	t.deepEqual(new Set(await alice.rtp.waitFor(2)), new Set([rtcpPacket(2), rtpPacket({sequenceNumber: 2, ssrc: 7})]));
	t.is(alice.rtcp.received.length, 0);

	const statistics = await settled(call, 1, 2);
	t.like(statistics[0], {received: {packets: 1}, receivedRtcp: 1, sent: {packets: 1}, sentRtcp: 1});
	t.like(statistics[1], {received: {packets: 1}, receivedRtcp: 1, sent: {packets: 1}, sentRtcp: 1});
	t.true(isBalanced(statistics));
});

test('SRTP and SRTCP on one port are told apart before they are opened', async (t) => {
	const [aliceKey, toAlice] = [new SharedKey('AES_CM_128_HMAC_SHA1_80'), new SharedKey('AES_CM_128_HMAC_SHA1_80')];
	const call = await openCall(t, [srtpSettings(aliceKey, toAlice), {}], {places: [{rtcp: 'mux'}, {}]});
	const [alice, bob] = call.parties;
	const outbound = aliceKey.outbound(t);
	await alice.rtp.send(must(outbound.protectRtp(rtpPacket({sequenceNumber: 1}))), call.ports[0].rtp);
	await alice.rtp.send(must(outbound.protectRtcp(rtcpPacket(1))), call.ports[0].rtp);
	t.deepEqual(await bob.rtp.waitFor(1), [rtpPacket({sequenceNumber: 1})]);
	t.deepEqual(await bob.rtcp.waitFor(1), [rtcpPacket(1)]);
	await bob.rtcp.send(rtcpPacket(2), call.ports[1].rtcp);
	const [sealed] = await alice.rtp.waitFor(1);
	t.deepEqual(Buffer.from(must(toAlice.inbound(t).unprotectRtcp(sealed as Buffer))), rtcpPacket(2));
});

test('both legs may have one port each', async (t) => {
	const call = await openCall(t, [{}, {}], {places: [{rtcp: 'mux'}, {rtcp: 'mux'}]});
	const [alice, bob] = call.parties;
	await alice.rtp.send(rtcpPacket(1), call.ports[0].rtp);
	await bob.rtp.send(rtcpPacket(2), call.ports[1].rtp);
	t.deepEqual(await bob.rtp.waitFor(1), [rtcpPacket(1)]);
	t.deepEqual(await alice.rtp.waitFor(1), [rtcpPacket(2)]);
	t.deepEqual(call.plane.load.unavailablePorts, [2, 0]);
});

test('a leg made with a pair of ports changes to one by the answer, and back', async (t) => {
	const call = await openCall(t);
	const {plane, relay, parties, ports} = call;
	const [alice, bob] = parties;
	const settings = {remote: remoteOf(alice), sessions: {kind: 'clear'}} as const;
	await alice.rtp.send(rtcpPacket(1), ports[0].rtp);
	await settled(call, 0, 1);
	t.is(bob.rtcp.received.length, 0, 'on a pair, RTCP is no RTCP on the port of RTP');

	await plane.configureLeg(relay, 0, {...settings, rtcp: 'mux'});
	await alice.rtp.send(rtcpPacket(2), ports[0].rtp);
	t.deepEqual(await bob.rtcp.waitFor(1), [rtcpPacket(2)]);
	await bob.rtcp.send(rtcpPacket(3), ports[1].rtcp);
	t.deepEqual((await alice.rtp.waitFor(1)).at(-1), rtcpPacket(3));
	await alice.rtcp.send(rtcpPacket(4), ports[0].rtcp);
	t.like(dropsOf(await settled(call, 0, 3), 0), {'wrong-source': 1});

	await plane.configureLeg(relay, 0, {...settings, rtcp: 'pair'});
	await alice.rtcp.send(rtcpPacket(5), ports[0].rtcp);
	t.deepEqual((await bob.rtcp.waitFor(2))[1], rtcpPacket(5));
});

test('a leg made with one port stays so', async (t) => {
	const plane = openPlane(t);
	const call = await openCall(t, [{}, {}], {plane, places: [{rtcp: 'mux'}, {}]});
	const settings = {remote: remoteOf(call.parties[0]), sessions: {kind: 'clear'}} as const;
	await t.throwsAsync(plane.configureLeg(call.relay, 0, {...settings, rtcp: 'pair'}), {code: 'NO_RTCP_PORT'});
	await t.throwsAsync(plane.configureLeg(call.relay, 0, {...settings, rtcp: 'both' as never}), {message: /rtcp/});
});
