import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import test from 'ava';
import {Dialog} from '#dist/core/sip/index.js';
import {SipEndpoint} from '#dist/io/sip/index.js';
import {header, headerValues, withHeader} from '#dist/wire/sip/headers.js';
import type {SipResponse} from '#dist/wire/sip/message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import {newRequest, nextRequest, openEndpoint, targetOf} from './endpoints.js';

const fast = {timers: {t1Ms: 20, t2Ms: 80, t4Ms: 100}};
const contact = [{name: 'Contact', value: '<sip:alice@127.0.0.1>'}];

for (const transport of ['udp', 'tcp'] as const) {
	test(`a call over ${transport}: INVITE, 180, 200, ACK, BYE`, async (t) => {
		const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t)]);
		const invite = newRequest('INVITE', bob);
		const outgoing = bob.request(invite, targetOf(alice, transport));
		const incoming = await nextRequest(alice);
		t.is(incoming.origin.transport, transport);
		t.true(incoming.respond(incoming.makeResponse(180, 'Ringing', {headers: contact})));
		t.true(incoming.respond(incoming.makeResponse(200, 'OK', {headers: contact})));
		t.false(incoming.respond(incoming.makeResponse(486, 'Busy Here')));

		const statuses: number[] = [];
		for await (const response of outgoing.responses()) {
			statuses.push(response.status);
		}

		t.is(statuses.at(-1), 200);
		const outcome = await outgoing.outcome;
		const dialog = outcome.ok ? Dialog.fromResponse(invite, outcome.value) : undefined;
		const answered = Dialog.fromRequest(incoming.request, incoming.localTag);
		if (!dialog?.ok || !answered.ok) {
			t.fail('Expected a dialog on both sides.');
			return;
		}

		const acknowledged = once(incoming, 'ack');
		t.true(outgoing.acknowledge(dialog.value.makeAck(invite), targetOf(alice, transport)));
		await acknowledged;
		answered.value.answerInvite(200);

		const bye = bob.request(dialog.value.makeRequest('BYE'), targetOf(alice, transport));
		const ending = await nextRequest(alice);
		t.is(answered.value.receiveRequest(ending.request), undefined);
		t.is(answered.value.state, 'terminated');
		ending.respond(ending.makeResponse(200, 'OK'));
		const end = await bye.outcome;
		t.true(end.ok && end.value.status === 200);
	});
}

test('an INVITE of two kilobytes for UDP goes by TCP, and its answer comes back on that connection', async (t) => {
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t)]);
	const outgoing = bob.request(newRequest('INVITE', bob, 2000), targetOf(alice, 'udp'));
	const incoming = await nextRequest(alice);
	t.is(incoming.origin.transport, 'tcp');
	t.is(incoming.request.body.length, 2000);
	t.regex(headerValues(incoming.request, 'Via')[0] ?? '', /^SIP\/2\.0\/TCP 127\.0\.0\.1:/);
	incoming.respond(incoming.makeResponse(486, 'Busy Here'));
	const outcome = await outgoing.outcome;
	t.true(outcome.ok && outcome.value.status === 486);
	const tcp = bob.counters.transports.find(({transport}) => transport === 'tcp');
	t.is(tcp?.received, 1);
});

test('an INVITE of two kilobytes goes by UDP after all where TCP is refused', async (t) => {
	const bob = await openEndpoint(t);
	const alice = await openEndpoint(t, {listen: [{transport: 'udp', address: '127.0.0.1', port: 0}]});
	const outgoing = bob.request(newRequest('INVITE', bob, 2000), targetOf(alice, 'udp'));
	const incoming = await nextRequest(alice);
	t.is(incoming.origin.transport, 'udp');
	t.is(incoming.request.body.length, 2000);
	incoming.respond(incoming.makeResponse(486, 'Busy Here'));
	const outcome = await outgoing.outcome;
	t.true(outcome.ok && outcome.value.status === 486);
});

