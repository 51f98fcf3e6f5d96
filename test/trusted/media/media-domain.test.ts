import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import type {
	LegProtection,
	MediaEvent,
	MediaReply,
	SourcePolicy,
	TransportAddress,
} from '#dist/trusted/media/protocol.js';
import type {BridgeTicket, OwnKeyHandle, PeerKeyHandle} from '#dist/trusted/toolbox/protocol.js';
import {openParty, Phone, remoteOf, rtpPacket} from './support/phone.js';
import {must, SharedKey} from './support/plane.js';
import {openDomain} from './support/toolbox.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';
const declared: SourcePolicy = {kind: 'declared'};
const localLegs = [{leg: 'a'}, {leg: 'b'}] as const;

function sealed(inbound: PeerKeyHandle, outbound: OwnKeyHandle): LegProtection {
	return {kind: 'srtp', suite, inbound: [{key: inbound}], outbound: {key: outbound}};
}

/** A relay whose leg `a` has SRTP and whose leg `b` is clear by its ticket. */
async function openBridge(t: ExecutionContext) {
	const opened = openDomain(t);
	const {client, toolbox} = opened;
	const parties = [await openParty(t), await openParty(t)] as const;
	const keys = {fromAlice: new SharedKey(suite), toAlice: new SharedKey(suite)};
	const legs = await client.createRelay({
		call: 'call-1',
		ticket: toolbox.ticket('ticket-1', {a: false, b: true}),
		legs: localLegs,
	});
	const configureA = {
		call: 'call-1',
		leg: 'a',
		remote: remoteOf(parties[0]),
		protection: sealed(toolbox.key('peer-1', keys.fromAlice), toolbox.key('own-1', keys.toAlice)),
		source: declared,
	};
	await client.configureLeg(configureA);
	await client.configureLeg({
		call: 'call-1',
		leg: 'b',
		remote: remoteOf(parties[1]),
		protection: {kind: 'clear'},
		source: declared,
	});
	const [first, second] = legs.map(({local}) => local);
	if (first === undefined || second === undefined) {
		throw new Error('Expected two legs.');
	}

	return {...opened, parties, keys, configureA, ports: [first, second] as const};
}

/** Posts a message as it is, and gives the answer with the same id. */
async function post(port: ReturnType<typeof openDomain>['userPort'], message: unknown): Promise<MediaReply> {
	const answered = once(port, 'message');
	port.postMessage(message);
	const [reply] = await answered;
	return reply;
}

test('a call is bridged on a ticket, SRTP to clear, and its end is told', async (t) => {
	const {client, toolbox, domain, plane, keyPort, parties, keys, ports} = await openBridge(t);
	const events: MediaEvent[] = [];
	client.on('event', (event) => events.push(event));
	await parties[0].rtp.send(must(keys.fromAlice.outbound(t).protectRtp(rtpPacket({sequenceNumber: 1}))), ports[0].rtp);
	await parties[1].rtp.send(rtpPacket({sequenceNumber: 2, ssrc: 2}), ports[1].rtp);
	t.deepEqual(await parties[1].rtp.waitFor(1), [rtpPacket({sequenceNumber: 1})]);
	const [heard] = await parties[0].rtp.waitFor(1);
	t.deepEqual(
		Buffer.from(must(keys.toAlice.inbound(t).unprotectRtp(heard as Buffer))),
		rtpPacket({sequenceNumber: 2, ssrc: 2}),
	);

	const charles = await Phone.open(t);
	await charles.send(rtpPacket({sequenceNumber: 3}), ports[1].rtp);
	while ((await client.readStatistics('call-1'))[1]?.dropped['wrong-source'] !== 1) {
		// Each round waits for an answer.
	}

	const told = once(keyPort, 'message');
	const last = await client.destroyRelay('call-1');
	await told;
	t.deepEqual(
		last.map(({leg, received, sent}) => [leg, received.packets, sent.packets]),
		[
			['a', 1, 1],
			['b', 2, 1],
		],
	);
	t.like(last[0], {local: ports[0]});
	t.deepEqual(
		events.map((event) => 'call' in event && [event.kind, event.call, 'leg' in event ? event.leg : event.reason]),
		[
			['first-packet', 'call-1', 'a'],
			['first-packet', 'call-1', 'b'],
			['wrong-source', 'call-1', 'b'],
			['relay-ended', 'call-1', 'destroyed'],
		],
	);
	t.deepEqual([domain.size, plane.size], [0, 0]);
	t.deepEqual(toolbox.requests.at(-1), {kind: 'relay-ended', call: 'call-1'});
});

