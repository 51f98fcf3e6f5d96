/**
 * The source of a flood, in a thread of its own: sends a message as often as it was told, each time with another mark in it
 * (Call-ID and branch) and another end (the tag of authentication). Says how many it sent and how long that took.
 */
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {parentPort, workerData} from 'node:worker_threads';

export type FloodOrder = {
	/** Its own address. */
	readonly from: string;
	readonly port: number;
	readonly message: Uint8Array;
	/** Where the message has the 16 hexadecimal digits that are to differ. */
	readonly marks: readonly number[];
	readonly perSecond: number;
	readonly forMs: number;
};

export type FloodDone = {readonly sent: number; readonly tookMs: number};

const {from, port, message, marks, perSecond, forMs} = workerData as FloodOrder;
const socket = createSocket('udp4').bind(0, from);
await once(socket, 'listening');
socket.connect(port, '127.0.0.1');
await once(socket, 'connect');
socket.on('message', () => {});
socket.on('error', () => {});
const beganMs = performance.now();
const end = message.length - 8;
let sent = 0;
let owed = 0;
let lastMs = beganMs;
for (let nowMs = beganMs; nowMs < beganMs + forMs; nowMs = performance.now()) {
	// What is late is made up for, as long as it is less than a tenth of a second.
	owed = Math.min(owed + (perSecond * (nowMs - lastMs)) / 1000, perSecond / 10);
	lastMs = nowMs;
	for (; owed >= 1; owed--) {
		const next = Buffer.from(message);
		const mark = sent.toString(16).padStart(16, '0');
		for (const offset of marks) {
			next.write(mark, offset, 'latin1');
		}

		next.writeDoubleBE(Math.random(), end);
		socket.send(next);
		sent++;
	}

	await new Promise((resolve) => setImmediate(resolve));
}

parentPort?.postMessage({sent, tookMs: performance.now() - beganMs} satisfies FloodDone);
socket.close();
