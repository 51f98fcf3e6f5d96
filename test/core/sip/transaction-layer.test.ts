import test from 'ava';
import {Dialog, type LayerOutput, type SipSource, TransactionLayer} from '#dist/core/sip/index.js';
import {header, headerValues} from '#dist/wire/sip/headers.js';
import type {SipRequest, SipResponse} from '#dist/wire/sip/message.js';
import {makeResponse} from '#dist/wire/sip/response.js';
import {type Node, SimulatedNetwork, seededOctets, sipRequest, type Weather} from './simulated-network.js';

type Call = {readonly network: SimulatedNetwork; readonly bob: Node; readonly alice: Node};
type RequestOutput = Extract<LayerOutput, {kind: 'request'}>;

function start(seed: number, weather: Weather = {}): Call {
	const network = new SimulatedNetwork(seed, weather);
	return {network, bob: network.add('bob', '192.0.2.1'), alice: network.add('alice', '192.0.2.2')};
}

function answer({request, localTag}: RequestOutput, status: number): SipResponse {
	const contact = {name: 'Contact', value: '<sip:alice@192.0.2.2>'};
	return makeResponse(request, status, 'Reason', {toTag: localTag, headers: [contact]});
}

/** Alice rings and answers after two seconds; Bob acknowledges. */
function answerAndAcknowledge(
	{network, bob, alice}: Call,
	invite: SipRequest,
	status = 200,
	transport: 'udp' | 'tcp' = 'udp',
): void {
	alice.on = (output) => {
		if (output.kind === 'request' && output.request.method === 'INVITE') {
			alice.layer.respond(output.transaction, answer(output, 180), network.nowMs);
			network.at(network.nowMs + 2000, () => {
				alice.layer.respond(output.transaction, answer(output, status), network.nowMs);
			});
		} else if (output.kind === 'request') {
			alice.layer.respond(output.transaction, answer(output, 200), network.nowMs);
		}
	};
	bob.on = (output) => {
		if (
			output.kind === 'response' &&
			output.response.status === 200 &&
			header(output.response, 'CSeq') === '1 INVITE'
		) {
			const dialog = Dialog.fromResponse(invite, output.response);
			if (dialog.ok) {
				bob.layer.acknowledge(output.transaction, dialog.value.makeAck(invite), alice.target(transport));
			}
		}
	};
}

function sentOf(node: Node, what: string | number): number {
	return node.sent.filter((message) => (message.kind === 'request' ? message.method : message.status) === what).length;
}

function countOf(node: Node, kind: string): number {
	return node.saidKinds().filter((said) => said === kind).length;
}

for (const transport of ['udp', 'tcp'] as const) {
	test(`a call over ${transport} on a clear day sends each message once and leaves nothing`, (t) => {
		const call = start(1);
		const invite = sipRequest('INVITE');
		answerAndAcknowledge(call, invite, 200, transport);
		call.bob.layer.request(invite, call.alice.target(transport), 0);
		call.network.run();
		t.is(sentOf(call.bob, 'INVITE'), 1);
		t.is(sentOf(call.bob, 'ACK'), 1);
		t.is(sentOf(call.alice, 180), 1);
		t.is(sentOf(call.alice, 200), 1);
		t.is(sentOf(call.alice, 100), 0, 'the user answered within 200 ms');
		t.deepEqual(call.bob.saidKinds(), ['response 180', 'response 200', 'ended']);
		t.deepEqual(call.alice.saidKinds(), ['request', 'ack', 'ended']);
		t.deepEqual({...call.bob.layer.size}, {server: 0, client: 0});
		t.deepEqual({...call.alice.layer.size}, {server: 0, client: 0});
		t.is(call.alice.layer.waitUntil, Number.POSITIVE_INFINITY);
	});
}