test('keys are redeemed once: a leg changed under the same handles keeps its sessions', async (t) => {
	const {client, toolbox, parties, keys, configureA, ports} = await openBridge(t);
	const outbound = keys.fromAlice.outbound(t);
	const recorded = must(outbound.protectRtp(rtpPacket({sequenceNumber: 1})));
	await parties[0].rtp.send(recorded, ports[0].rtp);
	await parties[1].rtp.waitFor(1);
	const redeemed = toolbox.requests.length;

	const moved = await openParty(t);
	await client.configureLeg({...configureA, remote: remoteOf(moved)});
	t.is(toolbox.requests.length, redeemed);
	await moved.rtp.send(recorded, ports[0].rtp);
	await moved.rtp.send(must(outbound.protectRtp(rtpPacket({sequenceNumber: 2}))), ports[0].rtp);
	t.is((await parties[1].rtp.waitFor(2)).length, 2);
	t.like((await client.readStatistics('call-1'))[0]?.dropped, {replayed: 1});
});

test('clear is refused where the ticket does not allow it', async (t) => {
	const {client, configureA} = await openBridge(t);
	await t.throwsAsync(client.configureLeg({...configureA, protection: {kind: 'clear'}}), {
		code: 'CLEAR_NOT_ALLOWED',
	});
});

test('no ticket, a used one, one for other legs: no relay', async (t) => {
	const {client, toolbox, plane} = openDomain(t);
	const create = (ticket: BridgeTicket, call = 'c') => client.createRelay({call, ticket, legs: localLegs});
	await t.throwsAsync(create('nothing' as BridgeTicket), {code: 'TICKET_UNKNOWN'});
	await t.throwsAsync(create(toolbox.ticket('other', {a: true, c: true})), {code: 'TICKET_MISMATCH'});
	await t.throwsAsync(create(toolbox.ticket('fewer', {a: true})), {code: 'TICKET_MISMATCH'});
	await create(toolbox.ticket('good', {a: true, b: true}));
	await t.throwsAsync(create('good' as BridgeTicket, 'd'), {code: 'TICKET_UNKNOWN'});
	await t.throwsAsync(create(toolbox.ticket('again', {a: true, b: true})), {code: 'CALL_EXISTS'});
	t.is(plane.size, 1);
});

test('a handle that the toolbox refuses, or whose suite or MKI differ, leaves the leg as it was', async (t) => {
	const {client, toolbox, configureA, parties, keys, ports} = await openBridge(t);
	const change = (protection: LegProtection) => client.configureLeg({...configureA, protection});
	const own = () => toolbox.key('own-2', new SharedKey(suite));
	await t.throwsAsync(change(sealed('peer-9' as PeerKeyHandle, own())), {code: 'HANDLE_UNKNOWN'});
	await t.throwsAsync(change(sealed(toolbox.key('gcm', new SharedKey('AEAD_AES_128_GCM')), own())), {
		code: 'SUITE_MISMATCH',
	});
	await t.throwsAsync(
		change({
			kind: 'srtp',
			suite,
			inbound: [{key: toolbox.key('peer-2', new SharedKey(suite)), mki: Uint8Array.of(1)}],
			outbound: {key: own()},
		}),
		{code: 'MKI_MISMATCH'},
	);
	await parties[0].rtp.send(must(keys.fromAlice.outbound(t).protectRtp(rtpPacket({sequenceNumber: 1}))), ports[0].rtp);
	t.is((await parties[1].rtp.waitFor(1)).length, 1);
});

