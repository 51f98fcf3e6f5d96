import {randomBytes} from 'node:crypto';
import type {Socket} from 'node:dgram';
import {once} from 'node:events';
import test from 'ava';
import {type GatewayOptions, openGateway} from '#dist/gateway/index.js';
import {hangUp, openRawCall, passes, type RawCallOptions} from './support/raw-call.js';
import {addressIn, portOf} from './support/sdp.js';
import {empties, nothing, openTestSocket, settles} from './support/world.js';

const inClear: RawCallOptions = {bobSide: 'clear', aliceSide: 'clear'};

/** An empty receiver report and a CNAME (RFC 3550 §6.4.2, §6.5). */
function report(ssrc: number): Buffer {
	const packet = Buffer.from('80c9000100000000' + '81ca0003000000000103616263000000', 'hex');
	packet.writeUInt32BE(ssrc, 4);
	packet.writeUInt32BE(ssrc, 12);
	return packet;
}

/** Resolves to true when RTCP comes to the socket. */
async function getsRtcp(socket: Socket): Promise<boolean> {
	for (;;) {
		const [packet] = (await once(socket, 'message')) as [Buffer];
		if ((packet[1] ?? 0) >= 192 && (packet[1] ?? 0) <= 223) {
			return true;
		}
	}
}

test.serial(
	'RTCP shares the port where both sides of a leg want it, and goes where a=rtcp says where not',
	async (t) => {
		const alicesRtcp = await openTestSocket(t);
		const offers: GatewayOptions['routes'][number]['rtcpMux'][] = ['offer', undefined];
		for (const rtcpMux of offers) {
			const call = await openRawCall(t, {
				...inClear,
				offer: {lines: ['a=rtcp-mux']},
				answer: {lines: [`a=rtcp:${alicesRtcp.address().port}`, ...(rtcpMux === 'offer' ? ['a=rtcp-mux'] : [])]},
				change: (options) => ({
					...options,
					routes: options.routes.map((route) => ({...route, ...(rtcpMux === undefined ? {} : {rtcpMux})})),
				}),
			});
			const {bob, alice} = call;
			t.regex(bob.peerSdp, /^a=rtcp-mux\r$/m, 'taken where it is offered');
			t.is(/^a=rtcp-mux\r$/m.test(alice.peerSdp), rtcpMux === 'offer', 'offered where the route says so');
			t.deepEqual(await passes(call), [true, true]);
			const atAlice = getsRtcp(rtcpMux === 'offer' ? alice.socket : alicesRtcp);
			bob.socket.send(report(0xb0b), portOf(bob.peerSdp), '127.0.0.1');
			t.true(await atAlice);
			const atBob = getsRtcp(bob.socket);
			const [from, port] =
				rtcpMux === 'offer' ? [alice.socket, portOf(alice.peerSdp)] : [alicesRtcp, portOf(alice.peerSdp) + 1];
			from.send(report(0xa11ce), port, '127.0.0.1');
			t.true(await atBob);

			const held = alice.answerNext(() => alice.sdp({lines: ['a=recvonly', ...(rtcpMux ? ['a=rtcp-mux'] : [])]}));
			t.is((await bob.offer(bob.sdp({lines: ['a=rtcp-mux', 'a=sendonly']}))).status, 200);
			t.is(/^a=rtcp-mux\r$/m.test(await held), rtcpMux === 'offer', 'and again in later offers');
			t.regex(bob.peerSdp, /^a=rtcp-mux\r$/m);
			await hangUp(call);
			t.deepEqual(await empties(call.gateway), nothing);
		}
	},
);

test.serial('a leg that falls silent ends its call, unless it is on hold', async (t) => {
	const call = await openRawCall(t, {...inClear, change: (options) => ({...options, rtpTimeoutMs: 1000})});
	const {gateway, bob, alice} = call;
	const held = alice.answerNext(() => alice.sdp({lines: ['a=recvonly']}));
	t.is((await bob.offer(bob.sdp({lines: ['a=sendonly']}))).status, 200);
	await held;
	const music = setInterval(() => bob.speak(), 20);
	t.teardown(() => clearInterval(music));
	let isOver = false;
	const ended = once(gateway.running.gateway, 'call-ended').then(([, reason]) => {
		isOver = true;
		return reason as string;
	});
	await new Promise((resolve) => setTimeout(resolve, 3500));
	t.false(isOver, 'Alice is held and says nothing');

	const resumed = alice.answerNext();
	t.is((await bob.offer(bob.sdp())).status, 200);
	await resumed;
	for (const {party} of [bob, alice]) {
		party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	}

	t.is(await ended, 'rtp-timeout', 'Alice may speak and does not');
	t.deepEqual(await empties(gateway), nothing);
});