test('a response whose connection was lost is sent over a new one to the address of the Via', async (t) => {
	const alice = await openEndpoint(t, fast);
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => server.close());
	const address = server.address();
	const port = typeof address === 'object' && address ? address.port : 0;

	const caller = connect(alice.localAddress('tcp').port, '127.0.0.1');
	caller.write(rawRequest('OPTIONS', `SIP/2.0/TCP 127.0.0.1:${port};branch=z9hG4bKlost`));
	const incoming = await nextRequest(alice);
	caller.destroy();
	await once(caller, 'close');
	const reopened = once(server, 'connection') as Promise<[Socket]>;
	await until(() => openConnections(alice) === 0);
	incoming.respond(incoming.makeResponse(200, 'OK'));
	const [socket] = await reopened;
	const [bytes] = (await once(socket, 'data')) as [Buffer];
	t.regex(bytes.toString(), /^SIP\/2\.0 200 OK\r\n/);
	socket.destroy();
});

test('CANCEL ends a ringing INVITE with 487 on both sides', async (t) => {
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t)]);
	const outgoing = bob.request(newRequest('INVITE', bob), targetOf(alice, 'udp'));
	outgoing.cancel();
	const incoming = await nextRequest(alice);
	const cancelled = once(incoming, 'cancel');
	incoming.respond(incoming.makeResponse(180, 'Ringing', {headers: contact}));
	await cancelled;
	t.true(incoming.isCancelled);
	const outcome = await outgoing.outcome;
	t.true(outcome.ok && outcome.value.status === 487);
});

test('nobody there: the outcome is TIMEOUT over UDP and TRANSPORT_ERROR over TCP', async (t) => {
	const bob = await openEndpoint(t, fast);
	const silent = createSocket('udp4');
	silent.bind(0, '127.0.0.1');
	await once(silent, 'listening');
	t.teardown(() => silent.close());
	const {port} = silent.address();
	const udp = await bob.request(newRequest('INVITE', bob), {transport: 'udp', address: '127.0.0.1', port}).outcome;
	t.true(!udp.ok && udp.failure.code === 'TIMEOUT');
	const tcp = await bob.request(newRequest('INVITE', bob), {transport: 'tcp', address: '127.0.0.1', port}).outcome;
	t.true(!tcp.ok && tcp.failure.code === 'TRANSPORT_ERROR');
	const none = await bob.request(newRequest('INVITE', bob), {transport: 'tls', address: '127.0.0.1', port}).outcome;
	t.true(!none.ok && none.failure.code === 'NO_TRANSPORT');
	t.deepEqual({...bob.transactions}, {server: 0, client: 0});
});

test('garbage over UDP and TCP is counted, broken requests get 400, and calls go on', async (t) => {
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t)]);
	const {port} = alice.localAddress('udp');
	const socket = createSocket('udp4');
	socket.bind(0, '127.0.0.1');
	await once(socket, 'listening');
	t.teardown(() => socket.close());
	for (const noise of [
		Buffer.alloc(1),
		Buffer.alloc(1400, 0xff),
		Buffer.from('GET / HTTP/1.1\r\n\r\n'),
		Buffer.from('\r\n\r\n'),
	]) {
		socket.send(noise, port, '127.0.0.1');
	}

	const answered = once(socket, 'message') as Promise<[Buffer]>;
	const via = `SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bKbad`;
	socket.send(rawRequest('OPTIONS', via).replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'), port, '127.0.0.1');
	const [reply] = await answered;
	t.regex(reply.toString(), /^SIP\/2\.0 400 /);

	const stream = connect(alice.localAddress('tcp').port, '127.0.0.1');
	stream.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
	stream.resume();
	await once(stream, 'close');

	const outgoing = bob.request(newRequest('OPTIONS', bob), targetOf(alice, 'udp'));
	const incoming = await nextRequest(alice);
	incoming.respond(incoming.makeResponse(200, 'OK'));
	t.true((await outgoing.outcome).ok);
	const counted = alice.counters.transports.map(({malformed}) => malformed);
	t.true(
		counted.every((count) => count >= 1),
		String(counted),
	);
});

