import {randomBytes} from 'node:crypto';
import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import {header, headerValues} from '../../../wire/sip/headers.js';
import type {SipMessage, SipRequest, SipResponse} from '../../../wire/sip/message.js';
import {parseSipMessage} from '../../../wire/sip/parse-message.js';
import {makeResponse} from '../../../wire/sip/response.js';
import {parseVia} from '../../../wire/sip/via.js';
import {writeSipMessage} from '../../../wire/sip/write-message.js';

export type WireAddress = {readonly address: string; readonly port: number};

/** A request of the gateway that came to a party, with the means to answer it. */
export type ReceivedRequest = {readonly request: SipRequest; respond(status: number, reason: string): void};

/** What came back for octets that were sent: all responses with their branch, in order. */
export type Exchange = {
	readonly responses: readonly SipResponse[];
	/** The first final response; undefined where none comes in time. */
	final(timeoutMs: number): Promise<SipResponse | undefined>;
};

/**
 * Whoever sends a scenario's messages: a UDP socket without transactions of its own. It sends octets as they are and
 * once, and answers what the gateway asks: 200 to everything but INVITE, which waits for `nextInvite`.
 */
export class WireParty {
	readonly address: WireAddress;
	readonly #socket: Socket;
	readonly #exchanges = new Map<string, Set<(response: SipResponse) => void>>();
	readonly #invites: ReceivedRequest[] = [];
	#onInvite: (invite: ReceivedRequest) => void = (invite) => this.#invites.push(invite);

	private constructor(socket: Socket, address: WireAddress) {
		this.#socket = socket;
		this.address = address;
		socket.on('message', (octets, {address: from, port}) => this.#receive(octets, {address: from, port}));
		// Nobody there any more: what was asked gets no answer.
		socket.on('error', () => {});
	}

	/** Where the port is taken on this machine, another one serves: no response depends on its number. */
	static async open({address, port}: WireAddress): Promise<WireParty> {
		const socket = await bind(address, port).catch(() => bind(address, 0));
		const bound = socket.address();
		return new WireParty(socket, {address: bound.address, port: bound.port});
	}

	/** Sends a request, whose branch and method its responses have. */
	exchange(octets: Uint8Array, request: SipRequest, to: WireAddress): Exchange {
		const responses: SipResponse[] = [];
		let settle = (_: SipResponse): void => {};
		const settled = new Promise<SipResponse>((resolve) => {
			settle = resolve;
		});
		const key = keyOf(request);
		const listeners = this.#exchanges.get(key) ?? new Set();
		this.#exchanges.set(key, listeners);
		listeners.add((response) => {
			responses.push(response);
			if (response.status >= 200) {
				settle(response);
			}
		});
		this.send(octets, to);
		return {
			responses,
			final: (timeoutMs) => inTime(settled, timeoutMs),
		};
	}

	/** Asks and waits for the final response. */
	ask(request: SipRequest, to: WireAddress, timeoutMs = patienceMs): Promise<SipResponse | undefined> {
		return this.exchange(writeSipMessage(request), request, to).final(timeoutMs);
	}

	send(octets: Uint8Array, to: WireAddress): void {
		this.#socket.send(octets, to.port, to.address);
	}

	/** Resolves when the gateway has dealt with all that was sent before: datagrams of one socket come in order. */
	async settle(to: WireAddress): Promise<void> {
		await this.ask(this.request('OPTIONS', `sip:${to.address}:${to.port}`), to, 5000);
	}

	/** A request outside a dialog, or in the one whose headers are given. */
	request(
		method: string,
		uri: string,
		headers: Readonly<Record<string, string>> = {},
		branch = `z9hG4bK${randomBytes(12).toString('hex')}`,
	): SipRequest {
		const {address, port} = this.address;
		const tag = randomBytes(8).toString('hex');
		const all = {
			Via: `SIP/2.0/UDP ${address}:${port};branch=${branch};rport`,
			'Max-Forwards': '70',
			From: `<sip:conformance@${address}>;tag=${tag}`,
			To: `<${uri}>`,
			'Call-ID': `${randomBytes(12).toString('hex')}@${address}`,
			CSeq: `1 ${method}`,
			Contact: `<sip:conformance@${address}:${port}>`,
			...headers,
		};
		return {
			kind: 'request',
			method,
			uri,
			headers: Object.entries(all).map(([name, value]) => ({name, value})),
			body: new Uint8Array(),
		};
	}

	/** The next INVITE of the gateway that nobody has taken; undefined where none comes in time. */
	async nextInvite(timeoutMs = patienceMs): Promise<ReceivedRequest | undefined> {
		const waiting = this.#invites.shift();
		if (waiting !== undefined) {
			return waiting;
		}

		const coming = new Promise<ReceivedRequest>((resolve) => {
			this.#onInvite = resolve;
		});
		const invite = await inTime(coming, timeoutMs);
		this.#onInvite = (later) => this.#invites.push(later);
		return invite;
	}

	close(): void {
		this.#socket.close();
	}

	#receive(octets: Uint8Array, from: WireAddress): void {
		const parsed = parseSipMessage(octets);
		if (!parsed.ok) {
			return;
		}

		const message = parsed.value;
		if (message.kind === 'response') {
			for (const listener of this.#exchanges.get(keyOf(message)) ?? []) {
				listener(message);
			}
		} else if (message.method === 'INVITE') {
			this.#onInvite({request: message, respond: (status, reason) => this.#respond(message, from, status, reason)});
		} else if (message.method !== 'ACK') {
			this.#respond(message, from, 200, 'OK');
		}
	}

	#respond(request: SipRequest, to: WireAddress, status: number, reason: string): void {
		this.send(writeSipMessage(makeResponse(request, status, reason)), to);
	}
}

/** What joins a response to its request: the topmost branch and the method. */
function keyOf(message: SipMessage): string {
	const via = parseVia(headerValues(message, 'Via')[0] ?? '');
	const method = header(message, 'CSeq')?.split(/\s+/)[1] ?? '';
	return `${via.ok ? via.value.branch : ''} ${method}`;
}

async function bind(address: string, port: number): Promise<Socket> {
	const socket = createSocket('udp4');
	const listening = once(socket, 'listening');
	socket.bind(port, address);
	try {
		await listening;
	} catch (error) {
		socket.close();
		throw error;
	}

	return socket;
}

export async function inTime<Value>(coming: Promise<Value>, timeoutMs: number): Promise<Value | undefined> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<undefined>((resolve) => {
		timer = setTimeout(resolve, timeoutMs, undefined);
	});
	try {
		return await Promise.race([coming, late]);
	} finally {
		clearTimeout(timer);
	}
}

const patienceMs = 20_000;
