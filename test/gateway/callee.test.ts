import {randomBytes} from 'node:crypto';
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {alice} from '#dist/cli/demo/demo-world.js';
import {Dialog} from '#dist/core/sip/index.js';
import type {Refusal} from '#dist/gateway/index.js';
import type {IncomingRequest, OutgoingRequest} from '#dist/io/sip/index.js';
import {header} from '#dist/wire/sip/headers.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, cryptoLinesOf, sdpText} from './support/sdp.js';
import {empties, makeTestWorld, nothing, openTestGateway, type TestGateway} from './support/world.js';

type Scene = {readonly gateway: TestGateway; readonly caller: RawParty; readonly callee: RawParty};

/** Bob and Alice with S/MIME of their own, and a gateway that asks no binding of them. */
async function openScene(
	t: ExecutionContext,
	{maxRingingMs = 180_000, alicePort = 0}: {readonly maxRingingMs?: number; readonly alicePort?: number} = {},
): Promise<Scene> {
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const gateway = await openTestGateway(t, world, alicePort || callee.port, (options) => ({
		...options,
		maxRingingMs,
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) => ({...peer, binding: 'none' as const})),
		},
	}));
	return {gateway, caller, callee};
}

async function invite({gateway, caller}: Scene, sdp = sdpText({crypto: [cryptoLine()]})) {
	return caller.endpoint.request(await caller.seal(caller.invitation(alice), sdp), gateway.target('tcp'));
}

/** What comes to the callee after the INVITE, in order. */
function record({callee}: Scene, invitation: IncomingRequest): string[] {
	const seen: string[] = [];
	invitation.once('ack', () => seen.push('ACK'));
	invitation.once('cancel', () => seen.push('CANCEL'));
	callee.endpoint.on('request', (incoming: IncomingRequest) => {
		seen.push(incoming.request.method);
		incoming.respond(incoming.makeResponse(200, 'OK'));
	});
	return seen;
}

for (const [status, toCaller] of [
	[486, 486],
	[404, 404],
	[603, 603],
	[302, 480],
	[401, 502],
	[493, 502],
	[503, 502],
] as const) {
	test.serial(`a callee who answers ${status} makes it ${toCaller} to the caller`, async (t) => {
		const scene = await openScene(t);
		const outgoing = await invite(scene);
		const invitation = await scene.callee.next();
		invitation.respond(invitation.makeResponse(status, 'As I please', {headers: [scene.callee.contact]}));
		const outcome = await outgoing.outcome;
		t.is(outcome.ok && outcome.value.status, toCaller);
		t.not(outcome.ok && outcome.value.reason, 'As I please');
		t.deepEqual(await empties(scene.gateway), nothing);
	});
}

/** Answers that must not become a call: the SDP for an offer. */
const badAnswers: Readonly<Record<string, readonly [sdp: (offer: string) => string, reason: RegExp]>> = {
	'our own key (V10)': [
		(offer) => {
			const [line] = cryptoLinesOf(offer);
			return sdpText({crypto: [cryptoLine(line?.tag, line?.key, line?.suite)]});
		},
		/^KEY_REUSED$/,
	],
	'two crypto lines': [
		(offer) =>
			sdpText({
				crypto: cryptoLinesOf(offer).map(({tag, suite, key}) => cryptoLine(tag, randomBytes(key.length), suite)),
			}),
		/^(?:BAD_SDP|CRYPTO_MISMATCH)$/,
	],
	'a suite that was not offered': [
		() => sdpText({crypto: [cryptoLine(1, randomBytes(30), 'AES_CM_128_HMAC_SHA1_32')]}),
		/^CRYPTO_MISMATCH$/,
	],
	'a tag that was not offered': [() => sdpText({crypto: [cryptoLine(9)]}), /^CRYPTO_MISMATCH$/],
	'plain RTP': [() => sdpText(), /^(?:MEDIA_MISMATCH|NO_ACCEPTABLE_SUITE)$/],
	'no crypto line': [() => sdpText({protocol: 'RTP/SAVP'}), /^(?:CRYPTO_MISSING|NO_ACCEPTABLE_SUITE)$/],
	'no stream': [() => sdpText({port: 0, crypto: [cryptoLine(2)]}), /^NO_(?:MEDIA|ACCEPTABLE_SUITE)$/],
	'no SDP': [() => 'Hello.', /^BAD_SDP$/],
};

for (const [what, [sdpFor, reason]] of Object.entries(badAnswers)) {
	test.serial(`an answer with ${what} gets ACK and BYE, and the caller 502`, async (t) => {
		const scene = await openScene(t);
		const refused = once(scene.gateway.running.gateway, 'call-refused') as Promise<[unknown, Refusal]>;
		const outgoing = await invite(scene);
		const invitation = await scene.callee.next();
		const seen = record(scene, invitation);
		await scene.callee.answer(invitation, sdpFor(await scene.callee.unseal(invitation.request)));
		t.is(await statusOf(outgoing), 502);
		t.regex((await refused)[1].reason, reason);
		t.deepEqual(await empties(scene.gateway), nothing);
		t.deepEqual(seen, ['ACK', 'BYE']);
	});
}

for (const [what, body, type] of [
	['in clear', () => Buffer.from(sdpText({crypto: [cryptoLine()]})), 'application/sdp'],
	['of noise', () => randomBytes(900), 'application/pkcs7-mime;smime-type=authEnveloped-data'],
	['without a body', () => new Uint8Array(), 'application/sdp'],
] as const) {
	test.serial(`an answer ${what} gets ACK and BYE, and the caller 502`, async (t) => {
		const scene = await openScene(t);
		const outgoing = await invite(scene);
		const invitation = await scene.callee.next();
		const seen = record(scene, invitation);
		const headers = [scene.callee.contact, ...(body().length > 0 ? [{name: 'Content-Type', value: type}] : [])];
		invitation.respond(invitation.makeResponse(200, 'OK', {headers, body: body()}));
		t.is(await statusOf(outgoing), 502);
		t.deepEqual(await empties(scene.gateway), nothing);
		t.deepEqual(seen, ['ACK', 'BYE']);
	});
}