test('a keep-alive over TCP is answered, also between two messages of one chunk', async (t) => {
	const alice = await openEndpoint(t);
	alice.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	const stream = connect(alice.localAddress('tcp').port, '127.0.0.1');
	t.teardown(() => stream.destroy());
	const text = collect(stream);
	stream.write('\r\n\r\n');
	await until(() => text() === '\r\n');
	const via = (branch: string): string => `SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK${branch}`;
	stream.write(`${rawRequest('OPTIONS', via('1'), 'a')}\r\n\r\n${rawRequest('OPTIONS', via('2'), 'b')}`);
	await until(() => text().split('SIP/2.0 200 OK').length === 3);
	t.pass();
});

test('a message that arrives octet by octet is read; one that never ends is cut off', async (t) => {
	const alice = await openEndpoint(t, {tcp: {messageTimeoutMs: 150}});
	alice.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	const slow = connect(alice.localAddress('tcp').port, '127.0.0.1');
	slow.setNoDelay(true);
	const text = collect(slow);
	t.teardown(() => slow.destroy());
	for (const character of rawRequest('OPTIONS', 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKslow')) {
		slow.write(character);
	}

	await until(() => text().startsWith('SIP/2.0 200'));
	const endless = connect(alice.localAddress('tcp').port, '127.0.0.1');
	endless.on('error', () => {});
	endless.write('OPTIONS sip:a@127.0.0.1 SIP/2.0\r\n');
	await once(endless, 'close');
	await until(() => tcpCounters(alice)?.cut === 1);
	t.is(openConnections(alice), 1);
});

test('connections are bounded in number and per address, and idle ones go', async (t) => {
	const alice = await openEndpoint(t, {tcp: {maximumConnectionsPerAddress: 20, idleTimeoutMs: 300}});
	const sockets = Array.from({length: 200}, () => {
		const socket = connect(alice.localAddress('tcp').port, '127.0.0.1');
		socket.on('error', () => {});
		return socket;
	});
	await Promise.all(sockets.map((socket) => once(socket, 'close').catch(() => {})));
	const counted = (): number => (tcpCounters(alice)?.cut ?? 0) + (tcpCounters(alice)?.refused ?? 0);
	await until(() => counted() === 200);
	t.true((tcpCounters(alice)?.refused ?? 0) >= 100);
	t.is(openConnections(alice), 0);
});

test('a half-open connection does not keep a request from being answered', async (t) => {
	const alice = await openEndpoint(t);
	const stream = connect({port: alice.localAddress('tcp').port, host: '127.0.0.1', allowHalfOpen: true});
	t.teardown(() => stream.destroy());
	const text = collect(stream);
	alice.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	stream.end(rawRequest('OPTIONS', 'SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKhalf'));
	await once(stream, 'close').catch(() => {});
	t.regex(text(), /^SIP\/2\.0 200/);
});

test('who is not admitted is not read', async (t) => {
	let asked = 0;
	const bob = await openEndpoint(t, fast);
	const alice = await openEndpoint(t, {
		admit: (_source, kind) => {
			asked++;
			return kind === 'connection';
		},
	});
	alice.on('request', () => t.fail());
	const outcome = await bob.request(newRequest('OPTIONS', bob), targetOf(alice, 'udp')).outcome;
	t.false(outcome.ok);
	t.is(alice.counters.transports.find(({transport}) => transport === 'udp')?.refused, asked);
});

test('closing ends what is awaited and leaves no handle', async (t) => {
	const alice = await openEndpoint(t);
	const bob = await SipEndpoint.open({listen: [{transport: 'udp+tcp', address: '127.0.0.1', port: 0}]});
	const arrived = nextRequest(alice);
	const outgoing = bob.request(newRequest('INVITE', bob), targetOf(alice, 'tcp'));
	await arrived;
	await bob.close();
	await bob.close();
	const outcome = await outgoing.outcome;
	t.true(!outcome.ok && outcome.failure.code === 'CLOSED');
	t.throws(() => bob.request(newRequest('OPTIONS', bob), targetOf(alice, 'udp')), {code: 'SIP_ENDPOINT_CLOSED'});
	const again = await SipEndpoint.open({listen: [{transport: 'udp+tcp', ...bob.localAddress('tcp')}]});
	await again.close();
});

test('a port that is taken rejects by name and leaves nothing open', async (t) => {
	const taken = await openEndpoint(t);
	const {port} = taken.localAddress('udp');
	await t.throwsAsync(
		SipEndpoint.open({
			listen: [
				{transport: 'udp', address: '127.0.0.1', port: 0},
				{transport: 'udp', address: '127.0.0.1', port},
			],
		}),
		{code: 'SIP_LISTEN_FAILED'},
	);
	await t.throwsAsync(SipEndpoint.open({listen: [{transport: 'tcp', address: '127.0.0.1', port}]}), {
		code: 'SIP_LISTEN_FAILED',
	});
});

test('a listener that throws is answered for with 500, and the endpoint goes on', async (t) => {
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t)]);
	alice.once('request', () => {
		throw new Error('our bug');
	});
	const failure = once(alice, 'failure');
	const outcome = await bob.request(newRequest('OPTIONS', bob), targetOf(alice, 'udp')).outcome;
	t.true(outcome.ok && outcome.value.status === 500);
	await failure;
	const incoming = nextRequest(alice);
	const second = bob.request(newRequest('OPTIONS', bob), targetOf(alice, 'udp'));
	(await incoming).respond((await incoming).makeResponse(200, 'OK'));
	t.true((await second.outcome).ok);
});

