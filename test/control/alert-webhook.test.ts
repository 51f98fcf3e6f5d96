import {createHmac} from 'node:crypto';
import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {AlertWebhook} from '#dist/control/index.js';
import {parseGatewayOptions} from '#dist/gateway/index.js';
import type {Alert} from '#dist/trusted/toolbox/protocol.js';
import {settles} from '../gateway/support/world.js';

const secret = 'a secret of the operator';
const alert: Alert = {
	sequence: 1,
	atMs: 5,
	kind: 'replay',
	reason: 'REPLAYED',
	identity: 'sip:bob@branch.example',
	origin: null,
	call: 'c',
	detail: '',
	suppressed: 0,
};

type Received = {readonly body: string; readonly signature: string};

async function serve(t: ExecutionContext, answer: (count: number, response: ServerResponse) => void) {
	const received: Received[] = [];
	const server = createServer(async (request: IncomingMessage, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) {
			chunks.push(chunk as Buffer);
		}

		received.push({
			body: Buffer.concat(chunks).toString('utf8'),
			signature: String(request.headers['sallyport-signature']),
		});
		answer(received.length, response);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	const settled: number[] = [];
	const webhook = new AlertWebhook(
		{url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`, secret, timeoutMs: 500, maxAttempts: 3},
		{retryMs: 10, onSettled: (sequence) => settled.push(sequence)},
	);
	t.teardown(() => webhook.close());
	return {webhook, received, settled};
}

test('an alert is posted with a signature over time and body', async (t) => {
	const {webhook, received} = await serve(t, (_, response) => response.writeHead(204).end());
	webhook.offer(alert);
	webhook.offer({...alert, sequence: 2});
	await settles(
		() => webhook.counters.delivered,
		(delivered) => delivered === 2,
	);
	t.deepEqual(webhook.counters, {delivered: 2, failed: 0, dropped: 0, waiting: 0});
	t.deepEqual(
		received.map(({body}) => JSON.parse(body) as Alert),
		[alert, {...alert, sequence: 2}],
	);
	const {body = '', signature = ''} = received[0] ?? {};
	const [, seconds, hex] = /^t=(\d+),v1=([\da-f]{64})$/.exec(signature) ?? [];
	t.is(hex, createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex'));
});

test('what fails is tried again, in order, and given up after its tries', async (t) => {
	const {webhook, received, settled} = await serve(t, (count, response) =>
		response.writeHead(count <= 3 ? 500 : 200).end(),
	);
	webhook.offer(alert);
	webhook.offer({...alert, sequence: 2});
	await settles(
		() => webhook.counters.delivered,
		(delivered) => delivered === 1,
	);
	t.deepEqual(webhook.counters, {delivered: 1, failed: 3, dropped: 1, waiting: 0});
	t.deepEqual(
		received.map(({body}) => (JSON.parse(body) as Alert).sequence),
		[1, 1, 1, 2],
	);
	t.deepEqual(settled, [1, 2]);
});

test('redirects are not followed, and silence is not waited for', async (t) => {
	const {webhook, received} = await serve(t, (count, response) => {
		if (count === 1) {
			response.writeHead(302, {location: 'http://127.0.0.1:1/'}).end();
		}
	});
	webhook.offer(alert);
	await settles(
		() => webhook.counters.dropped,
		(dropped) => dropped === 1,
	);
	t.is(received.length, 3);
	t.is(webhook.counters.failed, 3);
});

test('the queue is bounded, and closing drops what waits', async (t) => {
	const {webhook} = await serve(t, () => {});
	for (let count = 0; count < 1500; count++) {
		webhook.offer(alert);
	}

	t.is(webhook.counters.waiting, 1000);
	t.is(webhook.counters.dropped, 500);
	webhook.close();
	webhook.offer(alert);
	t.is(webhook.counters.waiting, 0);
	t.is(webhook.counters.dropped, 1501);
});

test('alerts leave this machine by https alone', (t) => {
	const options = (url: string) => ({
		listen: [{transport: 'udp', address: '127.0.0.1', port: 0}],
		media: {interfaces: [{name: 'a', address: '127.0.0.1'}]},
		routes: [],
		toolbox: {},
		alertWebhook: {url, secret},
	});
	for (const url of ['http://example.com/', 'ftp://127.0.0.1/', 'nowhere', 'http://127.0.0.1.example.com/']) {
		t.throws(() => parseGatewayOptions(options(url)), {code: 'BAD_OPTIONS'}, url);
	}

	t.notThrows(() => parseGatewayOptions(options('https://example.com/hook')));
	t.notThrows(() => parseGatewayOptions(options('http://[::1]:8080/hook')));
});
