import {randomBytes} from 'node:crypto';
import type {Socket} from 'node:dgram';
import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import type {ExecutionContext} from 'ava';
import {readConfiguration} from '#dist/cli/configuration-file.js';
import {alice, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import type {IncomingRequest} from '#dist/io/sip/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import type {FloodDone, FloodOrder} from './flood-source.js';
import {RawParty, statusOf} from './raw-party.js';
import {cryptoLine, sdpText} from './sdp.js';
import {type Measure, openSeparateGateway} from './separate-gateway.js';
import {isNothing, makeTestWorld, nothing, openTestSocket, settles} from './world.js';

export type FloodReport = {
	/** Messages of the flood, all distinct, and how many of them in a second. */
	readonly sent: number;
	readonly perSecond: number;
	/** Calls of the other source, and those of them that reached whom they were for. */
	readonly called: number;
	readonly served: number;
	readonly before: Measure;
	readonly after: Measure;
};

/**
 * One source floods a gateway with 20,000 sealed INVITEs per second for as long, each of them distinct and good up to its last
 * octets, or with as many as this machine can send; another one calls meanwhile, by UDP and TCP in turn, and is told by the
 * callee that he is busy.
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
	const honest = await openTestSocket(t);
	// Every call that waits listens.
	honest.setMaxListeners(0);
	const call = async (transport: 'udp' | 'tcp') =>
		transport === 'udp'
			? callByDatagrams(honest, await invite(), ports.udp)
			: statusOf(caller.endpoint.request(await invite(), {transport, address: '127.0.0.1', port: ports.tcp}));
	// Whatever is made at the first call is there before it is measured.
	t.deepEqual([await call('udp'), await call('tcp')], [486, 486]);
	const before = await measure();

	const flooding = startFlood(await invite(), ports.udp, forMs);
	const untilMs = performance.now() + forMs;
	const calls: Promise<number | string>[] = [];
	while (performance.now() < untilMs) {
		calls.push(call(calls.length % 2 === 0 ? 'udp' : 'tcp'));
		await new Promise((resolve) => setTimeout(resolve, 100));
	}

	const {sent, tookMs} = await flooding;
	const statuses = await Promise.all(calls);
	const after = await settles(measure, ({held}) => isNothing(held));
	const served = statuses.filter((status) => status === 486).length;
	const grownMiB = ((after.octets - before.octets) / 2 ** 20).toFixed(1);
	const perSecond = Math.round((1000 * sent) / tookMs);
	t.log(
		`${sent} messages of the flood, ${perSecond} per second, ${after.unread} not read, ${after.work.refused} without a place in the queue`,
	);
	const others = statuses.filter((status) => status !== 486);
	t.log(others.length === 0 ? 'no other outcome' : `other outcomes: ${others.join(' ')}`);
	t.log(`${served} of ${calls.length} calls served, ${grownMiB} MiB more, ${after.work.mostOpen} open at once`);
	return {sent, perSecond, called: calls.length, served, before, after};
}

/** What has to hold: the others are served, nothing is left, and neither queue nor cache nor memory grew beyond bounds. */
export function demandBounds(t: ExecutionContext, {called, served, before, after}: FloodReport): void {
	t.true(called > 0 && served >= 0.99 * called, `${served} of ${called} calls served`);
	t.deepEqual(after.held, nothing);
	const {open, mostOpen, refused, refusedBodies} = after.work;
	t.true(after.unread + refused > 0, 'of credit or of places the flood had not enough');
	t.is(open, 0);
	// Of the flood as many as one source may have, of the others at most all.
	t.true(mostOpen <= 64 + called, `${mostOpen} open at once`);
	t.true(refusedBodies <= 10_000, `${refusedBodies} refused bodies`);
	for (const [name, octets] of [
		['after', after.octets],
		['at most', after.mostOctets],
	] as const) {
		const grownMiB = (octets - before.octets) / 2 ** 20;
		t.true(grownMiB < 160, `${grownMiB.toFixed(1)} MiB more ${name}`);
	}
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
	const status = new Promise<number>((resolve) => {
		socket.on('message', (response) => {
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
		});
	});
	let outcome: number | undefined;
	for (let waitMs = 500; waitMs <= 32_000 && outcome === undefined; waitMs *= 2) {
		if (!hasHeard) {
			socket.send(invite, port, '127.0.0.1');
		}

		outcome = await Promise.race([status, new Promise<undefined>((resolve) => setTimeout(resolve, waitMs, undefined))]);
	}

	return outcome ?? 'TIMEOUT';
}

/** Floods until it is done, in a thread of its own. */
async function startFlood({headers, ...request}: SipRequest, port: number, forMs: number): Promise<FloodDone> {
	const mark = 'f'.repeat(16);
	const via = {name: 'Via', value: `SIP/2.0/UDP 127.0.0.66;branch=z9hG4bK${mark};rport`};
	const kept = headers.map(({name, value}) => ({name, value: name === 'Call-ID' ? mark : value}));
	const message = Buffer.from(writeSipMessage({...request, headers: [via, ...kept]}));
	const marks = [message.indexOf(mark), message.lastIndexOf(mark)];
	const workerData: FloodOrder = {from: '127.0.0.66', port, message, marks, perSecond: 20_000, forMs};
	const thread = new Worker(new URL('flood-source.js', import.meta.url), {workerData});
	const [done] = (await once(thread, 'message')) as [FloodDone];
	return done;
}