test('the lifetime that the toolbox names is counted, and what becomes of it is told the user domain', async (t) => {
	const {client, toolbox} = openDomain(t);
	const parties = [await openParty(t), await openParty(t)] as const;
	const keys = {fromAlice: new SharedKey(suite), toAlice: new SharedKey(suite)};
	const legs = await client.createRelay({
		call: 'call-1',
		ticket: toolbox.ticket('ticket-1', {a: false, b: true}),
		legs: localLegs,
	});
	toolbox.lifetimePackets = 5;
	const events: MediaEvent[] = [];
	client.on('event', (event: MediaEvent) => events.push(event));
	await client.configureLeg({
		call: 'call-1',
		leg: 'a',
		remote: remoteOf(parties[0]),
		protection: {
			...(sealed(toolbox.key('peer', keys.fromAlice), toolbox.key('own', keys.toAlice)) as LegProtection & {
				kind: 'srtp';
			}),
			rollover: {inbound: 'reset', outbound: 'keep'},
			rekeyGraceMs: 100,
			whenExpired: 'alert',
			lateJoinRollovers: 1,
		},
		source: declared,
	});
	await client.configureLeg({
		call: 'call-1',
		leg: 'b',
		remote: remoteOf(parties[1]),
		protection: {kind: 'clear'},
		source: declared,
	});
	const outbound = keys.fromAlice.outbound(t);
	for (let sequenceNumber = 0; sequenceNumber < 7; sequenceNumber++) {
		await parties[1].rtp.send(rtpPacket({sequenceNumber}), legs[1]?.local.rtp as TransportAddress);
		await parties[0].rtp.send(
			must(outbound.protectRtp(rtpPacket({sequenceNumber}))),
			legs[0]?.local.rtp as TransportAddress,
		);
	}

	await parties[1].rtp.waitFor(7);
	await client.destroyRelay('call-1');
	t.is(parties[0].rtp.received.length, 5);
	t.deepEqual(
		events
			.filter(({kind}) => kind !== 'first-packet' && kind !== 'relay-ended')
			.map((event) => JSON.stringify(event))
			.sort(),
		[
			{kind: 'key-expired', call: 'call-1', leg: 'a', direction: 'inbound'},
			{kind: 'key-expired', call: 'call-1', leg: 'a', direction: 'outbound'},
			{kind: 'rekey-due', call: 'call-1', leg: 'a'},
		].map((event) => JSON.stringify(event)),
	);
});

test.serial('what a leg should watch reaches it, what it saw and its silence come back', async (t) => {
	const {toolbox, client} = openDomain(t);
	const parties = [await openParty(t), await openParty(t)] as const;
	const events: MediaEvent[] = [];
	client.on('event', (event) => events.push(event));
	const legs = await client.createRelay({
		call: 'call-1',
		ticket: toolbox.ticket('t', {a: true, b: true}),
		legs: localLegs,
	});
	for (const [index, leg] of ['a', 'b'].entries()) {
		await client.configureLeg({
			call: 'call-1',
			leg,
			remote: remoteOf(parties[index === 0 ? 0 : 1]),
			protection: {kind: 'clear'},
			source: declared,
			...(leg === 'a' && {
				codecs: [{payloadType: 97, name: 'speex', clockRate: 16_000}],
				rtpTimeoutMs: 1000,
				rtcpTimeoutMs: 1000,
			}),
		});
	}

	await parties[0].rtp.send(
		rtpPacket({sequenceNumber: 1, ssrc: 7, payloadType: 97}),
		legs[0]?.local.rtp as TransportAddress,
	);
	await parties[1].rtp.waitFor(1);
	const [a, b] = await client.readStatistics('call-1');
	t.like(a?.streams[0], {ssrc: 7, expected: 1, codec: 'speex', jitter: {units: 0, ms: 0}});
	t.deepEqual(b?.streams, []);

	const silences = () => events.filter(({kind}) => kind === 'rtp-timeout' || kind === 'rtcp-timeout');
	while (silences().length < 2) {
		await once(client, 'event');
	}

	t.deepEqual(
		new Set(silences()),
		new Set([
			{kind: 'rtp-timeout', call: 'call-1', leg: 'a'} as const,
			{kind: 'rtcp-timeout', call: 'call-1', leg: 'a'} as const,
		]),
	);
});

test('what the guard learns and what else comes on the ports is told the user domain', async (t) => {
	const {toolbox, client} = openDomain(t);
	const [fromAlice, toAlice] = [new SharedKey(suite), new SharedKey(suite)];
	const ticket = toolbox.ticket('t', {a: false, b: true});
	const [first] = await client.createRelay({call: 'c', ticket, legs: localLegs});
	const natted = await Phone.open(t);
	const declaredPort = await Phone.open(t);
	await client.configureLeg({
		call: 'c',
		leg: 'a',
		remote: {rtp: declaredPort.address, rtcp: declaredPort.address},
		protection: sealed(toolbox.key('in', fromAlice), toolbox.key('out', toAlice)),
		source: {kind: 'learned', relatch: 'authenticated'},
		stun: {kind: 'answer'},
		dtls: 'report',
		maxSources: 8,
	});
	const events: MediaEvent[] = [];
	const all = new Promise<void>((resolve) => {
		client.on('event', (event) => {
			if (events.push(event) === 4) {
				resolve();
			}
		});
	});
	const to = first?.local.rtp as {address: string; port: number};
	await natted.send(Buffer.from([16, 0, 0, 1]), to);
	await natted.send(Buffer.from([22, 254, 253, 1]), to);
	await natted.send(must(fromAlice.outbound(t).protectRtp(rtpPacket({sequenceNumber: 1}))), to);
	await all;
	t.like(events, {
		0: {kind: 'zrtp', call: 'c', leg: 'a', from: natted.address, channel: 'rtp'},
		1: {kind: 'dtls', call: 'c', leg: 'a', from: natted.address},
		2: {kind: 'source-learned', from: natted.address, previous: declaredPort.address, authenticated: true},
		3: {kind: 'first-packet', from: natted.address},
	});
	await client.destroyRelay('c');
});

