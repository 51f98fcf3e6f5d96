import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {Dialog} from '#dist/core/sip/index.js';
import {type IncomingRequest, SipEndpoint} from '#dist/io/sip/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {testWhere} from '../support/test-where.js';

const calls = 25;
const body = Buffer.from(
	'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n',
);
const isInstalled = spawnSync('sipp', ['-v']).error === undefined;

// A peer that is not there (Debian package sip-tester) is a failure where tests must be complete, and a skip elsewhere.
const withSipp = testWhere(isInstalled);

async function openEndpoint(t: ExecutionContext): Promise<SipEndpoint> {
	const endpoint = await SipEndpoint.open({listen: [{transport: 'udp+tcp', address: '127.0.0.1', port: 0}]});
	t.teardown(() => endpoint.close());
	return endpoint;
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	return typeof address === 'object' && address ? address.port : 0;
}

/** Runs in a folder of its own, where it writes its logs. */
async function startSipp(t: ExecutionContext, parameters: readonly string[]): Promise<ChildProcess> {
	const folder = await mkdtemp(path.join(tmpdir(), 'sipp-'));
	const sipp = spawn('sipp', ['-i', '127.0.0.1', '-m', String(calls), '-nostdin', ...parameters], {
		cwd: folder,
		stdio: 'ignore',
	});
	t.teardown(async () => {
		sipp.kill('SIGKILL');
		await rm(folder, {recursive: true, force: true});
	});
	return sipp;
}

for (const [transport, option] of [
	['udp', 'u1'],
	['tcp', 't1'],
] as const) {
	withSipp(`sipp calls us over ${transport}`, async (t) => {
		t.true(isInstalled, 'Expected sipp where CI=true.');
		const endpoint = await openEndpoint(t);
		const methods: string[] = [];
		const contact = {name: 'Contact', value: '<sip:us@127.0.0.1>'};
		const content = {name: 'Content-Type', value: 'application/sdp'};
		endpoint.on('request', (incoming: IncomingRequest) => {
			methods.push(incoming.request.method);
			if (incoming.request.method === 'INVITE') {
				incoming.respond(incoming.makeResponse(180, 'Ringing', {headers: [contact]}));
				incoming.respond(incoming.makeResponse(200, 'OK', {headers: [contact, content], body}));
				incoming.once('ack', () => methods.push('ACK'));
			} else {
				incoming.respond(incoming.makeResponse(200, 'OK'));
			}
		});
		const {port} = endpoint.localAddress(transport);
		const sipp = await startSipp(t, [
			'-sn',
			'uac',
			'-t',
			option,
			'-r',
			'50',
			'-p',
			String(await freePort()),
			`127.0.0.1:${port}`,
		]);
		const [code] = await once(sipp, 'exit');
		t.is(code, 0, 'sipp counts no failed call');
		for (const method of ['INVITE', 'ACK', 'BYE']) {
			t.is(methods.filter((one) => one === method).length, calls, method);
		}
	});

	withSipp(`we call sipp over ${transport}`, async (t) => {
		t.true(isInstalled, 'Expected sipp where CI=true.');
		const endpoint = await openEndpoint(t);
		const port = await freePort();
		const target = {transport, address: '127.0.0.1', port};
		const sipp = await startSipp(t, ['-sn', 'uas', '-t', option, '-p', String(port)]);
		const exit = once(sipp, 'exit');
		if (transport === 'tcp') {
			await isListening(port);
		}

		const outcomes = await Promise.all(Array.from({length: calls}, () => call(endpoint, target)));
		t.deepEqual(new Set(outcomes), new Set(['200 200']));
		const [code] = await exit;
		t.is(code, 0);
	});
}

/** Over UDP retransmission bridges the time until a peer is up; over TCP somebody must try. */
async function isListening(port: number): Promise<void> {
	for (;;) {
		const socket = connect(port, '127.0.0.1');
		const isUp = await once(socket, 'connect').then(
			() => true,
			() => false,
		);
		socket.destroy();
		if (isUp) {
			return;
		}
	}
}

/** One whole call; the statuses of INVITE and BYE. */
async function call(
	endpoint: SipEndpoint,
	target: {transport: 'udp' | 'tcp'; address: string; port: number},
): Promise<string> {
	const invite: SipRequest = {
		kind: 'request',
		method: 'INVITE',
		uri: `sip:service@127.0.0.1:${target.port}`,
		headers: [
			{name: 'From', value: `<sip:us@127.0.0.1>;tag=${endpoint.newTag()}`},
			{name: 'To', value: '<sip:service@127.0.0.1>'},
			{name: 'Call-ID', value: endpoint.newTag()},
			{name: 'CSeq', value: '1 INVITE'},
			{name: 'Contact', value: `<sip:us@127.0.0.1:${endpoint.localAddress(target.transport).port}>`},
			{name: 'Content-Type', value: 'application/sdp'},
		],
		body,
	};
	const outgoing = endpoint.request(invite, target);
	const outcome = await outgoing.outcome;
	if (!outcome.ok) {
		return outcome.failure.code;
	}

	const dialog = Dialog.fromResponse(invite, outcome.value);
	if (!dialog.ok) {
		return dialog.failure.code;
	}

	outgoing.acknowledge(dialog.value.makeAck(invite), target);
	const end = await endpoint.request(dialog.value.makeRequest('BYE'), target).outcome;
	return `${outcome.value.status} ${end.ok ? end.value.status : end.failure.code}`;
}
