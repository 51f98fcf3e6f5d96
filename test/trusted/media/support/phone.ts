import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import type {ExecutionContext} from 'ava';

/** A UDP socket that sends to one address and keeps what it gets. */
export class Phone {
	readonly socket: Socket;
	readonly received: Buffer[] = [];
	#wake: () => void = () => {};

	private constructor(socket: Socket) {
		this.socket = socket;
		socket.on('message', (message) => {
			this.received.push(message);
			this.#wake();
		});
		socket.on('error', () => {});
	}

	static async open(t: ExecutionContext, address = '127.0.0.1'): Promise<Phone> {
		const socket = createSocket({type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 * 1024});
		socket.bind(0, address);
		await once(socket, 'listening');
		t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())));
		return new Phone(socket);
	}

	get address(): {readonly address: string; readonly port: number} {
		const {address, port} = this.socket.address();
		return {address, port};
	}

	/** Resolves when the kernel has taken the packet: what is sent afterwards arrives afterwards. */
	send(packet: Uint8Array, to: {readonly address: string; readonly port: number}): Promise<void> {
		return new Promise((resolve, reject) => {
			this.socket.send(packet, to.port, to.address, (error) => (error ? reject(error) : resolve()));
		});
	}

	/** Waits until `count` packets came in all. */
	async waitFor(count: number): Promise<readonly Buffer[]> {
		while (this.received.length < count) {
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}

		return this.received;
	}
}

/** Two phones of one party: RTP and RTCP. */
export type Party = {readonly rtp: Phone; readonly rtcp: Phone};

export async function openParty(t: ExecutionContext, address?: string): Promise<Party> {
	return {rtp: await Phone.open(t, address), rtcp: await Phone.open(t, address)};
}

export function remoteOf({rtp, rtcp}: Party) {
	return {rtp: rtp.address, rtcp: rtcp.address};
}

export type RtpFields = {
	readonly sequenceNumber: number;
	readonly ssrc?: number;
	readonly payloadType?: number;
	readonly payload?: Uint8Array;
};

/** An RTP packet with 160 octets of payload that differ from packet to packet. */
export function rtpPacket({sequenceNumber, ssrc = 0x11_22_33_44, payloadType = 0, payload}: RtpFields): Buffer {
	const packet = Buffer.alloc(12 + (payload?.byteLength ?? 160));
	packet[0] = 0x80;
	packet[1] = payloadType;
	packet.writeUInt16BE(sequenceNumber & 0xff_ff, 2);
	packet.writeUInt32BE((sequenceNumber * 160) >>> 0, 4);
	packet.writeUInt32BE(ssrc, 8);
	packet.set(payload ?? new Uint8Array(160).map((_, index) => (index * 7 + sequenceNumber) & 0xff), 12);
	return packet;
}

/** A receiver report without blocks, followed by a BYE (RFC 3550 §6.4.2, §6.6). */
export function rtcpPacket(ssrc = 0x11_22_33_44): Buffer {
	const packet = Buffer.alloc(16);
	packet.set([0x80, 201, 0, 1], 0);
	packet.writeUInt32BE(ssrc, 4);
	packet.set([0x81, 203, 0, 1], 8);
	packet.writeUInt32BE(ssrc, 12);
	return packet;
}