test('hostile messages are answered BAD_COMMAND and nothing else happens', async (t) => {
	const {userPort, toolbox, plane} = openDomain(t);
	const create = {
		kind: 'create-relay',
		call: 'c',
		ticket: toolbox.ticket('t', {a: true, b: true}),
		legs: localLegs,
	};
	const configure = {
		kind: 'configure-leg',
		call: 'c',
		leg: 'a',
		remote: {rtp: {address: '127.0.0.1', port: 1000}, rtcp: {address: '127.0.0.1', port: 1001}},
		protection: {kind: 'clear'},
		source: declared,
	};
	const cyclic: {id: number; kind: string; legs?: unknown} = {id: 1, kind: 'create-relay'};
	cyclic.legs = cyclic;
	const hostile: unknown[] = [
		null,
		42,
		'create-relay',
		[],
		{},
		new Map([['id', 1]]),
		cyclic,
		{kind: 'destroy-relay', call: 'c'},
		{id: '1', kind: 'destroy-relay', call: 'c'},
		{id: 1},
		{id: 1, kind: 'constructor'},
		{id: 1, kind: 'destroy-relay', call: ''},
		{id: 1, kind: 'destroy-relay', call: 'x'.repeat(10_000)},
		{id: 1, kind: 'destroy-relay', call: {toString: 1}},
		{id: 1, kind: 'destroy-relay', call: 'c', surprise: true},
		{...create, id: 1, ticket: undefined},
		{...create, id: 1, ticket: 'x'.repeat(10_000)},
		{...create, id: 1, ticket: 7},
		{...create, id: 1, legs: [localLegs[0]]},
		{...create, id: 1, legs: [localLegs[0], localLegs[0]]},
		{...create, id: 1, legs: [...localLegs, {leg: 'c'}]},
		{...create, id: 1, legs: [localLegs[0], {leg: 'b', localAddress: '127.0.0.1'}]},
		{...create, id: 1, legs: [localLegs[0], {leg: 'b'.repeat(10_000)}]},
		{...create, id: 1, legs: [localLegs[0], {leg: 'b', interface: '../etc'}]},
		{...create, id: 1, legs: [localLegs[0], {leg: 'b', interface: 'x'.repeat(33)}]},
		{...create, id: 1, legs: [localLegs[0], {leg: 'b', family: 'IPv5'}]},
		{...create, id: 1, legs: [localLegs[0], {leg: 'b', rtcp: 'none'}]},
		{...configure, id: 1, source: {kind: 'learned'}},
		{...configure, id: 1, source: {kind: 'anybody'}},
		{...configure, id: 1, protection: {kind: 'none'}},
		{...configure, id: 1, protection: {kind: 'srtp', suite: 'NULL', inbound: [{key: 'k'}], outbound: {key: 'k'}}},
		{...configure, id: 1, protection: {kind: 'srtp', suite, inbound: [], outbound: {key: 'k'}}},
		{...configure, id: 1, protection: {...sealed('k' as PeerKeyHandle, 'k' as OwnKeyHandle), replayWindowPackets: 1}},
		...[
			{rollover: 'reset'},
			{rollover: {inbound: 'forget'}},
			{rollover: {both: 'keep'}},
			{rekeyGraceMs: -1},
			{rekeyGraceMs: 60_001},
			{rekeyGraceMs: '5000'},
			{whenExpired: 'go-on'},
			{lateJoinRollovers: 65},
			{lateJoinRollovers: {maxRollovers: 1}},
			{surprise: 1},
		].map((rules) => ({
			...configure,
			id: 1,
			protection: {...sealed('k' as PeerKeyHandle, 'k' as OwnKeyHandle), ...rules},
		})),
		{...configure, id: 1, payloadTypes: [0, 128]},
		{...configure, id: 1, payloadTypes: new Array<number>(1000).fill(0)},
		{...configure, id: 1, direction: 'both'},
		...[
			{rtpTimeoutMs: 999},
			{rtpTimeoutMs: 86_400_001},
			{rtcpTimeoutMs: 0},
			{rtcpTimeoutMs: '5000'},
			{codecs: {}},
			{codecs: new Array(129).fill({payloadType: 0, name: 'PCMU', clockRate: 8000})},
			{codecs: [{payloadType: 128, name: 'PCMU', clockRate: 8000}]},
			{codecs: [{payloadType: 0, name: 'PC\r\nMU', clockRate: 8000}]},
			{codecs: [{payloadType: 0, name: 'x'.repeat(33), clockRate: 8000}]},
			{codecs: [{payloadType: 0, name: 'PCMU', clockRate: 0}]},
			{codecs: [{payloadType: 0, name: 'PCMU', clockRate: 8000, channels: 2}]},
		].map((monitoring) => ({...configure, id: 1, ...monitoring})),
		{...configure, id: 1, source: {kind: 'declared', relatch: 'authenticated'}},
		{...configure, id: 1, source: {kind: 'signalling-address', address: '127.0.0.1', relatch: 'authenticated'}},
		{...configure, id: 1, source: {kind: 'signalling-address', address: '127.0.0.1', relatch: 'always'}},
		...['127.0.0.1', '127.0.0.1/33', '::/129', 'localhost/8', '127.0.0.1/1e1', '/8', 8, 'x'.repeat(10_000)].map(
			(network) => ({...configure, id: 1, source: {kind: 'subnet', network}}),
		),
		{...configure, id: 1, maxSources: 0},
		{...configure, id: 1, maxSources: 4097},
		{...configure, id: 1, reflections: 'maybe'},
		{...configure, id: 1, dtls: 'answer'},
		{...configure, id: 1, stun: {kind: 'answer', password: 'x'.repeat(22)}},
		{...configure, id: 1, stun: {kind: 'ice-lite', usernameFragment: 'a:bc', password: 'x'.repeat(22)}},
		{...configure, id: 1, stun: {kind: 'ice-lite', usernameFragment: 'abcd', password: 'x'.repeat(257)}},
		{...configure, id: 1, remote: {...configure.remote, rtp: {address: '127.0.0.1', port: 0}}},
	];
	for (const message of hostile) {
		const reply = await post(userPort, message);
		t.like(reply, {ok: false, code: 'BAD_COMMAND'});
		t.true(!reply.ok && reply.message.length < 200);
	}

	t.is(toolbox.requests.length, 0);
	t.is(plane.size, 0);
	t.like(await post(userPort, {...configure, id: 2}), {ok: false, code: 'UNKNOWN_CALL', id: 2});
	t.like(await post(userPort, {...create, id: 3}), {ok: true, id: 3});
});

