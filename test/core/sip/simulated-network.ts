import {createHash} from 'node:crypto';
import {
	type LayerOutput,
	type SipTarget,
	TransactionLayer,
	type TransactionLayerOptions,
} from '#dist/core/sip/index.js';
import type {SipMessage, SipRequest} from '#dist/wire/sip/message.js';
import {parseSipMessage} from '#dist/wire/sip/parse-message.js';
import {writeSipMessage} from '#dist/wire/sip/write-message.js';

/** Numbers from 0 to 1 that a seed fixes (mulberry32). */
export function seededRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d_2b_79_f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Octets that a name fixes, never the same twice. */
export function seededOctets(name: string): (octets: number) => Uint8Array {
	let count = 0;
	return (octets) => createHash('sha256').update(`${name} ${++count}`).digest().subarray(0, octets);
}

export type Weather = {
	readonly loss?: number;
	readonly duplication?: number;
	/** Each datagram takes from 10 ms to this long. */
	readonly delayMs?: number;
	/** Drops what it says true for, after the dice. */
	readonly drop?: (message: SipMessage, from: string) => boolean;
};

type Delivery = {readonly atMs: number; readonly to: string; readonly run: () => void};

export class Node {
	readonly layer: TransactionLayer;
	readonly address: string;
	readonly port = 5060;
	/** All that the layer said, but for `send`. */
	readonly said: Exclude<LayerOutput, {kind: 'send'}>[] = [];
	/** All that it sent. */
	readonly sent: SipMessage[] = [];
	on: (output: Exclude<LayerOutput, {kind: 'send'}>) => void = () => {};

	constructor(name: string, address: string, options: Partial<TransactionLayerOptions>) {
		this.address = address;
		this.layer = new TransactionLayer({
			random: seededOctets(name),
			sentBy: () => ({address, port: 5060}),
			...options,
		});
	}

	target(transport: 'udp' | 'tcp'): SipTarget {
		return {transport, address: this.address, port: this.port};
	}

	saidKinds(): string[] {
		return this.said.map((output) => (output.kind === 'response' ? `response ${output.response.status}` : output.kind));
	}
}

/** Layers that talk to one another in memory, with a manual clock and dice for the network. */
export class SimulatedNetwork {
	nowMs = 0;
	readonly #nodes = new Map<string, Node>();
	readonly #dice: () => number;
	readonly #weather: Weather;
	#deliveries: Delivery[] = [];

	constructor(seed: number, weather: Weather = {}) {
		this.#dice = seededRandom(seed);
		this.#weather = weather;
	}

	add(name: string, address: string, options: Partial<TransactionLayerOptions> = {}): Node {
		const node = new Node(name, address, options);
		this.#nodes.set(address, node);
		return node;
	}

	/** Runs `action` at a time, as another delivery. */
	at(atMs: number, action: () => void): void {
		this.#deliveries.push({atMs, to: '', run: action});
	}

	/** Lets time pass until nothing is left to do, or until `limitMs`. */
	run(limitMs = Number.POSITIVE_INFINITY): void {
		for (;;) {
			this.drain();
			const next = this.#nextAtMs();
			if (next === Number.POSITIVE_INFINITY || next > limitMs) {
				this.nowMs = Number.isFinite(limitMs) ? Math.max(this.nowMs, limitMs) : this.nowMs;
				return;
			}

			this.nowMs = Math.max(this.nowMs, next);
			const due = this.#deliveries.filter(({atMs}) => atMs <= this.nowMs).sort((a, b) => a.atMs - b.atMs);
			this.#deliveries = this.#deliveries.filter(({atMs}) => atMs > this.nowMs);
			for (const {run} of due) {
				run();
				this.drain();
			}

			for (const node of this.#nodes.values()) {
				node.layer.advance(this.nowMs);
			}
		}
	}

	drain(): void {
		for (const node of this.#nodes.values()) {
			for (let output = node.layer.poll(); output; output = node.layer.poll()) {
				if (output.kind === 'send') {
					node.sent.push(output.message);
					this.#carry(node, output.message, output.target);
				} else {
					node.said.push(output);
					node.on(output);
				}
			}
		}
	}

	#nextAtMs(): number {
		const times = [...this.#nodes.values()].map(({layer}) => layer.waitUntil);
		return Math.min(Number.POSITIVE_INFINITY, ...times, ...this.#deliveries.map(({atMs}) => atMs));
	}

	#carry(from: Node, message: SipMessage, target: SipTarget): void {
		const to = this.#nodes.get(target.address);
		const octets = writeSipMessage(message);
		const isDatagram = target.transport === 'udp';
		const {loss = 0, duplication = 0, delayMs = 10, drop} = this.#weather;
		const copies = isDatagram && this.#dice() < duplication ? 2 : 1;
		for (let copy = 0; copy < copies; copy++) {
			if (!to || (isDatagram && this.#dice() < loss) || drop?.(message, from.address)) {
				continue;
			}

			const atMs = this.nowMs + 10 + (isDatagram ? this.#dice() * (delayMs - 10) : 0);
			this.#deliveries.push({
				atMs,
				to: target.address,
				run: () => {
					const parsed = parseSipMessage(octets);
					if (!parsed.ok) {
						throw new Error(`unreadable: ${parsed.failure.message}\n${octets.toString()}`);
					}

					const {transport} = target;
					const local = {address: to.address, port: 5060};
					to.layer.receive(parsed.value, {transport, address: from.address, port: 5060, local}, this.nowMs);
				},
			});
		}
	}
}

export function sipRequest(
	method: string,
	parts: {from?: string; to?: string; callId?: string; sequence?: number; body?: string} = {},
): SipRequest {
	const body = Buffer.from(parts.body ?? '');
	return {
		kind: 'request',
		method,
		uri: 'sip:alice@192.0.2.2',
		headers: [
			{name: 'From', value: parts.from ?? '<sip:bob@example.com>;tag=bob1'},
			{name: 'To', value: parts.to ?? '<sip:alice@example.com>'},
			{name: 'Call-ID', value: parts.callId ?? 'call-1@example.com'},
			{name: 'CSeq', value: `${parts.sequence ?? 1} ${method}`},
			{name: 'Contact', value: '<sip:bob@192.0.2.1>'},
		],
		body,
	};
}
