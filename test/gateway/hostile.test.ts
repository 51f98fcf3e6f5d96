import {randomBytes, randomInt} from 'node:crypto';
import {once} from 'node:events';
import {connect} from 'node:net';
import test from 'ava';
import {readConfiguration} from '#dist/cli/configuration-file.js';
import {alice, alicesPhone, bobsPhone, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import {Dialog} from '#dist/core/sip/index.js';
import type {PhoneCallReport} from '#dist/gateway/phone/phone-call.js';
import type {IncomingRequest} from '#dist/io/sip/index.js';
import {MasterKey, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, cryptoLinesOf, portOf, sdpText} from './support/sdp.js';
import {openSeparateGateway} from './support/separate-gateway.js';
import {
	empties,
	isNothing,
	makeTestWorld,
	nothing,
	openTestGateway,
	openTestPhone,
	openTestSocket,
	settles,
	speech,
} from './support/world.js';

/** One to four octets changed, dropped or added, or the end cut off; never the same as before. */
function mutated(octets: Uint8Array): Buffer {
	let copy = Buffer.from(octets);
	for (let times = randomInt(1, 5); times > 0 && copy.length > 1; times--) {
		const at = randomInt(copy.length);
		switch (randomInt(4)) {
			case 0:
				copy[at] = randomInt(256);
				break;
			case 1:
				copy = Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1)]);
				break;
			case 2:
				copy = Buffer.concat([copy.subarray(0, at), randomBytes(randomInt(1, 9)), copy.subarray(at)]);
				break;
			default:
				copy =
					randomInt(8) === 0
						? copy.subarray(0, at)
						: Buffer.from(copy).fill(copy[at] ?? 0, at, Math.min(at + 2, copy.length));
		}
	}

	return copy.equals(octets) ? mutated(octets) : copy;
}

function fresh(request: SipRequest, from: string): SipRequest {
	const id = randomBytes(8).toString('hex');
	return {
		...request,
		headers: [
			{name: 'Via', value: `SIP/2.0/UDP ${from};branch=z9hG4bK${id};rport`},
			...request.headers.map(({name, value}) => ({name, value: name === 'Call-ID' ? id : value})),
		],
	};
}

/** Sends all by one connection after another: a malformed message ends the one that it came by. */
async function sendByTcp(port: number, messages: readonly Uint8Array[], localAddress = '127.0.0.1'): Promise<void> {
	for (const message of messages) {
		const socket = connect({port, host: '127.0.0.1', localAddress});
		socket.on('error', () => {});
		socket.resume();
		socket.write(message);
		await new Promise((resolve) => {
			socket.once('close', resolve);
			socket.once('data', resolve);
			setTimeout(resolve, 50);
		});
		socket.destroy();
	}
}