test.serial('callers get the media interface of their listener, by the address that it advertises', async (t) => {
	const call = await openRawCall(t, {
		...inClear,
		change: (options) => ({
			...options,
			listen: options.listen.map((entry) =>
				entry.transport === 'tcp' ? {...entry, mediaInterface: 'outside', stun: 'answer' as const} : entry,
			),
			media: {
				interfaces: [
					...options.media.interfaces,
					{name: 'outside', address: '127.0.0.2', advertisedAddress: '127.0.0.3'},
				],
			},
		}),
	});
	const {gateway, bob, alice} = call;
	t.is(addressIn(bob.peerSdp), '127.0.0.3');
	t.is(addressIn(alice.peerSdp), '127.0.0.1');
	bob.mediaAddress = '127.0.0.2';
	t.deepEqual(await passes(call), [true, true]);

	const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(12)]);
	const answered = once(bob.socket, 'message') as Promise<[Buffer]>;
	bob.socket.send(request, portOf(bob.peerSdp), '127.0.0.2');
	const [response] = await answered;
	t.is(response.subarray(0, 2).toString('hex'), '0101', 'STUN is answered where the listener says so');
	t.deepEqual(response.subarray(4, 20), request.subarray(4, 20));
	await hangUp(call);
	t.deepEqual(await empties(gateway), nothing);
});

test.serial('IPv6 on one side and IPv4 on the other, and each side reads its own kind of address', async (t) => {
	const call = await openRawCall(t, {
		bobAddress: '::1',
		change: (options) => ({
			...options,
			media: {interfaces: [...options.media.interfaces, {name: 'loopback', address: '::1'}]},
		}),
	});
	const {bob, alice} = call;
	t.is(addressIn(bob.peerSdp), '::1');
	t.regex(bob.peerSdp, /^o=- \d+ \d+ IN IP6 ::1\r$/m);
	t.is(addressIn(alice.peerSdp), '127.0.0.1');
	t.deepEqual(await passes(call), [true, true]);
	const held = alice.answerNext(() => alice.sdp({lines: ['a=recvonly']}));
	t.is((await bob.offer(bob.sdp({address: '::'}))).status, 200, 'hold by the zeros of IPv6');
	t.regex(await held, /^a=sendonly\r$/m);
	t.deepEqual(await passes(call), [true, false]);
	await hangUp(call);
	t.deepEqual(await empties(call.gateway), nothing);
});

test.serial('statistics know the codec that the signalling names', async (t) => {
	const lines = ['a=rtpmap:97 iLBC/8000'];
	const call = await openRawCall(t, {...inClear, offer: {formats: '97', lines}, answer: {formats: '97', lines}});
	const {gateway, bob} = call;
	bob.payloadType = 97;
	call.alice.payloadType = 97;
	t.deepEqual(await passes(call), [true, true]);
	const codec = await settles(
		async () => {
			const [statistics] = await gateway.running.gateway.readStatistics();
			return statistics?.legs.find(({leg}) => leg === 'caller')?.streams[0]?.codec;
		},
		(name) => name !== undefined,
		3000,
	);
	t.is(codec, 'iLBC');
	await hangUp(call);
	t.deepEqual(await empties(gateway), nothing);
});

test('a media interface that a listener names must be there', async (t) => {
	await t.throwsAsync(
		openGateway({
			listen: [{transport: 'udp', address: '127.0.0.1', port: 0, mediaInterface: 'lost'}],
			media: {interfaces: [{name: 'there', address: '127.0.0.1'}]},
			routes: [],
			toolbox: {directory: '/nowhere', identities: [], trustAnchors: [], localDomains: []},
		}),
		{code: 'BAD_OPTIONS', message: /lost/},
	);
});
