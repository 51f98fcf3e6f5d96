import {randomBytes} from 'node:crypto';
import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {createConnection} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import type {CapturedDatagram} from '../../../wire/pcap/pcap-file.js';
import {header, withHeader, withHeaderFirst, withoutHeader} from '../../../wire/sip/headers.js';
import type {SipMessage, SipRequest, SipResponse} from '../../../wire/sip/message.js';
import {SipStreamReader} from '../../../wire/sip/stream-reader.js';
import {writeSipMessage} from '../../../wire/sip/write-message.js';

type Address = {readonly address: string; readonly port: number};

/** How Charles changes what he recorded before he sends it. The body is beyond his reach. */
export type Disguise = 'as recorded' | 'own Via' | 'own Via, Call-ID and tags';

/** What came back for an INVITE. */
export type Attempt = {
	/** As it was sent. */
	readonly invite: SipRequest;
	/** Undefined where nothing came in time. */
	readonly response: SipResponse | undefined;
};

/** SIP requests in octets of one direction of a TCP stream. */
export function requestsIn(octets: Uint8Array): SipRequest[] {
	const reader = new SipStreamReader();
	return reader
		.push(octets)
		.flatMap((event) => (event.kind === 'message' && event.message.kind === 'request' ? [event.message] : []));
}

/**
 * The attacker: has recorded packets and owns an address, no key. What he can do is send: SIP over TCP, datagrams by UDP.
 */
export class Charles {
	readonly #address: string;

	/** @param address Numeric, of this machine. */
	constructor(address: string) {
		this.#address = address;
	}

	/** Sends a recorded INVITE and waits for its final answer, at most `timeoutMs`; acknowledges a 200. */
	async replayInvite(
		recorded: SipRequest,
		to: Address,
		disguise: Disguise,
		timeoutMs = 5000,
	): Promise<Attempt & {hangUp(): Promise<void>}> {
		const invite = this.#disguised(recorded, disguise);
		const line = await SipLine.open(this.#address, to);
		const response = await line.ask(invite, timeoutMs);
		if (response !== undefined && response.status < 300) {
			line.send(this.#inDialog('ACK', invite, response));
		}

		const hangUp = async (): Promise<void> => {
			if (response !== undefined && response.status < 300) {
				await line.ask(this.#inDialog('BYE', invite, response), timeoutMs);
			}

			line.close();
		};

		if (response === undefined || response.status >= 300) {
			line.close();
		}

		return {invite, response, hangUp};
	}

	/** Plays recorded datagrams to an address at the pace in which they were recorded. Resolves with their number. */
	async play(recorded: readonly CapturedDatagram[], to: (recorded: CapturedDatagram) => Address): Promise<number> {
		const socket = createSocket('udp4');
		socket.bind(0, this.#address);
		await once(socket, 'listening');
		const startedMs = performance.now();
		const firstMs = recorded[0]?.timeMs ?? 0;
		for (const datagram of recorded) {
			const waitMs = datagram.timeMs - firstMs - (performance.now() - startedMs);
			if (waitMs > 1) {
				await delay(waitMs);
			}

			const {address, port} = to(datagram);
			await new Promise<void>((resolve) => {
				socket.send(datagram.payload, port, address, () => {
					resolve();
				});
			});
		}

		socket.close();
		return recorded.length;
	}

	#disguised(recorded: SipRequest, disguise: Disguise): SipRequest {
		if (disguise === 'as recorded') {
			return recorded;
		}

		const via = `SIP/2.0/TCP ${this.#address}:5060;branch=z9hG4bK${randomBytes(8).toString('hex')}`;
		const rerouted = withHeaderFirst(withoutHeader(recorded, 'Via'), 'Via', via);
		if (disguise === 'own Via') {
			return rerouted;
		}

		const from = header(rerouted, 'From')?.replace(/;tag=[^;]*/, '') ?? '';
		const renamed = withHeader(rerouted, 'From', `${from};tag=${randomBytes(6).toString('hex')}`);
		return withHeader(renamed, 'Call-ID', `${randomBytes(8).toString('hex')}@${this.#address}`);
	}

	#inDialog(method: 'ACK' | 'BYE', invite: SipRequest, response: SipResponse): SipRequest {
		const sequence = Number.parseInt(header(invite, 'CSeq') ?? '1', 10);
		const via = `SIP/2.0/TCP ${this.#address}:5060;branch=z9hG4bK${randomBytes(8).toString('hex')}`;
		return {
			kind: 'request',
			method,
			uri: /<([^>]+)>/.exec(header(response, 'Contact') ?? '')?.[1] ?? invite.uri,
			headers: [
				{name: 'Via', value: via},
				{name: 'Max-Forwards', value: '70'},
				{name: 'From', value: header(invite, 'From') ?? ''},
				{name: 'To', value: header(response, 'To') ?? ''},
				{name: 'Call-ID', value: header(invite, 'Call-ID') ?? ''},
				{name: 'CSeq', value: `${method === 'ACK' ? sequence : sequence + 1} ${method}`},
			],
			body: new Uint8Array(),
		};
	}
}

/** One TCP connection that speaks SIP. */
class SipLine {
	readonly #socket: ReturnType<typeof createConnection>;
	readonly #reader = new SipStreamReader();
	readonly #waiting = new Set<(message: SipMessage) => void>();

	private constructor(socket: ReturnType<typeof createConnection>) {
		this.#socket = socket;
		socket.on('error', () => socket.destroy());
		socket.on('data', (octets: Buffer) => {
			for (const event of this.#reader.push(octets)) {
				if (event.kind === 'message') {
					for (const take of this.#waiting) {
						take(event.message);
					}
				}
			}
		});
	}

	static async open(from: string, to: Address): Promise<SipLine> {
		const socket = createConnection({host: to.address, port: to.port, localAddress: from});
		await once(socket, 'connect');
		return new SipLine(socket);
	}

	send(message: SipRequest): void {
		this.#socket.write(writeSipMessage(message));
	}

	/** The final response to `request`; undefined where none comes in time. */
	async ask(request: SipRequest, timeoutMs: number): Promise<SipResponse | undefined> {
		let take = (_: SipMessage): void => {};
		const timeout = new AbortController();
		const answered = new Promise<SipResponse>((resolve) => {
			take = (message) => {
				if (
					message.kind === 'response' &&
					message.status >= 200 &&
					header(message, 'CSeq') === header(request, 'CSeq')
				) {
					resolve(message);
				}
			};
		});
		this.#waiting.add(take);
		this.send(request);
		const response = await Promise.race([
			answered,
			delay(timeoutMs, undefined, {signal: timeout.signal}).catch(() => undefined),
		]);
		timeout.abort();
		this.#waiting.delete(take);
		return response;
	}

	close(): void {
		this.#socket.destroy();
	}
}