test.serial('thousands of mutated messages and packets leave ports, sessions and memory as they were', async (t) => {
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const options = readConfiguration(await writeGatewayConfiguration(world, callee.port));
	const {ports, measure} = await openSeparateGateway(t, {
		...options,
		admission: {perSecond: 1e9, burst: 1e9},
		// The honest parties are silent for as long as the assault lasts.
		rtpTimeoutMs: 0,
		toolbox: {
			...options.toolbox,
			uniformFailureMs: 1,
			peers: (options.toolbox.peers ?? []).map((peer) => ({...peer, binding: 'none' as const})),
		},
	});
	const target = {transport: 'tcp', address: '127.0.0.1', port: ports.tcp} as const;

	// A call that is up, for the packets.
	const [atBob, atAlice] = [await openTestSocket(t), await openTestSocket(t)];
	const bobsKey = randomBytes(30);
	const outgoing = caller.endpoint.request(
		await caller.seal(
			caller.invitation(alice),
			sdpText({port: atBob.address().port, crypto: [cryptoLine(1, bobsKey)]}),
		),
		target,
	);
	const invitation = await callee.next();
	const offered = cryptoLinesOf(await callee.unseal(invitation.request))[1];
	await callee.answer(invitation, sdpText({port: atAlice.address().port, crypto: [cryptoLine(offered?.tag)]}));
	const outcome = await outgoing.outcome;
	const dialog = outcome.ok ? Dialog.fromResponse(outgoing.request, outcome.value) : undefined;
	if (!outcome.ok || !dialog?.ok) {
		t.fail('Expected a call.');
		return;
	}

	outgoing.acknowledge(dialog.value.makeAck(outgoing.request), target);
	const mediaPort = portOf(await caller.unseal(outcome.value));
	callee.endpoint.on('request', (incoming: IncomingRequest) => {
		const [status, phrase] = incoming.request.method === 'INVITE' ? [486, 'Busy Here'] : [200, 'OK'];
		incoming.respond(incoming.makeResponse(Number(status), String(phrase)));
	});

	// One honest packet shows that the others would have been relayed.
	const outbound = new SrtpOutbound({
		keys: [{masterKey: MasterKey.fromBytes('AES_CM_128_HMAC_SHA1_80', bobsKey)}],
	});
	t.teardown(() => outbound.destroy());
	let sequence = 0;
	const nextPacket = (): Buffer => {
		const header = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
		header.writeUInt16BE(++sequence, 2);
		const packet = outbound.protectRtp(Buffer.concat([header, randomBytes(160)]));
		return Buffer.from(packet.ok ? packet.value : []);
	};
	const arrived = once(atAlice, 'message');
	atBob.send(nextPacket(), mediaPort, '127.0.0.1');
	await arrived;

	const sealed = await caller.seal(caller.invitation(alice), sdpText({crypto: [cryptoLine()]}));
	const datagrams = await openTestSocket(t);
	const from = `127.0.0.1:${datagrams.address().port}`;
	const assault = async (messages: number, packets: number) => {
		for (let index = 0; index < messages; index++) {
			const request = fresh(sealed, from);
			const message =
				index % 2 === 0
					? mutated(writeSipMessage(request))
					: writeSipMessage({...request, body: mutated(request.body)});
			datagrams.send(message, ports.udp, '127.0.0.1');
			if (index % 20 === 0) {
				// No more than its socket holds while it works.
				await measure();
			}
		}

		await sendByTcp(
			ports.tcp,
			Array.from({length: messages / 20}, () => mutated(writeSipMessage(fresh(sealed, from)))),
		);
		for (let index = 0; index < packets; index++) {
			const packet = mutated(nextPacket());
			(index % 3 === 0 ? datagrams : atBob).send(packet, mediaPort, '127.0.0.1');
			if (index % 100 === 0) {
				await new Promise((resolve) => setImmediate(resolve));
			}
		}
	};

	const seen: number[] = [];
	atAlice.on('message', () => seen.push(1));
	await assault(200, 200);
	const before = await settles(measure, ({held}) => held['calls'] === 1 && held['transactions'] === 0);
	await assault(2000, 3000);
	// Connections that a forged Via led to are given up in time.
	const after = await settles(
		measure,
		({held, descriptors}) => held['transactions'] === 0 && descriptors <= before.descriptors,
	);
	t.deepEqual(after.held, before.held);
	t.true(
		after.descriptors <= before.descriptors,
		`${before.descriptors} descriptors before, ${after.descriptors} after`,
	);
	const grownMiB = (after.octets - before.octets) / 2 ** 20;
	t.true(grownMiB < 64, `${grownMiB.toFixed(1)} MiB more`);
	t.deepEqual(seen, [], 'no mutated packet was relayed');
	const {requests, malformed} = after.counters;
	t.log(`${requests} taken as requests, ${malformed} malformed, ${grownMiB.toFixed(1)} MiB more`);
	t.true(requests > 1000 && malformed > 200);

	t.is(await statusOf(caller.endpoint.request(dialog.value.makeRequest('BYE'), target)), 200);
	const {held} = await settles(measure, (measured) => isNothing(measured.held));
	t.deepEqual(held, nothing);
});

test.serial('a flood from one source does not disturb a call of another', async (t) => {
	const world = await makeTestWorld(t);
	const aliceSide = await openTestPhone(t, alicesPhone(world, {wav: '', maxSeconds: 1}));
	const gateway = await openTestGateway(t, world, aliceSide.port, (options) => ({
		...options,
		admission: {perSecond: 50, burst: 500},
	}));
	const bobSide = await openTestPhone(t, bobsPhone(world, {wav: '', maxSeconds: 1}));
	const charles = await openTestSocket(t, '127.0.0.66');
	const noise: SipRequest = {
		kind: 'request',
		method: 'INVITE',
		uri: alice,
		headers: [
			{name: 'From', value: '<sip:bob@branch.example>;tag=1'},
			{name: 'To', value: `<${alice}>`},
			{name: 'Call-ID', value: '1'},
			{name: 'CSeq', value: '1 INVITE'},
			{name: 'Contact', value: '<sip:charles@127.0.0.66>'},
			{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=authEnveloped-data'},
		],
		body: randomBytes(1000),
	};
	let isOver = false;
	let sent = 0;
	const flooding = (async () => {
		while (!isOver) {
			for (let burst = 0; burst < 20; burst++) {
				const message = burst % 4 === 0 ? randomBytes(500) : writeSipMessage(fresh(noise, '127.0.0.66'));
				charles.send(message, gateway.target('udp').port, '127.0.0.1');
				sent++;
			}

			await new Promise((resolve) => setTimeout(resolve, 10));
		}

		await sendByTcp(gateway.target('tcp').port, [randomBytes(300), Buffer.from('INVITE ')], '127.0.0.66');
	})();

	await settles(
		() => sent,
		(count) => count > 1000,
	);
	const ended = once(aliceSide.phone, 'ended') as Promise<[PhoneCallReport]>;
	const called = await bobSide.phone.call(alice, gateway.target('tcp'), speech(1.5));
	isOver = true;
	await flooding;
	t.true(called.ok, JSON.stringify(called));
	const [{received}] = await ended;
	t.is(received.sources[0]?.lost, 0);
	t.is(received.sources[0]?.packets, 75);
	const refused = gateway.running.gateway.counters.transports.reduce((sum, transport) => sum + transport.refused, 0);
	t.log(`${sent} messages of the flood, ${refused} not read`);
	t.true(refused > sent / 2, `${refused} of ${sent} not read`);
	t.deepEqual(await empties(gateway), nothing);
});
