import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import type {LegSettings} from '#dist/trusted/media/leg-settings.js';
import {openParty, Phone, remoteOf, rtcpPacket, rtpPacket} from './support/phone.js';
import {type Call, dropsOf, isBalanced, must, openCall, SharedKey, settled, srtpSettings} from './support/plane.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';

/** A call whose first leg has SRTP and the source policy given; the second is plain RTP. */
async function openGuardedCall(t: ExecutionContext, source: LegSettings['source'], suiteOfAlice = suite) {
	const [fromAlice, toAlice] = [new SharedKey(suiteOfAlice as typeof suite), new SharedKey(suite)];
	const [inbound, outbound] = [fromAlice, suiteOfAlice === suite ? toAlice : new SharedKey(fromAlice.suite)];
	const call = await openCall(t, [{...srtpSettings(inbound, outbound), ...(source && {source})}, {}]);
	const session = fromAlice.outbound(t);
	const seal = (sequenceNumber: number) => must(session.protectRtp(rtpPacket({sequenceNumber})));
	return {...call, seal, session};
}

/** Where a packet of the second leg is sent on the first: the phone that gets it. */
async function isHeardBy(call: Call, phone: Phone, sequenceNumber: number): Promise<boolean> {
	const before = phone.received.length;
	await call.parties[1].rtp.send(rtpPacket({sequenceNumber, ssrc: 7}), call.ports[1].rtp);
	await phone.waitFor(before + 1);
	return true;
}

