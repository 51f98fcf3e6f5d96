import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import {isIPv6} from 'node:net';
import {SallyportError} from '../../base/error.js';

/** Where RTP and RTCP of one side are sent. */
export type RtpDestination = {
	readonly rtp: {readonly address: string; readonly port: number};
	readonly rtcp: {readonly address: string; readonly port: number};
};

/** Two UDP sockets on one address: RTP on an even port, RTCP on the odd port above it (RFC 3550 §11). */
export class RtpSocketPair {
	readonly rtp: Socket;
	readonly rtcp: Socket;
	readonly address: string;
	readonly port: number;

	private constructor(rtp: Socket, rtcp: Socket) {
		this.rtp = rtp;
		this.rtcp = rtcp;
		({address: this.address, port: this.port} = rtp.address());
	}

	/** Binds a free pair; rejects with `RTP_PORTS_UNAVAILABLE` where the system has none to give. */
	static async bind(
		options: {
			/** Numeric local address. @default '127.0.0.1' */
			readonly address?: string;
			/** An even port to take instead of any free one. */
			readonly port?: number;
		} = {},
	): Promise<RtpSocketPair> {
		const {address = '127.0.0.1', port} = options;
		if (port !== undefined && (port % 2 !== 0 || port < 2 || port > 65_534)) {
			throw new RangeError(`Expected an even port from 2 to 65534, got ${port}.`);
		}

		let cause: unknown;
		for (let attempt = 0; attempt < (port === undefined ? maxAttempts : 1); attempt++) {
			let rtp: Socket | undefined;
			try {
				rtp = await bindSocket(address, port ?? 0);
				const bound = rtp.address().port;
				if (bound % 2 === 0) {
					return new RtpSocketPair(rtp, await bindSocket(address, bound + 1));
				}
			} catch (error) {
				cause = error;
			}

			await closeSocket(rtp);
		}

		throw new SallyportError('RTP_PORTS_UNAVAILABLE', `Expected two free ports on ${address}, got none.`, {cause});
	}

	/** Where the other side must send. */
	get destination(): RtpDestination {
		const {address, port} = this;
		return {rtp: {address, port}, rtcp: {address, port: port + 1}};
	}

	/** Sends a datagram and says what became of it; never throws. */
	send(
		kind: 'rtp' | 'rtcp',
		datagram: Uint8Array,
		to: {readonly address: string; readonly port: number},
	): Promise<'sent' | 'refused' | 'closed'> {
		return new Promise((resolve) => {
			try {
				this[kind].send(datagram, to.port, to.address, (error) => resolve(error ? 'refused' : 'sent'));
			} catch {
				resolve('closed');
			}
		});
	}

	/** Closes both sockets; safe twice. */
	async close(): Promise<void> {
		await Promise.all([closeSocket(this.rtp), closeSocket(this.rtcp)]);
	}
}

async function bindSocket(address: string, port: number): Promise<Socket> {
	const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
	try {
		socket.bind({address, port, exclusive: true});
		await once(socket, 'listening');
	} catch (error) {
		socket.close();
		throw error;
	}

	// What the network reports about single datagrams must not end the process; `send` tells its caller.
	socket.on('error', () => {});
	return socket;
}

async function closeSocket(socket: Socket | undefined): Promise<void> {
	const closed = new Promise<void>((resolve) => {
		try {
			socket?.close(resolve);
		} catch {
			resolve(); // Closed before.
		}
	});
	if (socket) {
		await closed;
	}
}

const maxAttempts = 64;
