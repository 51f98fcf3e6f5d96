import {EventEmitter} from 'node:events';
import type {Socket} from 'node:net';
import {fail, ok, type Result} from '../../base/result.js';
import type {SipFailure} from '../../wire/sip/failure.js';
import type {SipMessage} from '../../wire/sip/message.js';
import {SipStreamReader} from '../../wire/sip/stream-reader.js';
import type {SipTransportFailure} from './sip-transport.js';
import {errorCode} from './udp-transport.js';

export type TcpConnectionLimits = {
	/** Silence after which a connection is closed. @default 180_000 */
	readonly idleTimeoutMs: number;
	/** Time from the first octet of a message to its last. @default 10_000 */
	readonly messageTimeoutMs: number;
	/** @default 5_000 */
	readonly connectTimeoutMs: number;
	/** Octets that may wait to be sent; a peer that lets more pile up is cut off. @default 262_144 */
	readonly maximumUnsentBytes: number;
};

export type TcpConnectionEvents = {
	message: [message: SipMessage];
	malformed: [failure: SipFailure];
	'keep-alive': [];
	/** Once, last; `isCut`: by one of our limits. */
	close: [isCut: boolean];
};

/**
 * One TCP connection that carries SIP (RFC 3261 §18.3): frames what comes, answers keep-alives (RFC 5626 §3.5.1),
 * and cuts off a peer that is silent, slow inside a message, or does not read.
 */
export class TcpConnection extends EventEmitter<TcpConnectionEvents> {
	readonly id: string;
	readonly remote: {readonly address: string; readonly port: number};
	readonly #socket: Socket;
	readonly #limits: TcpConnectionLimits;
	readonly #reader = new SipStreamReader();
	#messageTimer: NodeJS.Timeout | undefined;
	#failure: SipTransportFailure | undefined;
	#isCut = false;

	/** @param socket Connected, or connecting to `remote`. */
	constructor(
		id: string,
		socket: Socket,
		remote: {readonly address: string; readonly port: number},
		limits: TcpConnectionLimits,
	) {
		super();
		this.id = id;
		this.remote = remote;
		this.#socket = socket;
		this.#limits = limits;
		socket.setNoDelay(true);
		socket.setTimeout(socket.connecting ? limits.connectTimeoutMs : limits.idleTimeoutMs);
		socket.on('connect', () => socket.setTimeout(limits.idleTimeoutMs));
		socket.on('timeout', () => this.#onTimeout());
		socket.on('data', (bytes) => this.#receive(bytes));
		socket.on('error', (error) => {
			this.#failure ??= failureOf(error);
		});
		socket.on('close', () => this.#onClose());
	}

	/** False once either side has begun to close. */
	get isUsable(): boolean {
		return this.#socket.writable;
	}

	/** Resolves when the octets are with the kernel, or when it is sure that they never will be. */
	send(bytes: Uint8Array): Promise<Result<void, SipTransportFailure>> {
		if (!this.isUsable) {
			return Promise.resolve({ok: false, failure: this.#closedFailure()});
		}

		if (this.#socket.writableLength + bytes.length > this.#limits.maximumUnsentBytes) {
			this.#cut();
			return Promise.resolve(fail('OVERLOADED', 'Expected a peer that reads what it is sent.'));
		}

		return new Promise((resolve) => {
			this.#socket.write(bytes, (error) => {
				resolve(error ? {ok: false, failure: this.#failure ?? failureOf(error)} : ok(undefined));
			});
		});
	}

	/** Closes at once. */
	destroy(): void {
		this.#socket.destroy();
	}

	#receive(bytes: Uint8Array): void {
		for (const event of this.#reader.push(bytes)) {
			this.#setMessageTimer(false);
			if (event.kind === 'ping') {
				this.emit('keep-alive');
				void this.send(Buffer.from('\r\n'));
			} else if (event.kind === 'message') {
				this.emit('message', event.message);
			} else {
				// The start of the next message cannot be found. What the listener answers is still sent.
				this.emit('malformed', event.failure);
				this.#socket.end();
				this.#setMessageTimer(true);
				return;
			}
		}

		this.#setMessageTimer(this.#reader.pendingOctets > 0);
	}

	#setMessageTimer(isNeeded: boolean): void {
		if (!isNeeded) {
			clearTimeout(this.#messageTimer);
			this.#messageTimer = undefined;
		} else if (!this.#socket.destroyed) {
			this.#messageTimer ??= setTimeout(() => this.#cut(), this.#limits.messageTimeoutMs);
		}
	}

	#onTimeout(): void {
		this.#failure ??= {code: 'TIMEOUT', message: 'Expected the peer to answer in time.'};
		this.#cut();
	}

	#cut(): void {
		this.#isCut = true;
		this.#socket.destroy();
	}

	#onClose(): void {
		this.#setMessageTimer(false);
		this.emit('close', this.#isCut);
	}

	#closedFailure(): SipTransportFailure {
		return this.#failure ?? {code: 'CLOSED', message: 'Expected an open connection.'};
	}
}

function failureOf(error: Error): SipTransportFailure {
	const code = errorCode(error);
	return code === 'ECONNREFUSED'
		? {code: 'REFUSED', message: 'Expected the peer to take the connection.'}
		: {code: 'UNREACHABLE', message: `Expected a connection, got ${code}.`};
}