test('a message that cannot be written throws at its maker', async (t) => {
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t)]);
	const request = newRequest('OPTIONS', bob);
	const broken = {...request, headers: [...request.headers, {name: 'Subject', value: 'a\r\nEvil: yes'}]};
	for (const transport of ['udp', 'tcp'] as const) {
		t.throws(() => bob.request(broken, targetOf(alice, transport)), {instanceOf: TypeError});
	}

	bob.request(request, targetOf(alice, 'udp'));
	const incoming = await nextRequest(alice);
	const response: SipResponse = incoming.makeResponse(200, 'OK\r\nEvil: yes');
	t.throws(() => incoming.respond(response), {instanceOf: TypeError});
	t.true(incoming.respond(incoming.makeResponse(200, 'OK')));
});

test('IPv6 works like IPv4', async (t) => {
	const listen = [{transport: 'udp+tcp' as const, address: '::1', port: 0}];
	const [bob, alice] = await Promise.all([openEndpoint(t, {listen}), openEndpoint(t, {listen})]);
	for (const [transport, octets] of [
		['udp', 0],
		['tcp', 0],
		['udp', 2000],
	] as const) {
		const outgoing = bob.request(newRequest('OPTIONS', bob, octets), targetOf(alice, transport));
		const incoming = await nextRequest(alice);
		t.regex(headerValues(incoming.request, 'Via')[0] ?? '', /\[::1\]:/);
		incoming.respond(incoming.makeResponse(200, 'OK'));
		const outcome = await outgoing.outcome;
		t.true(outcome.ok && header(outcome.value, 'CSeq') === '1 OPTIONS');
	}
});

