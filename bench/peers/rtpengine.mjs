import {spawn, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {freshKey} from '../machinery/leg-keys.mjs';
import {NgClient} from './ng-client.mjs';

/** Version of the rtpengine that is installed; undefined when there is none. */
export function rtpengineVersion() {
	const {status, stdout, stderr} = spawnSync('rtpengine', ['--version'], {encoding: 'utf8'});
	return status === 0 ? (stdout || stderr).replace('Version:', '').trim() : undefined;
}

/** rtpengine in userspace on loopback, with one thread for media, since ours has one. Throws when it does not answer. */
export async function startRtpengine({core}) {
	const port = await freePort();
	const argv = [
		'rtpengine',
		'--config-file=none',
		'--foreground',
		'--table=-1',
		'--interface=127.0.0.1',
		`--listen-ng=127.0.0.1:${port}`,
		'--port-min=10000',
		'--port-max=59999',
		'--num-threads=1',
		'--delete-delay=0',
		'--log-level=2',
		'--log-stderr',
	];
	const command = core === undefined ? argv : ['taskset', '-c', String(core), ...argv];
	const child = spawn(command[0], command.slice(1), {stdio: 'ignore'});
	const stop = () => child.kill('SIGTERM');
	process.once('exit', stop);
	const client = new NgClient(port);
	await waitUntilUp(client, child);
	let calls = [];
	return {
		name: 'rtpengine',
		pid: child.pid,
		canCarry: () => true,
		async setUp(addresses, suites) {
			const parties = [];
			for (const [caller, callee] of addresses) {
				const call = randomBytes(12).toString('hex');
				calls.push(call);
				parties.push(await setUpCall(client, call, [caller, callee], suites));
			}

			return parties;
		},
		async tearDown() {
			for (const call of calls) {
				await client.ask({command: 'delete', 'call-id': call, 'from-tag': 'a'});
			}

			calls = [];
		},
		async close() {
			client.close();
			process.removeListener('exit', stop);
			if (child.exitCode === null) {
				stop();
				await once(child, 'exit');
			}
		},
	};
}

async function waitUntilUp(client, child) {
	for (let tries = 0; tries < 20; tries++) {
		try {
			await client.ask({command: 'ping'}, 250);
			return;
		} catch {
			if (child.exitCode !== null) {
				break;
			}
		}
	}

	child.kill('SIGTERM');
	client.close();
	throw new Error('Expected rtpengine to answer a ping.');
}

/** Offer and answer. Both parties' suites differ, so that rtpengine cannot hand a packet on as it is. */
async function setUpCall(client, call, [caller, callee], [callerSuite, calleeSuite]) {
	const common = {'call-id': call, 'from-tag': 'a', ICE: 'remove', DTLS: 'off', flags: ['trust-address']};
	const callerKey = callerSuite && freshKey(callerSuite);
	const offered = await client.ask({
		...common,
		command: 'offer',
		sdp: writeSdp(caller, callerKey, 1),
		'transport-protocol': calleeSuite === undefined ? 'RTP/AVP' : 'RTP/SAVP',
	});
	const toCallee = readSdp(offered.sdp, calleeSuite);
	const calleeKey = calleeSuite && freshKey(calleeSuite);
	const answered = await client.ask({
		...common,
		command: 'answer',
		'to-tag': 'b',
		sdp: writeSdp(callee, calleeKey, toCallee.tag),
	});
	const toCaller = readSdp(answered.sdp, callerSuite);
	return [party(toCaller, callerKey), party(toCallee, calleeKey)];
}

function party({relay, key}, ownKey) {
	return {relay, ...(ownKey !== undefined && {outbound: ownKey, inbound: key})};
}

function writeSdp({address, port}, key, tag) {
	return [
		'v=0',
		`o=- 1 1 IN IP4 ${address}`,
		's=-',
		`c=IN IP4 ${address}`,
		't=0 0',
		`m=audio ${port} ${key === undefined ? 'RTP/AVP' : 'RTP/SAVP'} 0`,
		'a=rtpmap:0 PCMU/8000',
		...(key === undefined ? [] : [`a=crypto:${tag} ${key.suite} inline:${key.key}`]),
		'',
	].join('\r\n');
}

function readSdp(sdp, suite) {
	const [, address] = /^c=IN IP4 (\S+)/m.exec(sdp) ?? [];
	const [, port] = /^m=audio (\d+)/m.exec(sdp) ?? [];
	const relay = {address, port: Number(port)};
	if (suite === undefined) {
		return {relay};
	}

	for (const [, tag, name, key] of sdp.matchAll(/^a=crypto:(\d+) (\S+) inline:([A-Za-z\d+/=]+)/gm)) {
		if (name === suite) {
			// Some leave the padding of base64 away.
			return {relay, tag, key: {suite, key: Buffer.from(key, 'base64').toString('base64')}};
		}
	}

	throw new Error(`Expected rtpengine to offer ${suite}.`);
}

async function freePort() {
	const socket = createSocket('udp4');
	socket.bind(0, '127.0.0.1');
	await once(socket, 'listening');
	const {port} = socket.address();
	socket.close();
	await sleep(10);
	return port;
}
