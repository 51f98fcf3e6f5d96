import {randomBytes} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {serialize} from 'node:v8';
import {MessagePort} from 'node:worker_threads';
import test from 'ava';
import {alice} from '#dist/cli/demo/demo-world.js';
import {Dialog} from '#dist/core/sip/index.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, cryptoLinesOf, sdpText} from './support/sdp.js';
import {empties, makeTestWorld, nothing, openTestGateway} from './support/world.js';

/** Forms in which key octets could be written down. */
function formsOf(key: Buffer): readonly Buffer[] {
	return [
		key,
		Buffer.from(key.toString('base64')),
		Buffer.from(key.toString('hex')),
		Buffer.from(key.toString('base64url')),
	];
}

/**
 * Every message that is posted between the domains, in order. Those to and from the crypto threads are not: they belong to
 * the toolbox.
 */
function watchPorts(): {readonly posted: Buffer[]; readonly stop: () => void} {
	const posted: Buffer[] = [];
	const original = MessagePort.prototype.postMessage;
	MessagePort.prototype.postMessage = function (this: MessagePort, ...parameters: Parameters<typeof original>) {
		const [message] = parameters;
		const isOfDomains =
			typeof message === 'object' && message !== null && ('id' in message || 'kind' in message) && !('job' in message);
		if (isOfDomains) {
			posted.push(serialize(message));
		}

		return original.apply(this, parameters);
	};
	return {
		posted,
		stop: () => {
			MessagePort.prototype.postMessage = original;
		},
	};
}

test.serial('no key crosses between the domains, nor comes into log, alerts, ledger or events', async (t) => {
	const watch = watchPorts();
	t.teardown(watch.stop);
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const gateway = await openTestGateway(t, world, callee.port, (options) => ({
		...options,
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) => ({...peer, binding: 'none' as const})),
		},
	}));
	const said: unknown[] = [];
	for (const event of ['call-established', 'call-refused', 'call-ended', 'media'] as const) {
		gateway.running.gateway.on(event, (...figures: unknown[]) => said.push(figures));
	}

	const [bobsKey, alicesKey] = [randomBytes(30), randomBytes(30)];
	const sdp = sdpText({crypto: [cryptoLine(1, bobsKey)]});
	const sealed = await caller.seal(caller.invitation(alice), sdp);
	const outgoing = caller.endpoint.request(sealed, gateway.target('tcp'));
	const invitation = await callee.next();
	const toAlice = cryptoLinesOf(await callee.unseal(invitation.request));
	await callee.answer(invitation, sdpText({crypto: [cryptoLine(toAlice[1]?.tag, alicesKey)]}));
	const outcome = await outgoing.outcome;
	const dialog = outcome.ok ? Dialog.fromResponse(outgoing.request, outcome.value) : undefined;
	if (!outcome.ok || !dialog?.ok) {
		t.fail('Expected a call.');
		return;
	}

	outgoing.acknowledge(dialog.value.makeAck(outgoing.request), gateway.target('tcp'));
	const toBob = cryptoLinesOf(await caller.unseal(outcome.value));
	// A refusal, too: the same key again.
	const again = await caller.seal(caller.invitation(alice), sdp);
	t.is(await statusOf(caller.endpoint.request(again, gateway.target('tcp'))), 403);
	callee.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	t.is(await statusOf(caller.endpoint.request(dialog.value.makeRequest('BYE'), gateway.target('tcp'))), 200);
	t.deepEqual(await empties(gateway), nothing);

	const alerts = await gateway.running.readAlerts(0, 1000);
	const ledger = await gateway.running.readLedger(1000);
	watch.stop();
	const keys = [bobsKey, alicesKey, ...[...toAlice, ...toBob].map(({key}) => key)];
	t.is(keys.length, 5, 'each side sends one, and we one to Bob and one per suite to Alice');
	const places: Readonly<Record<string, readonly Buffer[]>> = {
		'messages between the domains': watch.posted,
		'audit log': [await readFile(join(world.folder, 'gateway-state', 'audit.log'))],
		alerts: [Buffer.from(JSON.stringify(alerts))],
		ledger: [Buffer.from(JSON.stringify(ledger))],
		events: [Buffer.from(JSON.stringify([said, gateway.running.gateway.calls, gateway.running.gateway.counters]))],
	};
	t.true(watch.posted.length > 40, `${watch.posted.length} messages`);
	t.true(alerts.length > 0 && ledger.length > 0 && said.length > 2);
	for (const [place, contents] of Object.entries(places)) {
		for (const form of keys.flatMap(formsOf)) {
			t.false(
				contents.some((content) => content.includes(form)),
				place,
			);
		}
	}
});