for (const seed of Array.from({length: 40}, (_, index) => index + 1)) {
	test(`a call and its BYE come through loss, duplicates and reordering (seed ${seed})`, (t) => {
		const call = start(seed, {loss: 0.3, duplication: 0.2, delayMs: 400});
		const {network, bob, alice} = call;
		const invite = sipRequest('INVITE');
		answerAndAcknowledge(call, invite);
		bob.layer.request(invite, alice.target('udp'), 0);
		network.at(40_000, () => {
			bob.layer.request(
				sipRequest('BYE', {sequence: 2, to: '<sip:alice@example.com>;tag=x'}),
				alice.target('udp'),
				network.nowMs,
			);
		});
		network.run();
		t.is(countOf(bob, 'response 200'), 2, 'INVITE and BYE are answered once each, whatever the network repeats');
		t.is(countOf(alice, 'request'), 2);
		t.is(countOf(alice, 'ack'), 1);
		t.is(countOf(alice, 'ack-timeout'), 0);
		t.deepEqual(
			[{...bob.layer.size}, {...alice.layer.size}],
			[
				{server: 0, client: 0},
				{server: 0, client: 0},
			],
		);
	});

	test(`a refused call is acknowledged by the transaction through loss (seed ${seed})`, (t) => {
		const call = start(seed, {loss: 0.3, duplication: 0.2, delayMs: 400});
		const invite = sipRequest('INVITE');
		answerAndAcknowledge(call, invite, 486);
		call.bob.layer.request(invite, call.alice.target('udp'), 0);
		call.network.run();
		t.is(countOf(call.bob, 'response 486'), 1);
		t.is(countOf(call.alice, 'ack'), 0, 'the ACK of a failure ends in the transaction');
		t.is(countOf(call.alice, 'ack-timeout'), 0);
		t.deepEqual({...call.alice.layer.size}, {server: 0, client: 0});
	});
}

