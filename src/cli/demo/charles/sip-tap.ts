import {createConnection, createServer, type Server, type Socket} from 'node:net';

/** Octets of one TCP connection through the tap, in the order in which they passed. */
export type TappedStream = {
	/** From the side that connected. */
	readonly forward: Buffer;
	/** From the side that was connected to. */
	readonly backward: Buffer;
};

const maxRecordedOctets = 1_048_576;

/**
 * The proxy that nobody controls: forwards SIP over TCP octet by octet and keeps a copy.
 * It holds no key and changes nothing.
 */
export class SipTap {
	readonly #server: Server;
	readonly #streams: {forward: Buffer[]; backward: Buffer[]; octets: number}[] = [];
	readonly #sockets = new Set<Socket>();
	readonly port: number;

	private constructor(server: Server, port: number) {
		this.#server = server;
		this.port = port;
	}

	/** Listens on a free port of 127.0.0.1 and forwards to `target`. */
	static async open(target: {readonly address: string; readonly port: number}): Promise<SipTap> {
		const server = createServer();
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(0, '127.0.0.1', resolve);
		});
		const bound = server.address();
		const tap = new SipTap(server, typeof bound === 'object' && bound !== null ? bound.port : 0);
		server.on('connection', (incoming) => {
			tap.#forward(incoming, target);
		});
		return tap;
	}

	/** What has passed so far, oldest connection first. */
	streams(): TappedStream[] {
		return this.#streams.map(({forward, backward}) => ({
			forward: Buffer.concat(forward),
			backward: Buffer.concat(backward),
		}));
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) {
			socket.destroy();
		}

		await new Promise<void>((resolve) => {
			this.#server.close(() => {
				resolve();
			});
		});
	}

	#forward(incoming: Socket, target: {readonly address: string; readonly port: number}): void {
		const stream = {forward: [] as Buffer[], backward: [] as Buffer[], octets: 0};
		this.#streams.push(stream);
		const outgoing = createConnection({host: target.address, port: target.port});
		const join = (from: Socket, to: Socket, copy: Buffer[]): void => {
			this.#sockets.add(from);
			from.on('data', (chunk: Buffer) => {
				stream.octets += chunk.length;
				if (stream.octets <= maxRecordedOctets) {
					copy.push(chunk);
				}

				to.write(chunk);
			});
			from.on('end', () => to.end());
			from.on('error', () => to.destroy());
			from.on('close', () => {
				this.#sockets.delete(from);
				to.destroy();
			});
		};

		join(incoming, outgoing, stream.forward);
		join(outgoing, incoming, stream.backward);
	}
}
