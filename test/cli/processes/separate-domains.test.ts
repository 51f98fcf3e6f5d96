import {execFileSync} from 'node:child_process';
import {createPrivateKey, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {chmod} from 'node:fs/promises';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {parse, stringify} from 'yaml';
import {alice} from '#dist/cli/demo/demo-world.js';
import type {SipTarget} from '#dist/core/sip/index.js';
import {Dialog} from '#dist/core/sip/index.js';
import {RawParty, statusOf} from '../../gateway/support/raw-party.js';
import {cryptoLine, cryptoLinesOf, portOf, sdpText} from '../../gateway/support/sdp.js';
import {Phone, rtpPacket} from '../../trusted/media/support/phone.js';
import {must, SharedKey} from '../../trusted/media/support/plane.js';
import {findInMemory} from '../../trusted/media/support/process-memory.js';
import {derivedSecrets} from '../../trusted/media/support/session-secrets.js';
import {ask, openScene, Served} from '../support/served.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';

/** A gateway of three processes between Bob and Alice, whose signed parts say nothing of their messages. */
async function openGateway(t: ExecutionContext, more: object = {}, folderMode = 0o700) {
	const scene = await openScene(t);
	await chmod(scene.folder, folderMode);
	const callee = await RawParty.open(t, scene.world, 'alice');
	const caller = await RawParty.open(t, scene.world, 'bob');
	const configuration = await scene.changed((yaml) => {
		const options = parse(yaml);
		options.suites = [suite];
		options.routes[0].target.port = callee.port;
		for (const peer of options.toolbox.peers) {
			peer.binding = 'none';
		}

		return stringify({...options, ...more});
	});
	const served = new Served(t, configuration, ['--json']);
	const listening = await served.event('listening');
	const tcp = (listening['sip'] as readonly string[]).find((address) => address.startsWith('tcp:'));
	const target: SipTarget = {transport: 'tcp', address: '127.0.0.1', port: Number(tcp?.split(':').at(-1))};
	const isolation = await served.event('isolation');
	const pidOf = (domain: 'toolbox' | 'media' | 'user') => Number((isolation[domain] as {pid: number}).pid);
	return {...scene, served, caller, callee, target, isolation, pidOf};
}

type Gateway = Awaited<ReturnType<typeof openGateway>>;

/** A sealed call that is up, and the keys of its four directions. */
async function establish(t: ExecutionContext, {caller, callee, target, served}: Gateway) {
	const [bobsPhone, alicesPhone] = [await Phone.open(t), await Phone.open(t)];
	const [fromBob, fromAlice] = [randomBytes(30), randomBytes(30)];
	const offer = sdpText({port: bobsPhone.address.port, crypto: [cryptoLine(1, fromBob)]});
	const outgoing = caller.endpoint.request(await caller.seal(caller.invitation(alice), offer), target);
	const invitation = await Promise.race([
		callee.next(),
		outgoing.outcome.then(async (outcome) => {
			await served.event('call-refused');
			throw new Error(
				`Expected an invitation, got ${JSON.stringify(outcome.ok && outcome.value.status)}: ${served.lines.join('\n')}`,
			);
		}),
	]);
	const toAliceSdp = await callee.unseal(invitation.request);
	const [toAlice] = cryptoLinesOf(toAliceSdp);
	await callee.answer(
		invitation,
		sdpText({port: alicesPhone.address.port, crypto: [cryptoLine(toAlice?.tag, fromAlice)]}),
	);
	const outcome = await outgoing.outcome;
	if (!outcome.ok || outcome.value.status !== 200) {
		throw new Error(`Expected a call: ${served.lines.join('\n')}`);
	}

	const dialog = Dialog.fromResponse(outgoing.request, outcome.value);
	if (!dialog.ok) {
		throw new Error('Expected a dialog.');
	}

	outgoing.acknowledge(dialog.value.makeAck(outgoing.request), target);
	const toBobSdp = await caller.unseal(outcome.value);
	const [toBob] = cryptoLinesOf(toBobSdp);
	if (toAlice === undefined || toBob === undefined) {
		throw new Error('Expected keys.');
	}

	const keys = {fromBob, toBob: toBob.key, fromAlice, toAlice: toAlice.key};
	const outbound = new SharedKey(suite, fromBob).outbound(t);
	const inbound = new SharedKey(suite, Buffer.from(toAlice.key)).inbound(t);
	let count = 0;
	let heard = 0;
	return {
		keys,
		dialog: dialog.value,
		/** One packet of Bob's, and what Alice hears of it. */
		async speak(): Promise<void> {
			const packet = rtpPacket({sequenceNumber: ++count});
			await bobsPhone.send(must(outbound.protectRtp(packet)), {address: '127.0.0.1', port: portOf(toBobSdp)});
			const arrived = await alicesPhone.waitFor(++heard);
			t.deepEqual(Buffer.from(must(inbound.unprotectRtp(arrived.at(-1) as Buffer))), packet);
		},
	};
}

test.serial('a sealed call goes through three processes, and all end in order', async (t) => {
	const gateway = await openGateway(t);
	const {served, caller, callee, target} = gateway;
	const call = await establish(t, gateway);
	for (let count = 0; count < 5; count++) {
		await call.speak();
	}

	const bye = once(callee.endpoint, 'request');
	callee.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	t.is(await statusOf(caller.endpoint.request(call.dialog.makeRequest('BYE'), target)), 200);
	const [{request}] = await bye;
	t.is(request.method, 'BYE');
	t.like(await served.event('call-ended'), {reason: 'bye', caller: 'sip:bob@branch.example'});
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
	t.is(served.events.at(-1)?.event, 'stopped');
	t.is(served.stderr, '');
});

/** Waits until an event of this name has come so often. */
async function eventNumber({served}: Gateway, name: string, count: number): Promise<void> {
	while (served.events.filter(({event}) => event === name).length < count) {
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}

test.serial('after kill -9 of the user process media flows on, and it finds the call again', async (t) => {
	const gateway = await openGateway(t);
	const {served, caller, callee, target, pidOf} = gateway;
	const call = await establish(t, gateway);
	await call.speak();
	// The ACK is seen, and what is known of the call is with the toolbox.
	await new Promise((resolve) => setTimeout(resolve, 1500));
	const before = performance.now();
	process.kill(pidOf('user'), 'SIGKILL');
	t.like(await served.event('process-ended'), {process: 'user', how: 'SIGKILL'});
	for (let count = 0; count < 10; count++) {
		await call.speak();
	}

	await eventNumber(gateway, 'process-started', 1);
	t.log(`the user process was back after ${Math.round(performance.now() - before)} ms`);
	t.like(
		served.events.find(({event}) => event === 'call-restored'),
		{event: 'call-restored'},
		served.lines.join('\n'),
	);
	await call.speak();
	callee.endpoint.once('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	const bye = once(callee.endpoint, 'request');
	t.is(await statusOf(caller.endpoint.request(call.dialog.makeRequest('BYE'), target)), 200);
	await bye;
	t.like(await served.event('call-ended'), {reason: 'bye'});
	// And it takes new ones, on the same port.
	await (await establish(t, gateway)).speak();
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
});

test.serial(
	'after kill -9 of the media process its calls end with BYE, and the next call has media again',
	async (t) => {
		const gateway = await openGateway(t);
		const {served, callee, pidOf} = gateway;
		const call = await establish(t, gateway);
		await call.speak();
		const byes: string[] = [];
		const answer = (incoming: {
			request: {method: string};
			respond: (r: never) => boolean;
			makeResponse: (...a: never[]) => never;
		}) => {
			byes.push(incoming.request.method);
			incoming.respond(incoming.makeResponse(...([200, 'OK'] as never[])));
		};
		callee.endpoint.once('request', answer as never);
		const bye = once(gateway.caller.endpoint, 'request');
		process.kill(pidOf('media'), 'SIGKILL');
		const [{request}] = await bye;
		t.is(request.method, 'BYE');
		t.like(await served.event('call-ended'), {reason: 'media-lost'});
		await eventNumber(gateway, 'process-started', 1);
		t.deepEqual(byes, ['BYE']);
		await (await establish(t, gateway)).speak();
		served.child.kill('SIGTERM');
		t.is(await served.exited, 0);
	},
);

test.serial('after kill -9 of the toolbox process the others end, and no ledger entry is lost', async (t) => {
	const gateway = await openGateway(t);
	const {served, configuration, pidOf, caller, callee} = gateway;
	const call = await establish(t, gateway);
	await call.speak();
	for (const party of [caller, callee]) {
		party.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	}

	served.child.kill('SIGKILL');
	t.is(await served.exited, 'SIGKILL');
	const isAlive = (pid: number): boolean => {
		try {
			process.kill(pid, 0);
			return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
				.toString()
				.startsWith('Z');
		} catch {
			return false;
		}
	};
	const deadline = performance.now() + 20_000;
	while ((isAlive(pidOf('media')) || isAlive(pidOf('user'))) && performance.now() < deadline) {
		await new Promise((resolve) => setTimeout(resolve, 50));
	}

	t.false(isAlive(pidOf('media')));
	t.false(isAlive(pidOf('user')));
	const again = new Served(t, configuration.replace('gateway.yaml', 'changed.yaml'), ['--json']);
	const socket = String((await again.event('listening'))['adminSocket']);
	const {body} = await ask(socket, '/ledger');
	t.true(
		(body as readonly {state: string}[]).filter(({state}) => state !== 'reserved').length >= 2,
		JSON.stringify(body),
	);
	again.child.kill('SIGTERM');
	t.is(await again.exited, 0);
});

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? test.serial : test.serial.skip;

asRoot('no key is in the memory of a process that must not have it, during a sealed call and after', async (t) => {
	t.timeout(300_000);
	const gateway = await openGateway(t);
	const {served, world, pidOf, caller, callee, target} = gateway;
	const call = await establish(t, gateway);
	await call.speak();
	const {d = ''} = createPrivateKey(world.gateway.privateKeyPem).export({format: 'jwk'});
	const privateKey = new Map([
		['private key', Buffer.from(String(d), 'base64url')],
		['private key, least octet first', Buffer.from(String(d), 'base64url').reverse()],
		['private key in PEM', Buffer.from(world.gateway.privateKeyPem.split('\n')[1] ?? '')],
	]);
	const callKeys = new Map(
		Object.entries(call.keys).flatMap(([name, key]) => [
			[name, Buffer.from(key)] as const,
			[`${name} in base64`, Buffer.from(Buffer.from(key).toString('base64'))] as const,
		]),
	);
	// The search finds what is there: the toolbox has its private key, the media process what sessions derive.
	t.true(findInMemory(pidOf('toolbox'), privateKey).size > 0);
	const derived = derivedSecrets(suite, call.keys.fromBob);
	t.true(findInMemory(pidOf('media'), derived).size > 0);
	const none = (when: string) => {
		t.deepEqual(
			[...findInMemory(pidOf('user'), new Map([...privateKey, ...callKeys, ...derived]))],
			[],
			`user ${when}`,
		);
		t.deepEqual([...findInMemory(pidOf('media'), privateKey)], [], `media ${when}`);
		t.deepEqual([...findInMemory(pidOf('media'), callKeys)], [], `master keys in media ${when}`);
	};
	none('during the call');
	callee.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	t.is(await statusOf(caller.endpoint.request(call.dialog.makeRequest('BYE'), target)), 200);
	await served.event('call-ended');
	none('after the call');
	t.deepEqual([...findInMemory(pidOf('media'), derived)], [], 'sessions are wiped');
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
});

asRoot('with identities of their own, the processes have them, and a call goes through', async (t) => {
	const identities = {
		user: {uid: 65_531, gid: 65_531},
		media: {uid: 65_532, gid: 65_532},
		toolbox: {uid: 65_533, gid: 65_533},
	};
	const gateway = await openGateway(t, {isolation: identities}, 0o711);
	const {served, isolation, pidOf} = gateway;
	for (const role of ['user', 'media', 'toolbox'] as const) {
		const status = readFileSync(`/proc/${pidOf(role)}/status`, 'utf8');
		const {uid} = identities[role];
		t.regex(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s`, 'm'), role);
		t.regex(status, /^Groups:\s*$/m, role);
		t.regex(status, role === 'user' ? /^CapPrm:\s+0000000000000400$/m : /^CapPrm:\s+0{16}$/m, role);
		if (role !== 'toolbox') {
			t.regex(status, /^NoNewPrivs:\s+1$/m, role);
			t.regex(status, /^Seccomp:\s+2$/m, role);
		}
	}

	t.deepEqual(isolation['notes'], []);
	await (await establish(t, gateway)).speak();
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
	t.is(served.stderr, '');
});