test('two thousand mutated messages leave nothing behind', async (t) => {
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t, fast)]);
	alice.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK', {headers: contact})));
	const socket = createSocket('udp4');
	socket.bind(0, '127.0.0.1');
	await once(socket, 'listening');
	t.teardown(() => socket.close());
	const {port} = alice.localAddress('udp');
	const original = writeSipMessage({
		...newRequest('INVITE', bob),
		headers: [
			{name: 'Via', value: 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKmutant'},
			...newRequest('INVITE', bob).headers,
		],
	});
	for (let index = 0; index < 2000; index++) {
		const mutant = Buffer.from(original);
		mutant[(index * 7919) % mutant.length] = (index * 31) & 0xff;
		mutant[(index * 104_729) % mutant.length] = (index * 17) & 0xff;
		await new Promise((resolve) => {
			socket.send(mutant, port, '127.0.0.1', resolve);
		});
	}

	const outgoing = bob.request(newRequest('OPTIONS', bob), targetOf(alice, 'udp'));
	t.true((await outgoing.outcome).ok);
	await until(() => alice.transactions.server === 0);
	t.deepEqual({...alice.transactions}, {server: 0, client: 0});
});

function rawRequest(method: string, via: string, callId = 'raw'): string {
	const lines = [
		`${method} sip:alice@127.0.0.1 SIP/2.0`,
		`Via: ${via}`,
		'From: <sip:bob@example.com>;tag=raw',
		'To: <sip:alice@example.com>',
		`Call-ID: ${callId}`,
		`CSeq: 1 ${method}`,
		'Max-Forwards: 70',
		'Content-Length: 0',
	];
	return `${lines.join('\r\n')}\r\n\r\n`;
}

function collect(socket: Socket): () => string {
	let text = '';
	socket.on('data', (bytes) => {
		text += bytes.toString();
	});
	return () => text;
}

function tcpCounters(endpoint: SipEndpoint): SipEndpoint['counters']['transports'][number] | undefined {
	return endpoint.counters.transports.find(({transport}) => transport === 'tcp');
}

function openConnections(endpoint: SipEndpoint): number {
	return tcpCounters(endpoint)?.connections ?? 0;
}

/** Waits for the loop to bring about what nobody announces. */
async function until(condition: () => boolean): Promise<void> {
	while (!condition()) {
		await new Promise((resolve) => {
			setImmediate(resolve);
		});
	}
}

test('an address for all interfaces needs one that others reach, which Via then says', async (t) => {
	const listen = {transport: 'udp+tcp', address: '0.0.0.0', port: 0} as const;
	await t.throwsAsync(SipEndpoint.open({listen: [listen]}), {instanceOf: RangeError});
	const bob = await openEndpoint(t, {listen: [{...listen, advertisedAddress: '127.0.0.1'}]});
	const alice = await openEndpoint(t);
	t.is(bob.localAddress('udp').address, '127.0.0.1');
	for (const transport of ['udp', 'tcp'] as const) {
		const outgoing = bob.request(newRequest('OPTIONS', bob), targetOf(alice, transport));
		const incoming = await nextRequest(alice);
		t.regex(headerValues(incoming.request, 'Via')[0] ?? '', / 127\.0\.0\.1:\d+;/);
		incoming.respond(incoming.makeResponse(200, 'OK'));
		t.true((await outgoing.outcome).ok);
	}
});

test('a transaction whose time is over is gone when the clock has leapt, though its timer has not run', async (t) => {
	let leapMs = 0;
	const clock = {wallMs: () => Date.now(), monotonicMs: () => performance.now() + leapMs};
	const [bob, alice] = await Promise.all([openEndpoint(t), openEndpoint(t, {clock})]);
	let requests = 0;
	alice.on('request', (incoming) => {
		requests++;
		incoming.respond(incoming.makeResponse(200, 'OK'));
	});
	const options = withHeader(
		newRequest('OPTIONS', bob),
		'Via',
		`SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK${bob.newTag()};rport`,
	);
	const socket = createSocket('udp4');
	t.teardown(() => socket.close());
	const ask = async () => {
		socket.send(writeSipMessage(options), alice.localAddress('udp').port, '127.0.0.1');
		await once(socket, 'message');
	};
	await ask();
	await ask();
	t.is(requests, 1);
	leapMs = 60_000;
	await ask();
	t.is(requests, 2);
});
