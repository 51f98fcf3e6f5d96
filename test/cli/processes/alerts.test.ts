import {createHmac, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {alice} from '#dist/cli/demo/demo-world.js';
import type {Alert} from '#dist/trusted/toolbox/protocol.js';
import {cryptoLine, sdpText} from '../../gateway/support/sdp.js';
import {settles} from '../../gateway/support/world.js';
import {openGateway} from '../support/sealed-gateway.js';
import {ask, type Served} from '../support/served.js';

const secret = 'a secret of the operator';

/** Takes alerts; refuses so many of the first tries. */
async function openHook(t: ExecutionContext, refusals: number) {
	const posted: Alert[] = [];
	let tries = 0;
	let isRefusing = false;
	const server = createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) {
			chunks.push(chunk as Buffer);
		}

		const body = Buffer.concat(chunks).toString('utf8');
		const [, seconds, hex] = /^t=(\d+),v1=([\da-f]{64})$/.exec(String(request.headers['sallyport-signature'])) ?? [];
		t.is(hex, createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
		if (isRefusing || ++tries <= refusals) {
			response.writeHead(503).end();
		} else {
			posted.push(JSON.parse(body) as Alert);
			response.writeHead(204).end();
		}
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
	return {
		posted,
		options: {url, secret, timeoutMs: 1000},
		refuse: (all: boolean) => {
			isRefusing = all;
		},
	};
}

type Counters = {
	readonly alerts: {readonly raised: Readonly<Record<string, number>>; readonly last: number};
	readonly webhook: {
		readonly delivered: number;
		readonly failed: number;
		readonly dropped: number;
		readonly waiting: number;
	};
};

/** The same sealed offer in so many calls: the first is taken, and each other is an alert. */
async function replay({caller, callee, target}: Awaited<ReturnType<typeof openGateway>>, times: number): Promise<void> {
	callee.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(486, 'Busy Here')));
	const sdp = sdpText({port: 4000, crypto: [cryptoLine(1, randomBytes(30))]});
	const {body, headers} = await caller.seal(caller.invitation(alice), sdp);
	const content = headers.filter(({name}) => /^content-/i.test(name));
	for (let count = 0; count <= times; count++) {
		const invitation = caller.invitation(alice);
		const message = {...invitation, body, headers: [...invitation.headers, ...content]};
		await caller.endpoint.request(message, target).outcome;
	}
}

async function countersOf(served: Served): Promise<Counters> {
	const {adminSocket} = await served.event('listening');
	return (await ask(String(adminSocket), '/counters')).body as Counters;
}

test.serial(
	'what the toolbox process raises the user process posts, again where it fails, and counters tell',
	async (t) => {
		const hook = await openHook(t, 2);
		const gateway = await openGateway(t, {more: {alertWebhook: hook.options}});
		const {served} = gateway;
		await replay(gateway, 1);
		const {event: _, at: __, ...alert} = await served.event('alert');
		await settles(
			() => countersOf(served),
			({webhook: {delivered}, alerts: {last}}) => delivered === last,
		);
		t.deepEqual(hook.posted[0], alert as never);
		t.is(alert['kind'], 'replay');
		const {alerts, webhook} = await countersOf(served);
		t.deepEqual(webhook, {delivered: hook.posted.length, failed: 2, dropped: 0, waiting: 0});
		t.is(alerts.raised['replay'], 1);
		t.is(alerts.last, hook.posted.at(-1)?.sequence ?? 0);
		served.child.kill('SIGTERM');
		t.is(await served.exited, 0);
	},
);

test.serial('no alert is lost with a user process that had not posted it', async (t) => {
	const hook = await openHook(t, 0);
	const gateway = await openGateway(t, {more: {alertWebhook: hook.options}});
	const {served, pidOf} = gateway;
	hook.refuse(true);
	await replay(gateway, 3);
	await settles(
		() => countersOf(served),
		({alerts: {raised}, webhook: {failed}}) => raised['replay'] === 3 && failed > 0,
	);
	t.deepEqual(hook.posted, []);
	process.kill(pidOf('user'), 'SIGKILL');
	await served.event('process-ended');
	hook.refuse(false);
	await served.event('process-started');
	await settles(
		() => hook.posted.filter(({kind}) => kind === 'replay').length,
		(length) => length === 3,
	);
	t.deepEqual(
		hook.posted.map(({sequence}) => sequence),
		hook.posted.map((_, index) => index + 1),
		'each once, in order',
	);
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
});
