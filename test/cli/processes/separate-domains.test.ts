import {execFileSync} from 'node:child_process';
import {createPrivateKey} from 'node:crypto';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import process from 'node:process';
import test from 'ava';
import {statusOf} from '../../gateway/support/raw-party.js';
import {serialWhere} from '../../support/test-where.js';
import {findInMemory} from '../../trusted/media/support/process-memory.js';
import {derivedSecrets} from '../../trusted/media/support/session-secrets.js';
import {establish, openGateway, suite} from '../support/sealed-gateway.js';
import {ask, Served} from '../support/served.js';

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

	await served.event('process-started');
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
		await served.event('process-started');
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

const asRoot = serialWhere(process.getuid?.() === 0);

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
	const gateway = await openGateway(t, {more: {isolation: identities}, folderMode: 0o711});
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
