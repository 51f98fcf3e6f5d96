import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';

export type Ended = {
	readonly stdout: string;
	readonly stderr: string;
	readonly code: number | null;
	readonly signal: string | null;
};

const fromDist = (path: string) => JSON.stringify(import.meta.resolve(`#dist/${path}`));

/**
 * What a program begins with: a plane, and `openCall()`, which makes a relay of two plain legs for two sockets of node:dgram
 * and resolves with `{relay, legs, phones}`.
 */
export function preamble(options: object): string {
	return `
		import {createSocket} from 'node:dgram';
		import {once} from 'node:events';
		import {MediaPlane} from ${fromDist('trusted/media/media-plane.js')};
		import {TrafficGenerator} from ${fromDist('trusted/media/traffic-generator.js')};
		const plane = MediaPlane.open(${JSON.stringify({portCoolDownMs: 0, ...options})});
		async function openPhone(address = '127.0.0.1') {
			const phone = createSocket('udp4');
			phone.bind(0, address);
			await once(phone, 'listening');
			return phone;
		}
		async function openCall() {
			const phones = [await openPhone(), await openPhone()];
			const {relay, legs} = await plane.createRelay([{}, {}]);
			for (const leg of [0, 1]) {
				const {address, port} = phones[leg].address();
				const remote = {address, port};
				await plane.configureLeg(relay, leg, {remote: {rtp: remote, rtcp: remote}, sessions: {kind: 'clear'}});
			}

			return {relay, legs, phones};
		}
		function rtp(sequenceNumber) {
			const packet = Buffer.alloc(172);
			packet[0] = 0x80;
			packet.writeUInt16BE(sequenceNumber & 0xffff, 2);
			return packet;
		}
		function send(phone, packet, {address, port}) {
			return new Promise((resolve, reject) => phone.send(packet, port, address, (error) => (error ? reject(error) : resolve())));
		}
		/** Caller sends, callee gets; resolves when the packet came. */
		async function carryOne({legs, phones}, sequenceNumber = 1) {
			const came = once(phones[1], 'message');
			await send(phones[0], rtp(sequenceNumber), legs[0].rtp);
			return (await came)[0];
		}
	`;
}

/** Runs a module in a Node of its own, below `before` where there is one (`sh -c …`, `unshare`), and waits for its end. */
export async function runProgram(
	source: string,
	before: readonly string[] = [],
	signal?: NodeJS.Signals,
): Promise<Ended> {
	const [program = process.execPath, ...argv] = [...before, process.execPath, '--input-type=module', '--eval', source];
	const child = spawn(program, argv, {stdio: ['ignore', 'pipe', 'pipe']});
	const text = {stdout: '', stderr: ''};
	for (const stream of ['stdout', 'stderr'] as const) {
		child[stream].setEncoding('utf8').on('data', (chunk: string) => {
			text[stream] += chunk;
			if (signal !== undefined && text.stdout.includes('up')) {
				child.kill(signal);
			}
		});
	}

	const [code, endedBy] = (await once(child, 'close')) as [number | null, string | null];
	return {...text, code, signal: endedBy};
}

/** True where this process may make network namespaces and has `ip` and `tc`. */
export function mayShapeNetworks(): boolean {
	return spawnSync('unshare', ['--net', 'sh', '-c', 'ip link set lo up && tc -V']).status === 0;
}
