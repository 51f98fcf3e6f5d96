import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {readdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test from 'ava';
import {readConfiguration} from '#dist/cli/configuration-file.js';
import {alice, alicesPhone, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import {AlertWebhook} from '#dist/control/index.js';
import {withHeader} from '#dist/wire/sip/headers.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, sdpText} from './support/sdp.js';
import {makeTestWorld, openTestGateway, openTestPhone, settles, speech} from './support/world.js';

test('a key that was planted is in no alert, webhook, audit record, event or counter', async (t) => {
	const world = await makeTestWorld(t);
	const {port} = await openTestPhone(t, alicesPhone(world, {wav: '', maxSeconds: 1}), {greeting: speech(60)});
	const caller = await RawParty.open(t, world, 'bob');
	const gateway = await openTestGateway(t, world, port, (options) => ({
		...options,
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) =>
				peer.name === 'bob' ? {...peer, binding: 'none' as const} : peer,
			),
		},
	}));
	const said: string[] = [];
	const server = createServer((request, response) => {
		request.on('data', (data) => said.push(String(data)));
		request.on('end', () => response.writeHead(204).end());
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const webhook = new AlertWebhook({
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
		secret: 'a secret of the operator',
	});
	t.teardown(() => {
		webhook.close();
		server.close();
	});
	const {running} = gateway;
	running.gateway.on('alert', (alert) => webhook.offer(alert));
	for (const event of ['alert', 'call-established', 'call-refused', 'call-ended', 'media'] as const) {
		running.gateway.on(event, (...figures: unknown[]) => said.push(JSON.stringify(figures)));
	}

	const marker = randomBytes(30);
	const invite = await caller.seal(caller.invitation(alice), sdpText({crypto: [cryptoLine(1, marker)]}));
	t.is(await statusOf(caller.endpoint.request(invite, gateway.target('tcp'))), 200);
	const replay = withHeader(invite, 'Call-ID', 'replayed');
	t.is(await statusOf(caller.endpoint.request(replay, gateway.target('tcp'))), 403);
	const again = await caller.seal(caller.invitation(alice), sdpText({crypto: [cryptoLine(1, marker)]}));
	t.is(await statusOf(caller.endpoint.request(again, gateway.target('tcp'))), 403);
	await settles(
		() => webhook.counters.delivered,
		(delivered) => delivered >= 2,
	);
	t.true(webhook.counters.delivered >= 2);
	said.push(JSON.stringify([await running.gateway.readStatistics(), running.gateway.counters]));
	said.push(JSON.stringify([await running.readAlerts(0, 1000), await running.readLedger(1000)]));
	await running.close();
	const {directory} = readConfiguration(await writeGatewayConfiguration(world, port)).toolbox;
	const audit = readdirSync(directory).filter((name) => name.startsWith('audit.log'));
	t.true(audit.length >= 2);
	said.push(...audit.map((name) => readFileSync(path.join(directory, name), 'latin1')));
	const text = said.join('\n');
	t.regex(text, /REPLAYED/);
	t.regex(text, /KEY_REUSED/);
	for (const form of [marker.toString('base64'), marker.toString('hex'), marker.toString('latin1')]) {
		t.false(text.includes(form));
		t.false(text.includes(form.slice(0, 16)), 'nor its beginning');
	}
});
