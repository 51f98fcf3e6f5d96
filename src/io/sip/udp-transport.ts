import {createSocket, type RemoteInfo, type Socket} from 'node:dgram';
import {EventEmitter, once} from 'node:events';
import {isIP, isIPv6} from 'node:net';
import {SallyportError} from '../../base/error.js';
import {fail, ok, type Result} from '../../base/result.js';
import {formatHostPort, type SipAddress, type SipTarget} from '../../core/sip/hop.js';
import {parseSipMessage} from '../../wire/sip/parse-message.js';
import {
	type Admit,
	newTransportCounters,
	type SipTransport,
	type SipTransportEvents,
	type SipTransportFailure,
} from './sip-transport.js';

/** SIP in datagrams (RFC 3261 §18): one message each, answered to where the layer says. */
export class UdpTransport extends EventEmitter<SipTransportEvents> implements SipTransport {
	readonly transport = 'udp';
	readonly connections = 0;
	readonly local: SipAddress;
	readonly counters = newTransportCounters();
	readonly #socket: Socket;
	readonly #admit: Admit;
	#isClosed = false;

	private constructor(socket: Socket, admit: Admit) {
		super();
		const {address, port} = socket.address();
		this.local = {address, port};
		this.#socket = socket;
		this.#admit = admit;
		socket.on('message', (bytes, from) => this.#receive(bytes, from));
		// What ICMP reports about an earlier datagram names no message; the timers find out.
		socket.on('error', () => this.counters.failedSends++);
	}

	/** Rejects with `SIP_LISTEN_FAILED` where the address cannot be had. */
	static async open({address, port}: SipAddress, admit: Admit): Promise<UdpTransport> {
		const socket = createSocket({type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address)});
		try {
			const listening = once(socket, 'listening');
			socket.bind({address, port, exclusive: true});
			await listening;
		} catch (error) {
			socket.close();
			throw new SallyportError(
				'SIP_LISTEN_FAILED',
				`Expected to listen on UDP ${formatHostPort(address, port)}, got ${errorCode(error)}.`,
				{cause: error},
			);
		}

		return new UdpTransport(socket, admit);
	}

	send(bytes: Uint8Array, {address, port}: SipTarget): Promise<Result<void, SipTransportFailure>> {
		if (this.#isClosed || isIP(address) === 0) {
			this.counters.failedSends++;
			return Promise.resolve(
				this.#isClosed
					? fail('CLOSED', 'Expected an open socket.')
					: fail('UNREACHABLE', 'Expected a numeric address.'),
			);
		}

		return new Promise((resolve) => {
			this.#socket.send(bytes, port, address, (error) => {
				this.counters[error ? 'failedSends' : 'sent']++;
				resolve(error ? fail('UNREACHABLE', `Expected the datagram to go, got ${errorCode(error)}.`) : ok(undefined));
			});
		});
	}

	async close(): Promise<void> {
		if (!this.#isClosed) {
			this.#isClosed = true;
			await new Promise<void>((resolve) => {
				this.#socket.close(resolve);
			});
		}
	}

	#receive(bytes: Buffer, {address, port}: RemoteInfo): void {
		const source = {transport: 'udp', address, port, local: this.local} as const;
		if (isKeepAlive(bytes)) {
			this.counters.keepAlives++;
		} else if (this.#admit(source, 'message')) {
			const parsed = parseSipMessage(bytes);
			if (parsed.ok) {
				this.counters.received++;
				this.emit('message', parsed.value, source);
			} else {
				this.counters.malformed++;
				this.emit('malformed', parsed.failure, source);
			}
		} else {
			this.counters.refused++;
		}
	}
}

/** Code of an error of the system, such as `ECONNREFUSED`. */
export function errorCode(error: unknown): string {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'an error';
}

/** Phones behind NAT send CRLF, CRLF CRLF, or a few zeros to keep their binding. */
function isKeepAlive(bytes: Uint8Array): boolean {
	return bytes.length <= 4 && bytes.every((octet) => octet === 0x0d || octet === 0x0a || octet === 0);
}
