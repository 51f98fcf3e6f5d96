import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import test, {type ExecutionContext} from 'ava';
import {alice, alicesPhone} from '#dist/cli/demo/demo-world.js';
import {Dialog} from '#dist/core/sip/index.js';
import {header} from '#dist/wire/sip/headers.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, sdpText} from './support/sdp.js';
import {
	empties,
	makeTestWorld,
	nothing,
	openTestGateway,
	openTestPhone,
	settles,
	speech,
	type TestGateway,
} from './support/world.js';

type Scene = {readonly gateway: TestGateway; readonly caller: RawParty};

async function openScene(t: ExecutionContext): Promise<Scene> {
	const world = await makeTestWorld(t);
	const {port} = await openTestPhone(t, alicesPhone(world, {wav: '', maxSeconds: 1}), {greeting: speech(60)});
	const caller = await RawParty.open(t, world, 'bob');
	const gateway = await openTestGateway(t, world, port, (options) => ({
		...options,
		maxCalls: 3,
		toolbox: {
			...options.toolbox,
			peers: (options.toolbox.peers ?? []).map((peer) =>
				peer.name === 'bob' ? {...peer, binding: 'none' as const} : peer,
			),
		},
	}));
	return {gateway, caller};
}

async function invite({gateway, caller}: Scene, sdp = sdpText({crypto: [cryptoLine()]})) {
	return caller.endpoint.request(await caller.seal(caller.invitation(alice), sdp), gateway.target('tcp'));
}

/** A call that is up; Bob's end of its dialog. */
async function establish(t: ExecutionContext, scene: Scene, isAcknowledged = true): Promise<Dialog> {
	const outgoing = await invite(scene);
	const outcome = await outgoing.outcome;
	t.is(outcome.ok && outcome.value.status, 200);
	const dialog = outcome.ok ? Dialog.fromResponse(outgoing.request, outcome.value) : undefined;
	if (!dialog?.ok) {
		throw new Error('Expected a dialog.');
	}

	if (isAcknowledged) {
		outgoing.acknowledge(dialog.value.makeAck(outgoing.request), scene.gateway.target('tcp'));
	}

	return dialog.value;
}

function send({gateway, caller}: Scene, request: SipRequest): Promise<number | string> {
	return statusOf(caller.endpoint.request(request, gateway.target('tcp')));
}

