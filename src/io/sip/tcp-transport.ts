import {EventEmitter, once} from 'node:events';
import {connect, createServer, isIP, isIPv6, type Server, type Socket} from 'node:net';
import {SallyportError} from '../../base/error.js';
import {fail, type Result} from '../../base/result.js';
import type {SipAddress, SipSource, SipTarget} from '../../core/sip/hop.js';
import {formatHostPort} from '../../core/sip/hop.js';
import {
	type Admit,
	newTransportCounters,
	type SipTransport,
	type SipTransportEvents,
	type SipTransportFailure,
} from './sip-transport.js';
import {TcpConnection, type TcpConnectionLimits} from './tcp-connection.js';
import {errorCode} from './udp-transport.js';

export type TcpTransportLimits = TcpConnectionLimits & {
	/** @default 4_096 In both directions together. */
	readonly maximumConnections: number;
	/** @default 64 Accepted from one address. */
	readonly maximumConnectionsPerAddress: number;
};

export const defaultTcpLimits: TcpTransportLimits = {
	idleTimeoutMs: 180_000,
	messageTimeoutMs: 10_000,
	connectTimeoutMs: 5_000,
	maximumUnsentBytes: 262_144,
	maximumConnections: 4_096,
	maximumConnectionsPerAddress: 64,
};

/**
 * SIP over TCP (RFC 3261 §18). A response goes by the connection that its request came by while that lives; a request
 * reuses a connection to the very address and port that it is for.
 */
export class TcpTransport extends EventEmitter<SipTransportEvents> implements SipTransport {
	readonly transport = 'tcp';
	readonly local: SipAddress;
	readonly counters = newTransportCounters();
	readonly #server: Server;
	readonly #admit: Admit;
	readonly #limits: TcpTransportLimits;
	readonly #byId = new Map<string, TcpConnection>();
	readonly #byRemote = new Map<string, TcpConnection>();
	readonly #acceptedByAddress = new Map<string, number>();
	#sequence = 0;
	#isClosed = false;

	private constructor(server: Server, local: SipAddress, admit: Admit, limits: TcpTransportLimits) {
		super();
		this.local = local;
		this.#server = server;
		this.#admit = admit;
		this.#limits = limits;
		server.on('connection', (socket) => this.#accept(socket));
		// Out of descriptors, for one: the connection is lost, the listener is not.
		server.on('error', () => this.counters.refused++);
	}

	/** Rejects with `SIP_LISTEN_FAILED` where the address cannot be had. */
	static async open(
		{address, port}: SipAddress,
		admit: Admit,
		limits: Partial<TcpTransportLimits> = {},
	): Promise<TcpTransport> {
		const server = createServer();
		try {
			const listening = once(server, 'listening');
			server.listen({host: address, port, exclusive: true, ipv6Only: isIPv6(address)});
			await listening;
		} catch (error) {
			throw new SallyportError(
				'SIP_LISTEN_FAILED',
				`Expected to listen on TCP ${formatHostPort(address, port)}, got ${errorCode(error)}.`,
				{cause: error},
			);
		}

		const bound = server.address();
		const local = typeof bound === 'object' && bound ? {address: bound.address, port: bound.port} : {address, port};
		return new TcpTransport(server, local, admit, {...defaultTcpLimits, ...limits});
	}

	get connections(): number {
		return this.#byId.size;
	}

	async send(bytes: Uint8Array, target: SipTarget): Promise<Result<void, SipTransportFailure>> {
		let result = await this.#known(target)?.send(bytes);
		if (!result || (!result.ok && result.failure.code !== 'OVERLOADED')) {
			// RFC 3261 §18.2.2, §18.4: what an old connection did not take goes by a new one.
			const connection = this.#connect(target);
			result = connection instanceof TcpConnection ? await connection.send(bytes) : connection;
		}

		this.counters[result.ok ? 'sent' : 'failedSends']++;
		return result;
	}

	async close(): Promise<void> {
		if (this.#isClosed) {
			return;
		}

		this.#isClosed = true;
		const closed = new Promise((resolve) => {
			this.#server.close(resolve);
		});
		const ended = [...this.#byId.values()].map((connection) => once(connection, 'close'));
		for (const connection of this.#byId.values()) {
			connection.destroy();
		}

		await Promise.all([closed, ...ended]);
	}

	#known({address, port, connection: id}: SipTarget): TcpConnection | undefined {
		return [id === undefined ? undefined : this.#byId.get(id), this.#byRemote.get(formatHostPort(address, port))].find(
			(connection) => connection?.isUsable,
		);
	}

	#connect({address, port}: SipTarget): TcpConnection | Result<never, SipTransportFailure> {
		if (this.#isClosed) {
			return fail('CLOSED', 'Expected an open transport.');
		}

		if (isIP(address) === 0 || port === 0) {
			return fail('UNREACHABLE', 'Expected a numeric address and a port.');
		}

		if (this.#byId.size >= this.#limits.maximumConnections) {
			return fail('OVERLOADED', `Expected fewer than ${this.#limits.maximumConnections} connections.`);
		}

		return this.#add(connect({host: address, port, ...this.#localAddressFor(address)}), {address, port});
	}

	/** Connects from the address that we listen on, so that the peer sees the one that our Via names. */
	#localAddressFor(remote: string): {localAddress?: string} {
		const {address} = this.local;
		const isWildcard = address === '0.0.0.0' || address === '::';
		return isWildcard || isIPv6(address) !== isIPv6(remote) ? {} : {localAddress: address};
	}

	#accept(socket: Socket): void {
		const {remoteAddress: address, remotePort: port} = socket;
		if (address === undefined || port === undefined) {
			socket.destroy();
			return;
		}

		const accepted = this.#acceptedByAddress.get(address) ?? 0;
		if (
			this.#isClosed ||
			this.#byId.size >= this.#limits.maximumConnections ||
			accepted >= this.#limits.maximumConnectionsPerAddress ||
			!this.#admit({transport: 'tcp', address, port}, 'connection')
		) {
			this.counters.refused++;
			socket.on('error', () => {});
			socket.resetAndDestroy();
			return;
		}

		this.#acceptedByAddress.set(address, accepted + 1);
		this.#add(socket, {address, port}).once('close', () => {
			const left = (this.#acceptedByAddress.get(address) ?? 1) - 1;
			if (left > 0) {
				this.#acceptedByAddress.set(address, left);
			} else {
				this.#acceptedByAddress.delete(address);
			}
		});
	}

	#add(socket: Socket, remote: SipAddress): TcpConnection {
		const connection = new TcpConnection(`tcp-${++this.#sequence}`, socket, remote, this.#limits);
		const remoteKey = formatHostPort(remote.address, remote.port);
		const source: SipSource = {transport: 'tcp', ...remote, connection: connection.id, local: this.local};
		this.#byId.set(connection.id, connection);
		this.#byRemote.set(remoteKey, connection);
		connection.on('message', (message) => {
			if (this.#admit(source, 'message')) {
				this.counters.received++;
				this.emit('message', message, source);
			} else {
				this.counters.refused++;
			}
		});
		connection.on('malformed', (failure) => {
			this.counters.malformed++;
			this.emit('malformed', failure, source);
		});
		connection.on('keep-alive', () => this.counters.keepAlives++);
		connection.on('close', (isCut) => {
			this.counters.cut += isCut ? 1 : 0;
			this.#byId.delete(connection.id);
			if (this.#byRemote.get(remoteKey) === connection) {
				this.#byRemote.delete(remoteKey);
			}
		});
		return connection;
	}
}