test('Timers A and B: an INVITE without any answer goes out seven times and times out after 32 s', (t) => {
	const {network, bob, alice} = start(1, {drop: () => true});
	const times: number[] = [];
	bob.layer.request(sipRequest('INVITE'), alice.target('udp'), 0);
	const {push} = bob.sent;
	bob.sent.push = (...messages) => {
		times.push(network.nowMs);
		return push.apply(bob.sent, messages);
	};
	network.run();
	t.deepEqual(times, [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
	t.deepEqual(bob.saidKinds(), ['timeout', 'ended']);
	t.is(network.nowMs, 32_000);
});

test('Timers E and F: another request repeats up to every 4 s and times out after 32 s', (t) => {
	const {network, bob, alice} = start(1, {drop: () => true});
	bob.layer.request(sipRequest('OPTIONS'), alice.target('udp'), 0);
	network.run();
	t.is(sentOf(bob, 'OPTIONS'), 11);
	t.deepEqual(bob.saidKinds(), ['timeout', 'ended']);
});

test('over TCP nothing is repeated, and silence still ends after 32 s', (t) => {
	const {network, bob, alice} = start(1, {drop: () => true});
	bob.layer.request(sipRequest('INVITE'), alice.target('tcp'), 0);
	network.run();
	t.is(sentOf(bob, 'INVITE'), 1);
	t.is(network.nowMs, 32_000);
	t.deepEqual(bob.saidKinds(), ['timeout', 'ended']);
});

test('a user that is slow has 100 said for it after 200 ms', (t) => {
	const {network, bob, alice} = start(1);
	bob.layer.request(sipRequest('INVITE'), alice.target('udp'), 0);
	network.run(5000);
	t.is(sentOf(alice, 100), 1);
	t.is(sentOf(bob, 'INVITE'), 1, 'a provisional response stops Timer A');
	t.deepEqual(bob.saidKinds(), ['response 100']);
});

test('an INVITE that rings without end is given up on both sides', (t) => {
	const {network, bob, alice} = start(1);
	bob.layer.request(sipRequest('INVITE'), alice.target('udp'), 0);
	network.run();
	t.deepEqual(bob.saidKinds(), ['response 100', 'timeout', 'ended']);
	t.deepEqual(alice.saidKinds(), ['request', 'ack-timeout', 'ended']);
});

test('a 2xx is repeated over TCP too until its ACK, and reported after 64 × T1 without one', (t) => {
	const call = start(1, {drop: (message) => message.kind === 'request' && message.method === 'ACK'});
	const invite = sipRequest('INVITE');
	answerAndAcknowledge(call, invite, 200, 'tcp');
	call.bob.layer.request(invite, call.alice.target('tcp'), 0);
	call.network.run();
	t.is(sentOf(call.alice, 200), 11);
	t.is(sentOf(call.bob, 'ACK'), 11, 'each repetition gets the ACK again');
	t.is(countOf(call.bob, 'response 200'), 1);
	t.is(call.bob.layer.counters.absorbedResponses, 10);
	t.deepEqual(call.alice.saidKinds(), ['request', 'ack-timeout', 'ended']);
});

test('a lost ACK is sent again with the next 2xx', (t) => {
	let lost = 0;
	const call = start(1, {drop: (message) => message.kind === 'request' && message.method === 'ACK' && lost++ < 2});
	const invite = sipRequest('INVITE');
	answerAndAcknowledge(call, invite);
	call.bob.layer.request(invite, call.alice.target('udp'), 0);
	call.network.run();
	t.is(sentOf(call.alice, 200), 3);
	t.is(countOf(call.alice, 'ack'), 1);
});

test('CANCEL waits for a provisional response, ends the INVITE with 487, and is told once', (t) => {
	const {network, bob, alice} = start(3, {loss: 0.2, duplication: 0.3, delayMs: 200});
	const started = bob.layer.request(sipRequest('INVITE'), alice.target('udp'), 0);
	alice.on = (output) => {
		if (output.kind === 'request') {
			network.at(network.nowMs + 100, () => {
				alice.layer.respond(output.transaction, answer(output, 180), network.nowMs);
			});
		} else if (output.kind === 'cancel') {
			t.false(alice.layer.respond(output.transaction, answer(alice.said[0] as RequestOutput, 200), network.nowMs));
		}
	};
	if (!started.ok) {
		t.fail();
		return;
	}

	bob.layer.cancel(started.value, 0);
	bob.layer.cancel(started.value, 0);
	network.run(9);
	t.is(sentOf(bob, 'CANCEL'), 0);
	network.run();
	t.true(sentOf(bob, 'CANCEL') >= 1);
	t.is(countOf(alice, 'cancel'), 1);
	t.is(countOf(bob, 'response 487'), 1);
	t.is(countOf(bob, 'response 200'), 0, "the answer to the CANCEL is the layer's own business");
	const tags = alice.sent
		.filter((message) => message.kind === 'response' && message.status > 100)
		.map((message) => header(message, 'To'));
	t.is(new Set(tags).size, 1, 'all answers carry one To tag');
});

test('a CANCEL that comes too late gets its 200 and changes nothing', (t) => {
	const call = start(1);
	const invite = sipRequest('INVITE');
	answerAndAcknowledge(call, invite);
	call.bob.layer.request(invite, call.alice.target('udp'), 0);
	call.network.run(5000);
	const sent = call.bob.sent.find((message) => message.kind === 'request' && message.method === 'INVITE') as SipRequest;
	const cancel = {
		...sent,
		method: 'CANCEL',
		headers: sent.headers.map((field) => (field.name === 'CSeq' ? {...field, value: '1 CANCEL'} : field)),
	};
	const before = call.alice.said.length;
	call.alice.layer.receive(cancel, udpSource('192.0.2.1', 5060), call.network.nowMs);
	const reply = call.alice.layer.poll();
	t.true(reply?.kind === 'send' && reply.message.kind === 'response' && reply.message.status === 200);
	t.is(call.alice.layer.poll(), undefined);
	t.is(call.alice.said.length, before);
});

test('a CANCEL of nothing gets 481', (t) => {
	const {alice} = start(1);
	alice.layer.receive(viaRequest('CANCEL', 'z9hG4bKnone'), udpSource('192.0.2.1', 5060), 0);
	const reply = alice.layer.poll();
	t.true(reply?.kind === 'send' && reply.message.kind === 'response' && reply.message.status === 481);
});

test('the same branch from another source is another transaction, and merged while the first is unanswered', (t) => {
	const {alice} = start(1);
	const request = viaRequest('INVITE', 'z9hG4bKcopy');
	alice.layer.receive(request, udpSource('192.0.2.1', 5060), 0);
	const first = alice.layer.poll();
	t.is(first?.kind, 'request');
	alice.layer.receive(request, udpSource('192.0.2.1', 5060), 10);
	t.is(alice.layer.poll(), undefined, 'a retransmission is absorbed');
	t.is(alice.layer.counters.absorbedRequests, 1);

	alice.layer.receive(request, udpSource('198.51.100.66', 5060), 20);
	const merged = alice.layer.poll();
	t.true(merged?.kind === 'send' && merged.message.kind === 'response' && merged.message.status === 482);

	alice.layer.respond((first as RequestOutput).transaction, answer(first as RequestOutput, 200), 30);
	t.is(alice.layer.poll()?.kind, 'send');
	alice.layer.receive(request, udpSource('198.51.100.66', 5060), 40);
	t.is(alice.layer.poll()?.kind, 'request', 'once answered, a copy from elsewhere goes up to be judged');
	alice.layer.receive(request, udpSource('192.0.2.1', 5060), 50);
	t.is(alice.layer.poll(), undefined);
});

test('stray ACKs and responses are counted and dropped', (t) => {
	const {alice} = start(1);
	alice.layer.receive(viaRequest('ACK', 'z9hG4bKstray'), udpSource('192.0.2.1', 5060), 0);
	alice.layer.receive(makeResponse(viaRequest('INVITE', 'z9hG4bKstray'), 200, 'OK'), udpSource('192.0.2.1', 5060), 0);
	t.is(alice.layer.poll(), undefined);
	t.is(alice.layer.counters.strayAcks, 1);
	t.is(alice.layer.counters.strayResponses, 1);
});

test('a response whose sent-by is not ours, or that has two Vias, is dropped', (t) => {
	const {network, bob, alice} = start(1, {drop: () => true});
	bob.layer.request(sipRequest('OPTIONS'), alice.target('udp'), 0);
	network.drain();
	const sent = bob.sent[0] as SipRequest;
	const response = makeResponse(sent, 200, 'OK');
	const via = headerValues(sent, 'Via')[0] ?? '';
	const foreign = {
		...response,
		headers: response.headers.map((field) =>
			field.name === 'Via' ? {...field, value: via.replace('192.0.2.1', '255.255.255.255')} : field,
		),
	};
	const doubled = {...response, headers: [{name: 'Via', value: via}, ...response.headers]};
	for (const wrong of [foreign, doubled]) {
		bob.layer.receive(wrong, udpSource('192.0.2.2', 5060), 1);
		t.is(bob.layer.poll(), undefined);
	}

	t.is(bob.layer.counters.strayResponses, 2);
	bob.layer.receive(response, udpSource('192.0.2.2', 5060), 1);
	t.is(bob.layer.poll()?.kind, 'response');
});

test('a second 2xx of another fork goes up once more, further repetitions do not', (t) => {
	const {network, bob, alice} = start(1, {drop: () => true});
	bob.layer.request(sipRequest('INVITE'), alice.target('udp'), 0);
	network.drain();
	const sent = bob.sent[0] as SipRequest;
	for (const toTag of ['one', 'two', 'one', 'two', 'two']) {
		bob.layer.receive(makeResponse(sent, 200, 'OK', {toTag}), udpSource('192.0.2.2', 5060), 1);
	}

	for (let fork = 0; fork < 100; fork++) {
		bob.layer.receive(makeResponse(sent, 200, 'OK', {toTag: `f${fork}`}), udpSource('192.0.2.2', 5060), 1);
	}

	network.drain();
	t.is(countOf(bob, 'response 200'), 16, 'forks are bounded');
});

test('a large request goes by TCP with a Via that says so, and by UDP under a new branch where TCP is refused', (t) => {
	const {bob, alice} = start(1);
	const large = sipRequest('INVITE', {body: 'x'.repeat(1500)});
	const started = bob.layer.request(large, alice.target('udp'), 0);
	const first = bob.layer.poll();
	t.true(started.ok && first?.kind === 'send' && first.target.transport === 'tcp');
	if (!started.ok || first?.kind !== 'send') {
		return;
	}

	t.regex(headerValues(first.message, 'Via')[0] ?? '', /^SIP\/2\.0\/TCP 192\.0\.2\.1:5060;/);
	bob.layer.transportError(started.value, true, 5);
	const second = bob.layer.poll();
	t.true(second?.kind === 'send' && second.target.transport === 'udp' && second.transaction === started.value);
	if (second?.kind === 'send') {
		t.regex(headerValues(second.message, 'Via')[0] ?? '', /^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;/);
		t.not(headerValues(second.message, 'Via')[0], headerValues(first.message, 'Via')[0]?.replace('TCP', 'UDP'));
		bob.layer.receive(
			makeResponse(second.message as SipRequest, 180, 'Ringing', {toTag: 'a'}),
			udpSource('192.0.2.2', 5060),
			9,
		);
		t.is(bob.layer.poll()?.kind, 'response');
	}
});

test('a large request whose TCP connection fails otherwise is not tried again', (t) => {
	const {bob, alice} = start(1);
	const started = bob.layer.request(sipRequest('INVITE', {body: 'x'.repeat(1500)}), alice.target('udp'), 0);
	bob.layer.poll();
	if (started.ok) {
		bob.layer.transportError(started.value, false, 5);
	}

	t.is(bob.layer.poll()?.kind, 'transport-error');
	t.is(bob.layer.poll()?.kind, 'ended');
});

test('a hundred thousand requests of strangers leave tables at their limit and 503 at its rate', (t) => {
	const layer = new TransactionLayer({
		random: seededOctets('flood'),
		sentBy: () => ({address: '192.0.2.2', port: 5060}),
		maximumServerTransactions: 500,
		overloadRepliesPerSecond: 50,
	});
	let replies = 0;
	let requests = 0;
	for (let index = 0; index < 100_000; index++) {
		const method = ['INVITE', 'OPTIONS', 'ACK', 'CANCEL'][index % 4] ?? '';
		layer.receive(
			viaRequest(method, `z9hG4bKflood${index}`, `call-${index}`),
			udpSource(`198.51.100.${index % 250}`, 1024 + (index % 60_000)),
			index / 50,
		);
		for (let output = layer.poll(); output; output = layer.poll()) {
			requests += output.kind === 'request' ? 1 : 0;
			replies += output.kind === 'send' && output.message.kind === 'response' && output.message.status === 503 ? 1 : 0;
		}
	}

	t.is(layer.size.server, 500);
	t.true(requests <= 500);
	t.is(replies, 100, 'two seconds of 50 a second');
	t.is(layer.counters.strayAcks, 25_000);
	t.is(layer.counters.overloaded, 75_000 - 500);
	layer.advance(700_000);
	for (let output = layer.poll(); output; output = layer.poll()) {}
	t.deepEqual({...layer.size}, {server: 0, client: 0});
	t.is(layer.waitUntil, Number.POSITIVE_INFINITY);
});

test('an intermediary answers 483 when hops are spent and 482 to what it sent itself', (t) => {
	const layer = new TransactionLayer({
		random: seededOctets('loop'),
		sentBy: () => ({address: '192.0.2.2', port: 5060}),
		role: 'intermediary',
	});
	const spent = viaRequest('INVITE', 'z9hG4bKspent');
	layer.receive(
		{...spent, headers: [...spent.headers, {name: 'Max-Forwards', value: '0'}]},
		udpSource('192.0.2.1', 5060),
		0,
	);
	const refused = layer.poll();
	t.true(refused?.kind === 'send' && refused.message.kind === 'response' && refused.message.status === 483);

	layer.request(sipRequest('INVITE'), {transport: 'udp', address: '192.0.2.2', port: 5060}, 0);
	const own = layer.poll();
	if (own?.kind === 'send') {
		layer.receive(own.message, udpSource('192.0.2.2', 5060), 1);
	}

	const looped = layer.poll();
	t.true(looped?.kind === 'send' && looped.message.kind === 'response' && looped.message.status === 482);
});

test('responses go where RFC 3261 §18.2.2 and RFC 3581 send them', (t) => {
	const cases: [via: string, port: number][] = [
		['SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa', 5070],
		['SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKb', 5060],
		['SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKc;rport', 4242],
		['SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKd;maddr=203.0.113.9', 5060],
	];
	for (const [via, port] of cases) {
		const {alice} = start(1);
		const request = viaRequest('OPTIONS', 'x');
		const headers = [{name: 'Via', value: via}, ...request.headers.filter(({name}) => name !== 'Via')];
		alice.layer.receive({...request, headers}, udpSource('192.0.2.77', 4242), 0);
		const output = alice.layer.poll() as RequestOutput;
		alice.layer.respond(output.transaction, answer(output, 200), 1);
		const sent = alice.layer.poll();
		t.true(sent?.kind === 'send' && sent.target.address === '192.0.2.77' && sent.target.port === port, via);
		t.regex(sent?.kind === 'send' ? (headerValues(sent.message, 'Via')[0] ?? '') : '', /received=192\.0\.2\.77/);
	}
});

test('an RFC 2543 client without branch is matched by what it does send', (t) => {
	const {alice} = start(1);
	const request = viaRequest('INVITE', '');
	const headers = request.headers.map((field) =>
		field.name === 'Via' ? {...field, value: 'SIP/2.0/UDP 192.0.2.1'} : field,
	);
	alice.layer.receive({...request, headers}, udpSource('192.0.2.1', 5060), 0);
	t.is(alice.layer.poll()?.kind, 'request');
	alice.layer.receive({...request, headers}, udpSource('192.0.2.1', 5060), 1);
	t.is(alice.layer.poll(), undefined);
	t.is(alice.layer.counters.absorbedRequests, 1);
});

function udpSource(address: string, port: number): SipSource {
	return {transport: 'udp', address, port, local: {address: '192.0.2.2', port: 5060}};
}

function viaRequest(method: string, branch: string, callId = 'call-1'): SipRequest {
	const request = sipRequest(method, {callId});
	return {
		...request,
		headers: [{name: 'Via', value: `SIP/2.0/UDP 192.0.2.1:5060;branch=${branch}`}, ...request.headers],
	};
}

test('what is well-formed but beyond our abilities is refused without a transaction', (t) => {
	const layer = new TransactionLayer({
		random: seededOctets('abilities'),
		sentBy: () => ({address: '192.0.2.2', port: 5060}),
		abilities: {methods: ['INVITE', 'ACK', 'BYE', 'CANCEL'], extensions: []},
	});
	const invite = viaRequest('INVITE', 'z9hG4bKx');
	const required = {...invite, headers: [...invite.headers, {name: 'Require', value: '100rel'}]};
	const bulky = {
		...invite,
		headers: [
			...Array.from({length: 200}, (_, hop) => ({
				name: 'Via',
				value: `SIP/2.0/UDP p${hop}.example.com;branch=z9hG4bK${'x'.repeat(80)}`,
			})),
			...invite.headers,
		],
	};
	for (const [request, status, name] of [
		[viaRequest('REGISTER', 'z9hG4bKr'), 405, 'Allow'],
		[required, 420, 'Unsupported'],
		[bulky, 513, 'Via'],
	] as const) {
		layer.receive(request, udpSource('192.0.2.1', 5060), 0);
		const reply = layer.poll();
		t.true(reply?.kind === 'send' && reply.message.kind === 'response' && reply.message.status === status);
		t.truthy(reply?.kind === 'send' && header(reply.message, name));
	}

	t.is(layer.counters.refused, 3);
	t.is(layer.size.server, 0);
});

test('an answer that could not be sent is reported, and the transaction lives on', (t) => {
	const {alice} = start(1);
	alice.layer.receive(viaRequest('INVITE', 'z9hG4bKlost'), udpSource('192.0.2.1', 5060), 0);
	const output = alice.layer.poll() as RequestOutput;
	alice.layer.respond(output.transaction, answer(output, 486), 1);
	t.is(alice.layer.poll()?.kind, 'send');
	alice.layer.transportError(output.transaction, false, 2);
	t.is(alice.layer.poll()?.kind, 'transport-error');
	t.is(alice.layer.size.server, 1);
	alice.layer.advance(501);
	t.is(alice.layer.poll()?.kind, 'send', 'Timer G tries again');
});

test('no more requests go out than the limit says', (t) => {
	const layer = new TransactionLayer({
		random: seededOctets('limit'),
		sentBy: ({transport}) => (transport === 'udp' ? {address: '192.0.2.1', port: 5060} : undefined),
		maximumClientTransactions: 2,
	});
	const target = {transport: 'udp', address: '192.0.2.2', port: 5060} as const;
	t.true(layer.request(sipRequest('INVITE'), target, 0).ok);
	t.true(layer.request(sipRequest('OPTIONS'), target, 0).ok);
	const third = layer.request(sipRequest('OPTIONS'), target, 0);
	t.is(third.ok ? 'ok' : third.failure.code, 'TOO_MANY_TRANSACTIONS');
	layer.advance(40_000);
	const without = layer.request(sipRequest('OPTIONS'), {...target, transport: 'tcp'}, 40_000);
	t.is(without.ok ? 'ok' : without.failure.code, 'NO_TRANSPORT');
});