test.serial('requests in a dialog leave the session as it is, until BYE', async (t) => {
	const scene = await openScene(t);
	const dialog = await establish(t, scene);
	t.is(await send(scene, dialog.makeRequest('OPTIONS')), 200);
	t.is(await send(scene, dialog.makeRequest('INFO')), 405);
	t.is(await send(scene, dialog.makeRequest('FROBNICATE')), 501);
	t.is(scene.gateway.running.gateway.calls[0]?.state, 'established');
	t.is(await send(scene, dialog.makeRequest('BYE')), 200);
	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('what belongs to no call is told so', async (t) => {
	const scene = await openScene(t);
	const {caller} = scene;
	const lost = caller.invitation(`${alice}`);
	const inDialog = (method: string): SipRequest => ({
		...lost,
		method,
		headers: lost.headers.map(({name, value}) => ({
			name,
			value: name === 'To' ? `${value};tag=${caller.endpoint.newTag()}` : name === 'CSeq' ? `1 ${method}` : value,
		})),
	});
	const outside = (method: string): SipRequest => ({
		...lost,
		method,
		headers: lost.headers.map(({name, value}) => ({name, value: name === 'CSeq' ? `1 ${method}` : value})),
	});
	t.is(await send(scene, inDialog('BYE')), 481);
	t.is(await send(scene, inDialog('OPTIONS')), 481);
	t.is(await send(scene, inDialog('INVITE')), 481);
	t.is(await send(scene, outside('BYE')), 481);
	t.is(await send(scene, outside('OPTIONS')), 200);
	t.is(await send(scene, outside('REGISTER')), 405);
	t.is(await send(scene, outside('FROBNICATE')), 501);
	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('an INVITE that cannot become a call gets its own status', async (t) => {
	const scene = await openScene(t);
	const {caller, gateway} = scene;
	const sealed = async (sdp: string, to = alice, more: Partial<SipRequest> = {}) =>
		send(scene, await caller.seal(caller.invitation(to, more), sdp));
	const offer = () => sdpText({crypto: [cryptoLine()]});
	t.is(await send(scene, caller.invitation(alice)), 488, 'delayed offer');
	t.is(await sealed(offer(), 'sip:nobody@office.example'), 404, 'no route');
	t.is(await sealed(sdpText()), 488, 'RTP inside a sealed body');
	t.is(await sealed(sdpText({crypto: [cryptoLine(1, randomBytes(46), 'AES_CM_256_HMAC_SHA1_80')]})), 488);
	t.is(await sealed('v=0\r\n'), 488, 'no SDP');
	const invitation = caller.invitation(alice);
	const withHeader = (name: string, value: string) => ({
		...invitation,
		headers: [...invitation.headers.filter((one) => one.name !== name), {name, value}],
	});
	t.is(await send(scene, withHeader('Require', '100rel')), 420);
	t.is(await send(scene, withHeader('Max-Forwards', '0')), 483);
	const body = Buffer.from('hello');
	t.is(await send(scene, {...withHeader('Content-Type', 'text/plain'), body}), 415);
	t.is(await send(scene, {...withHeader('Content-Type', 'application/pkcs7-mime'), body: randomBytes(2000)}), 493);
	t.deepEqual(await empties(gateway), nothing);
});

test.serial('a caller who gives up is let go of at every moment', async (t) => {
	const scene = await openScene(t);
	for (const pauseMs of [0, 0, 2, 5, 10, 20, 40]) {
		const outgoing = await invite(scene);
		await once(outgoing, 'provisional');
		await new Promise((resolve) => setTimeout(resolve, pauseMs));
		outgoing.cancel();
		const outcome = await outgoing.outcome;
		const status = outcome.ok ? outcome.value.status : 0;
		t.true([487, 200, 486].includes(status), `${status} after ${pauseMs} ms`);
		t.deepEqual(
			await settles(
				() => ({...scene.gateway.domains.load(), ending: scene.gateway.running.gateway.calls.length}),
				({relays, calls, issued, ending}) => relays + calls + issued + ending === 0,
			),
			{relays: 0, calls: 0, issued: 0, ending: 0},
		);
	}

	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('a caller who sends no ACK gets BYE', async (t) => {
	const scene = await openScene(t);
	const ended = once(scene.gateway.running.gateway, 'call-ended');
	await establish(t, scene, false);
	const bye = await scene.caller.next();
	t.is(bye.request.method, 'BYE');
	bye.respond(bye.makeResponse(200, 'OK'));
	t.is((await ended)[1], 'no-ack');
	t.deepEqual(await empties(scene.gateway), nothing);
});

test.serial('calls over the limit get 503 with Retry-After', async (t) => {
	const scene = await openScene(t);
	const taken: Promise<unknown>[] = [];
	for (let call = 0; call < 3; call++) {
		// Listened for at once: while the next one is sealed the answer to this one comes.
		taken.push(once(await invite(scene), 'provisional'));
	}

	await Promise.all(taken);
	const outcome = await (await invite(scene)).outcome;
	t.is(outcome.ok && outcome.value.status, 503);
	t.truthy(outcome.ok && header(outcome.value, 'Retry-After'));
});

for (const domain of ['media', 'toolbox'] as const) {
	test.serial(`when the ${domain} domain is gone calls end with that reason, and new ones get 503`, async (t) => {
		const scene = await openScene(t);
		await establish(t, scene);
		const bye = scene.caller.next();
		const ended = once(scene.gateway.running.gateway, 'call-ended');
		scene.gateway.domains[domain].close();
		const {request, respond} = await bye.then((incoming) => ({
			request: incoming.request,
			respond: () => incoming.respond(incoming.makeResponse(200, 'OK')),
		}));
		t.is(request.method, 'BYE');
		respond();
		t.is((await ended)[1], `${domain}-lost`);
		t.is(await scene.gateway.running.lost, domain);
		t.is(await statusOf(await invite(scene)), 503);
	});
}