test('a learned source is the one that authenticated, and it is told with what was before', async (t) => {
	const call = await openGuardedCall(t, {kind: 'learned'});
	const [natted, charles] = [await Phone.open(t), await Phone.open(t)];
	const told = once(call.plane, 'source-learned');
	await charles.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	await natted.send(call.seal(1), call.ports[0].rtp);
	const [event] = await told;
	t.deepEqual(event, {
		relay: call.relay,
		leg: 0,
		from: natted.address,
		channel: 'rtp',
		previous: call.parties[0].rtp.address,
		authenticated: true,
	});
	await charles.send(call.seal(2), call.ports[0].rtp);
	await natted.send(call.seal(3), call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(2);
	t.deepEqual(dropsOf(await settled(call, 0, 4), 0), {'bad-tag': 1, 'wrong-source': 1});
	t.true(await isHeardBy(call, natted, 1));
});

test('with 32-bit tags three packets in a row fix the source, and not two', async (t) => {
	const call = await openGuardedCall(t, {kind: 'learned'}, 'AES_CM_128_HMAC_SHA1_32');
	const natted = await Phone.open(t);
	for (const sequenceNumber of [1, 2]) {
		await natted.send(call.seal(sequenceNumber), call.ports[0].rtp);
	}

	await call.parties[1].rtp.waitFor(2);
	t.true(await isHeardBy(call, call.parties[0].rtp, 1));
	await natted.send(call.seal(3), call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(3);
	t.true(await isHeardBy(call, natted, 2));
});

test('a flood of strangers is tried a few times a second, and the peer is heard through it', async (t) => {
	const call = await openGuardedCall(t, {kind: 'learned'});
	const [charles, natted] = [await Phone.open(t), await Phone.open(t, '127.0.0.2')];
	const [wrongSource] = await Promise.all([
		once(call.plane, 'wrong-source'),
		(async () => {
			for (let round = 1; round <= 20; round++) {
				await Promise.all(
					Array.from({length: 50}, (_, index) => charles.send(rtpPacket({sequenceNumber: index}), call.ports[0].rtp)),
				);
				await settled(call, 0, 50 * round);
			}
		})(),
	]);
	t.deepEqual((wrongSource as readonly {readonly from: unknown}[])[0]?.from, charles.address);
	await call.parties[0].rtp.send(call.seal(1), call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(1);
	const {dropped} = (await settled(call, 0, 1001))[0];
	t.is(dropped['bad-tag'] + dropped['unproven-source'] + dropped['wrong-source'], 1000);
	t.true(dropped['unproven-source'] > 800, `${dropped['unproven-source']} of 1000 were dropped untried`);
	await natted.send(call.seal(2), call.ports[0].rtp);
	t.deepEqual(dropsOf(await settled(call, 0, 1002), 0)['wrong-source'], 1, 'the declared source has settled');
});

test('in a subnet the first packet that authenticates fixes the source', async (t) => {
	const call = await openGuardedCall(t, {kind: 'subnet', network: '127.0.0.0/30'});
	const [outside, inside, late] = [
		await Phone.open(t, '127.0.0.4'),
		await Phone.open(t, '127.0.0.2'),
		await Phone.open(t, '127.0.0.3'),
	];
	const sealed = call.seal(1);
	await outside.send(sealed, call.ports[0].rtp);
	await late.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	await inside.send(sealed, call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(1);
	await late.send(call.seal(2), call.ports[0].rtp);
	t.deepEqual(dropsOf(await settled(call, 0, 4), 0), {'wrong-source': 2, 'bad-tag': 1});
	t.true(await isHeardBy(call, inside, 1));
});

test('without leave a source that is fixed stays so, whatever authenticates elsewhere', async (t) => {
	const call = await openGuardedCall(t, {kind: 'learned'});
	const [natted, moved] = [await Phone.open(t), await Phone.open(t)];
	await natted.send(call.seal(0), call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(1);
	for (let sequenceNumber = 1; sequenceNumber <= 20; sequenceNumber++) {
		await moved.send(call.seal(sequenceNumber), call.ports[0].rtp);
	}

	t.deepEqual(dropsOf(await settled(call, 0, 21), 0), {'wrong-source': 20});
	t.true(await isHeardBy(call, natted, 1));
});

test('with leave a source moves after five authenticated packets, and the old one is refused', async (t) => {
	const call = await openGuardedCall(t, {kind: 'learned', relatch: 'authenticated'});
	const [natted, moved, charles] = [await Phone.open(t), await Phone.open(t), await Phone.open(t)];
	const told = once(call.plane, 'source-moved');
	const first = call.seal(0);
	await natted.send(first, call.ports[0].rtp);
	await call.parties[1].rtp.waitFor(1);
	for (let sequenceNumber = 1; sequenceNumber <= 5; sequenceNumber++) {
		// Replays and forgeries from elsewhere neither move it nor stand in the way.
		await charles.send(first, call.ports[0].rtp);
		await charles.send(rtpPacket({sequenceNumber}), call.ports[0].rtp);
		await moved.send(call.seal(sequenceNumber), call.ports[0].rtp);
	}

	const [event] = await told;
	t.like(event, {from: moved.address, previous: natted.address, channel: 'rtp', authenticated: true});
	await call.parties[1].rtp.waitFor(6);
	t.true(await isHeardBy(call, moved, 1));
	t.is(charles.received.length, 0);
	t.true(isBalanced(await settled(call, 0, 16)));
});

test('moving a leg loses no packet that was under way from the address before', async (t) => {
	const call = await openCall(t);
	const [before] = call.parties;
	const after = await openParty(t);
	await before.rtp.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	await call.plane.configureLeg(call.relay, 0, {remote: remoteOf(after), sessions: {kind: 'clear'}});
	await before.rtp.send(rtpPacket({sequenceNumber: 2}), call.ports[0].rtp);
	await before.rtcp.send(rtcpPacket(), call.ports[0].rtcp);
	await after.rtp.send(rtpPacket({sequenceNumber: 3}), call.ports[0].rtp);
	await before.rtp.send(rtpPacket({sequenceNumber: 4}), call.ports[0].rtp);
	await after.rtp.send(rtpPacket({sequenceNumber: 5}), call.ports[0].rtp);
	t.deepEqual(
		(await call.parties[1].rtp.waitFor(4)).map((packet) => packet.readUInt16BE(2)),
		[1, 2, 3, 5],
	);
	t.deepEqual(dropsOf(await settled(call, 0, 6), 0), {'wrong-source': 1});
	await call.parties[1].rtcp.waitFor(1);
});

test('peers that are nobody, everybody or ourselves are refused by name', async (t) => {
	const call = await openCall(t);
	const configure = (address: string, port: number) =>
		call.plane.configureLeg(call.relay, 0, {
			remote: {rtp: {address, port}, rtcp: call.parties[0].rtcp.address},
			sessions: {kind: 'clear'},
		});
	for (const address of ['0.0.0.0', '224.0.0.1', '255.255.255.255', '240.0.0.1', '::', 'ff02::1']) {
		await t.throwsAsync(configure(address, 4000), {code: 'REMOTE_NOT_UNICAST'}, address);
	}

	for (const {rtp, rtcp} of call.ports) {
		await t.throwsAsync(configure(rtp.address, rtp.port), {code: 'REMOTE_IS_OURSELVES'});
		await t.throwsAsync(configure(rtcp.address, rtcp.port), {code: 'REMOTE_IS_OURSELVES'});
	}

	await call.parties[0].rtp.send(rtpPacket({sequenceNumber: 1}), call.ports[0].rtp);
	t.is((await call.parties[1].rtp.waitFor(1)).length, 1, 'what was refused changed nothing');
});

test('source policies are checked and named before native code sees them', async (t) => {
	const call = await openCall(t);
	const refused = async (source: object, message: RegExp) => {
		const settings = {remote: remoteOf(call.parties[0]), sessions: {kind: 'clear'}, source};
		await t.throwsAsync(call.plane.configureLeg(call.relay, 0, settings as never), {message}, JSON.stringify(source));
	};

	for (const network of ['127.0.0.0', '127.0.0.0/33', '127.0.0.0/-1', '::/129', '127.0.0.0/08', 'x/8', '', 8]) {
		await refused({kind: 'subnet', network}, /source\.network/);
	}

	await refused({kind: 'subnet'}, /source\.network/);
	await refused({kind: 'signalling-address', address: 'localhost'}, /source\.address/);
	await refused({kind: 'declared', relatch: 'authenticated'}, /relatch/);
	await refused({kind: 'declared', network: '127.0.0.0/8'}, /network/);
	await refused({kind: 'subnet', network: '127.0.0.0/8', relatch: 'always'}, /source\.relatch/);
	await refused({kind: 'subnet', network: '127.0.0.0/8', relatch: 'authenticated'}, /latched again/);
});