test.serial('a 2xx without Contact makes no dialog, and the caller gets 502', async (t) => {
	const scene = await openScene(t);
	const outgoing = await invite(scene);
	const invitation = await scene.callee.next();
	invitation.respond(invitation.makeResponse(200, 'OK'));
	t.is(await statusOf(outgoing), 502);
	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('a callee who never says anything costs the caller a 408 in time', async (t) => {
	const deaf = createServer((socket) => socket.resume());
	deaf.listen(0, '127.0.0.1');
	await once(deaf, 'listening');
	t.teardown(() => deaf.close());
	const scene = await openScene(t, {alicePort: (deaf.address() as AddressInfo).port});
	t.is(await statusOf(await invite(scene)), 408);
	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('a callee who rings for too long is cancelled, and the caller gets 408', async (t) => {
	const scene = await openScene(t, {maxRingingMs: 1000});
	const outgoing = await invite(scene);
	const ringing = once(outgoing, 'provisional');
	const invitation = await scene.callee.next();
	const seen = record(scene, invitation);
	invitation.respond(invitation.makeResponse(180, 'Ringing', {headers: [scene.callee.contact]}));
	await ringing;
	t.is(await statusOf(outgoing), 408);
	t.deepEqual(await empties(scene.gateway), nothing);
	t.deepEqual(seen, ['CANCEL']);
});

test.serial('a callee that is not there makes it 503', async (t) => {
	const scene = await openScene(t);
	await scene.callee.endpoint.close();
	t.is(await statusOf(await invite(scene)), 503);
	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('the same answer in 183 and 200, signed anew, makes the call (L15)', async (t) => {
	const scene = await openScene(t);
	const outgoing = await invite(scene);
	const ringing = once(outgoing, 'provisional');
	const invitation = await scene.callee.next();
	const [, line] = cryptoLinesOf(await scene.callee.unseal(invitation.request));
	const answer = sdpText({crypto: [cryptoLine(line?.tag)]});
	const early = invitation.makeResponse(183, 'Session Progress', {headers: [scene.callee.contact]});
	invitation.respond(await scene.callee.seal(early, answer));
	await ringing;
	t.true(await scene.callee.answer(invitation, answer));
	await acknowledged(scene, outgoing);
	t.deepEqual(await scene.gateway.running.readAlerts(0, 10), []);
	await scene.gateway.running.gateway.close();
});

test.serial('a second 2xx, of one more fork, gets ACK and BYE (RFC 3261 §13.2.2.4)', async (t) => {
	const scene = await openScene(t);
	const outgoing = await invite(scene);
	const invitation = await scene.callee.next();
	const offer = await scene.callee.unseal(invitation.request);
	const [, line] = cryptoLinesOf(offer);
	const seen: string[] = [];
	scene.callee.endpoint.on('request', (incoming: IncomingRequest) => {
		seen.push(`${incoming.request.method} ${/tag=(\w+)/.exec(header(incoming.request, 'To') ?? '')?.[1]}`);
		incoming.respond(incoming.makeResponse(200, 'OK'));
	});
	const answer = sdpText({crypto: [cryptoLine(line?.tag)]});
	const response = await scene.callee.seal(
		invitation.makeResponse(200, 'OK', {headers: [scene.callee.contact]}),
		answer,
	);
	invitation.respond(response);
	await acknowledged(scene, outgoing);
	const fork = {
		...response,
		headers: response.headers.map(({name, value}) =>
			name === 'To' ? {name, value: value.replace(/tag=\w+/, 'tag=fork')} : {name, value},
		),
	};
	const socket = createSocket('udp4');
	t.teardown(() => socket.close());
	socket.send(writeSipMessage(fork), scene.gateway.target('udp').port, '127.0.0.1');
	await once(scene.callee.endpoint, 'request');
	t.deepEqual(seen, ['BYE fork']);
	t.is(scene.gateway.running.gateway.calls.length, 1, 'the first one goes on');
});

test.serial('an answer that comes after the caller gave up gets ACK and BYE', async (t) => {
	const scene = await openScene(t);
	const outgoing = await invite(scene);
	const ringing = once(outgoing, 'provisional');
	const invitation = await scene.callee.next();
	const offer = await scene.callee.unseal(invitation.request);
	const seen = record(scene, invitation);
	await ringing;
	outgoing.cancel();
	t.is(await statusOf(outgoing), 487);
	// The CANCEL is not sent before a provisional response (RFC 3261 §9.1): the callee answers without one.
	await scene.callee.answer(invitation, sdpText({crypto: [cryptoLine(cryptoLinesOf(offer)[1]?.tag)]}));
	t.deepEqual(await empties(scene.gateway), nothing);
	t.true(seen.includes('BYE') || seen.includes('CANCEL'), seen.join(' '));
});

async function acknowledged(scene: Scene, outgoing: OutgoingRequest): Promise<void> {
	const outcome = await outgoing.outcome;
	const dialog = outcome.ok ? Dialog.fromResponse(outgoing.request, outcome.value) : undefined;
	if (dialog?.ok) {
		outgoing.acknowledge(dialog.value.makeAck(outgoing.request), scene.gateway.target('tcp'));
	}
}
