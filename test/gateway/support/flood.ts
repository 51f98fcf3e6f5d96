import {randomBytes} from 'node:crypto';
import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import {readConfiguration} from '#dist/cli/configuration-file.js';
import {alice, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import type {IncomingRequest} from '#dist/io/sip/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import {RawParty, statusOf} from './raw-party.js';
import {cryptoLine, sdpText} from './sdp.js';
import {type Measure, openSeparateGateway} from './separate-gateway.js';
import {makeTestWorld, settles} from './world.js';

export type FloodReport = {
	/** Messages of the flood, all distinct. */
	readonly sent: number;
	/** Calls of the other source, and those of them that reached whom they were for. */
	readonly called: number;
	readonly served: number;
	readonly before: Measure;
	readonly after: Measure;
};

/**
 * One source floods a gateway with sealed INVITEs for as long, each of them distinct and good up to its last octets; another
 * one calls meanwhile, by UDP and TCP in turn, and is told by the callee that he is busy.
 */
export async function flood(t: ExecutionContext, forMs: number): Promise<FloodReport> {
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const options = readConfiguration(await writeGatewayConfiguration(world, callee.port));
	const {ports, measure} = await openSeparateGateway(t, {
		...options,
		// Small, so that the flood has spent it soon on a slow machine as well.
		admission: {perSecond: 100, burst: 1000},
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) => ({...peer, binding: 'none' as const})),
		},
	});
	callee.endpoint.on('request', (incoming: IncomingRequest) => {
		incoming.respond(incoming.makeResponse(486, 'Busy Here'));
	});
	const invite = () => caller.seal(caller.invitation(alice), sdpText({crypto: [cryptoLine()]}));
	const honest = await openSocket(t, '127.0.0.1');
	const call = async (transport: 'udp' | 'tcp') =>
		transport === 'udp'
			? callByDatagrams(honest, await invite(), ports.udp)
			: statusOf(caller.endpoint.request(await invite(), {transport, address: '127.0.0.1', port: ports.tcp}));
	// Whatever is made at the first call is there before it is measured.
	t.deepEqual([await call('udp'), await call('tcp')], [486, 486]);
	const before = await measure();

	const socket = await openSocket(t, '127.0.0.66');
	socket.on('message', () => {});
	const model = await invite();
	const untilMs = performance.now() + forMs;
	let sent = 0;
	const flooding = (async () => {
		while (performance.now() < untilMs) {
			for (let burst = 0; burst < 20; burst++) {
				socket.send(writeSipMessage(distinct(model, socket.address().port)), ports.udp, '127.0.0.1');
				sent++;
			}

			// The honest ones share this thread.
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
	})();
	const calls: Promise<number | string>[] = [];
	while (performance.now() < untilMs) {
		calls.push(call(calls.length % 2 === 0 ? 'udp' : 'tcp'));
		await new Promise((resolve) => setTimeout(resolve, 100));
	}

	await flooding;
	const statuses = await Promise.all(calls);
	const after = await settles(measure, ({held}) => Object.values(held).every((count) => count === 0));
	const served = statuses.filter((status) => status === 486).length;
	const grownMiB = ((after.octets - before.octets) / 2 ** 20).toFixed(1);
	t.log(`${sent} messages of the flood, ${after.unread} not read, ${after.work.refused} without a place in the queue`);
	const others = statuses.filter((status) => status !== 486);
	t.log(others.length === 0 ? 'no other outcome' : `other outcomes: ${others.join(' ')}`);
	t.log(`${served} of ${calls.length} calls served, ${grownMiB} MiB more`);
	return {sent, called: calls.length, served, before, after};
}

/**
 * An INVITE by UDP whatever its size, sent again as RFC 3261 §17.1.1.2 says, and its ACK: the status, or TIMEOUT. A caller who
 * hears 100 waits without sending again.
 */
async function callByDatagrams(socket: Socket, request: SipRequest, port: number): Promise<number | string> {
	const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
	const via = {name: 'Via', value: `SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=${branch};rport`};
	const invite = writeSipMessage({...request, headers: [via, ...request.headers]});
	let hasHeard = false;
	let hear: ((response: Buffer) => void) | undefined;
	const status = new Promise<number>((resolve) => {
		hear = (response) => {
			const text = response.toString('latin1');
			const code = Number(/^SIP\/2\.0 (\d{3}) /.exec(text)?.[1]);
			if (!text.includes(branch)) {
				return;
			}

			hasHeard = true;
			if (code >= 200) {
				const to = {name: 'To', value: /^To: *(.*)\r$/im.exec(text)?.[1] ?? ''};
				const kept = request.headers.filter(({name}) => ['From', 'Call-ID', 'Max-Forwards'].includes(name));
				const headers = [via, ...kept, to, {name: 'CSeq', value: '1 ACK'}];
				const ack = {...request, method: 'ACK', headers, body: new Uint8Array()};
				socket.send(writeSipMessage(ack), port, '127.0.0.1');
				resolve(code);
			}
		};
		socket.on('message', hear);
	});
	let outcome: number | undefined;
	for (let waitMs = 500; waitMs <= 32_000 && outcome === undefined; waitMs *= 2) {
		if (!hasHeard) {
			socket.send(invite, port, '127.0.0.1');
		}

		outcome = await Promise.race([status, new Promise<undefined>((resolve) => setTimeout(resolve, waitMs, undefined))]);
	}

	if (hear && outcome === undefined) {
		socket.off('message', hear);
	}

	return outcome ?? 'TIMEOUT';
}

async function openSocket(t: ExecutionContext, address: string): Promise<Socket> {
	const socket = createSocket('udp4').bind(0, address);
	socket.setMaxListeners(0);
	await once(socket, 'listening');
	t.teardown(() => socket.close());
	return socket;
}

/** The same with another Call-ID, branch and tag of authentication: it is found out when it was decrypted. */
function distinct({headers, body, ...request}: SipRequest, port: number): SipRequest {
	const id = randomBytes(8).toString('hex');
	return {
		...request,
		headers: [
			{name: 'Via', value: `SIP/2.0/UDP 127.0.0.66:${port};branch=z9hG4bK${id};rport`},
			...headers.map(({name, value}) => ({name, value: name === 'Call-ID' ? id : value})),
		],
		body: Buffer.concat([body.subarray(0, -12), randomBytes(12)]),
	};
}