test('commands of one call are done in the order in which they came', async (t) => {
	const {client, toolbox} = openDomain(t);
	const done = await Promise.allSettled([
		client.createRelay({call: 'c', ticket: toolbox.ticket('t', {a: true, b: true}), legs: localLegs}),
		client.readStatistics('c'),
		client.destroyRelay('c'),
		client.readStatistics('c'),
	]);
	t.deepEqual(
		done.map(({status}) => status),
		['fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
	);
});

test('calls are bounded in number', async (t) => {
	const {client, toolbox} = openDomain(t, {maxCalls: 1});
	const create = (call: string) =>
		client.createRelay({call, ticket: toolbox.ticket(call, {a: true, b: true}), legs: localLegs});
	await create('one');
	await t.throwsAsync(create('two'), {code: 'TOO_MANY_CALLS'});
	await client.destroyRelay('one');
	await t.notThrowsAsync(create('three'));
});

test('a toolbox that does not answer refuses by silence', async (t) => {
	const {client, toolbox} = openDomain(t, {toolboxTimeoutMs: 20});
	toolbox.answers = false;
	await t.throwsAsync(
		client.createRelay({call: 'c', ticket: toolbox.ticket('t', {a: true, b: true}), legs: localLegs}),
		{code: 'REQUEST_TIMEOUT'},
	);
});

test('when the user goes all its relays end and the toolbox hears of it', async (t) => {
	const {client, toolbox, plane, keyPort} = await openBridge(t);
	const told = once(keyPort, 'close');
	client.close();
	await told;
	t.deepEqual(toolbox.requests.at(-1), {kind: 'relay-ended', call: 'call-1'});
	t.is(plane.size, 0);
});

test('when the media domain goes the client rejects what is open', async (t) => {
	const {client, toolbox, domain} = openDomain(t);
	toolbox.answers = false;
	const asked = client.createRelay({
		call: 'c',
		ticket: toolbox.ticket('t', {a: true, b: true}),
		legs: localLegs,
	});
	const closed = once(client, 'close');
	void domain.close();
	await closed;
	await t.throwsAsync(asked, {code: 'PORT_CLOSED'});
	await t.throwsAsync(client.readStatistics('c'), {code: 'PORT_CLOSED'});
});
