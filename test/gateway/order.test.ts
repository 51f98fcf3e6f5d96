import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {alice, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import {testWhere} from '../support/test-where.js';
import {RawParty, statusOf} from './support/raw-party.js';
import {cryptoLine, cryptoLinesOf, sdpText} from './support/sdp.js';
import {makeTestWorld} from './support/world.js';

// Takes strace (Debian package strace) and leave to trace.
const withTrace = testWhere(spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0);
const calls = 'fdatasync,fsync,msync,read,recvfrom,recvmsg,write,writev,sendto,sendmsg';

/** Watched from outside: the system calls of the gateway's process, in the order in which the kernel saw them. */
withTrace('the ledger is on disk before the answer with SDP leaves', async (t) => {
	const world = await makeTestWorld(t);
	const [caller, callee] = [await RawParty.open(t, world, 'bob'), await RawParty.open(t, world, 'alice')];
	const configuration = await writeGatewayConfiguration(world, callee.port);
	const yaml = await readFile(configuration, 'utf8');
	await writeFile(configuration, yaml.replaceAll('origin: observe', 'origin: observe\n      binding: none'));
	const trace = join(world.folder, 'trace');
	const child = spawn(
		'strace',
		['-f', '-qq', '-s', '40', '-e', `trace=${calls}`, '-e', 'signal=none', '-o', trace, process.execPath].concat([
			resolve('dist/cli/main.js'),
			'serve',
			'--json',
			'--config',
			configuration,
		]),
		{stdio: ['ignore', 'pipe', 'inherit']},
	);
	const exited = once(child, 'exit');
	t.teardown(async () => {
		child.kill('SIGKILL');
		await exited;
	});
	const stdout: string[] = [];
	const lines = createInterface({input: child.stdout});
	const listening = new Promise<number>((resolvePort) => {
		lines.on('line', (line) => {
			stdout.push(line);
			const {event, sip} = JSON.parse(line) as {readonly event: string; readonly sip?: readonly string[]};
			if (event === 'listening') {
				resolvePort(
					Number(
						sip
							?.find((address) => address.startsWith('tcp:'))
							?.split(':')
							.at(-1),
					),
				);
			}
		});
	});
	const target = {transport: 'tcp', address: '127.0.0.1', port: await listening} as const;
	const line = cryptoLine();
	const sealed = await caller.seal(caller.invitation(alice), sdpText({crypto: [line]}));
	const outgoing = caller.endpoint.request(sealed, target);
	const invitation = await callee.next();
	const offered = cryptoLinesOf(await callee.unseal(invitation.request))[1];
	await callee.answer(invitation, sdpText({crypto: [cryptoLine(offered?.tag)]}));
	t.is(await statusOf(outgoing), 200);
	callee.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	caller.endpoint.on('request', (incoming) => incoming.respond(incoming.makeResponse(200, 'OK')));
	process.kill(Number((await readFile(trace, 'utf8')).split(' ', 1)[0]), 'SIGTERM');
	await exited;

	const seen = (await readFile(trace, 'utf8')).split('\n').flatMap((call) => {
		if (/(?:fdatasync|fsync|msync)(?:\(| resumed).*= 0$/.test(call)) {
			return ['synced'];
		}

		const [, verb = '', start = ''] = /(read|recv\w+|write\w*|send\w+).*?"(SIP\/2\.0 200|INVITE)/.exec(call) ?? [];
		return start === '' ? [] : [`${start === 'INVITE' ? start : '200'} ${/^(?:read|recv)/.test(verb) ? 'in' : 'out'}`];
	});
	const [inviteIn, inviteOut] = [seen.indexOf('INVITE in'), seen.indexOf('INVITE out')];
	const [answerIn, answerOut] = [seen.indexOf('200 in'), seen.indexOf('200 out')];
	t.log(seen.slice(inviteIn, answerOut + 1).join(', '));
	t.true(inviteIn >= 0 && inviteIn < inviteOut && inviteOut < answerIn && answerIn < answerOut);
	t.true(seen.slice(inviteIn, inviteOut).includes('synced'), 'reserved before the INVITE goes on');
	t.true(seen.slice(answerIn, answerOut).includes('synced'), 'installed before the answer leaves');
	t.false(stdout.join('\n').includes(line.slice(-40)), 'no key on standard output');
});
