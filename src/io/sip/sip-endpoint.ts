import {randomBytes} from 'node:crypto';
import {EventEmitter} from 'node:events';
import {isIPv6} from 'node:net';
import {type Clock, systemClock} from '../../base/clock.js';
import {SallyportError} from '../../base/error.js';
import type {SipAddress, SipTarget, SipTransportName} from '../../core/sip/hop.js';
import type {LayerCounters, LayerOutput, TransactionId} from '../../core/sip/layer-output.js';
import {TransactionLayer, type TransactionLayerOptions} from '../../core/sip/transaction-layer.js';
import type {SipMessage, SipRequest} from '../../wire/sip/message.js';
import {writeSipMessage} from '../../wire/sip/write-message.js';
import {IncomingRequest} from './incoming-request.js';
import {openListeners, type SipListen, type SipListener} from './listeners.js';
import {OutgoingRequest} from './outgoing-request.js';
import type {Admit, SipTransport, SipTransportCounters, SipTransportFailure} from './sip-transport.js';
import type {TcpTransportLimits} from './tcp-transport.js';

export type SipEndpointOptions = Omit<TransactionLayerOptions, 'random' | 'sentBy'> & {
	/** At least one. */
	readonly listen: readonly SipListen[];
	/** @default the machine's cryptographic generator */
	readonly random?: (octets: number) => Uint8Array;
	/** @default the machine's own */
	readonly clock?: Clock;
	/** Asked for each connection and message before it is read. @default admits all */
	readonly admit?: Admit;
	readonly tcp?: Partial<TcpTransportLimits>;
};

export type SipEndpointEvents = {
	/** A new request; never ACK or CANCEL, which come as events of the request that they are about. */
	request: [incoming: IncomingRequest];
	/** Our bug: a listener of `request` threw (the request was answered 500), or a message could not be written. */
	failure: [error: unknown];
};

export type SipEndpointCounters = {
	readonly layer: Readonly<LayerCounters>;
	readonly transports: readonly (Readonly<SipTransportCounters> &
		SipAddress & {readonly transport: SipTransportName; readonly connections: number})[];
};

/**
 * A SIP element on real sockets: transactions, transports and the clock joined. Strangers' input and lost peers come
 * out as outcomes, events and counters; only wrong arguments throw.
 */
export class SipEndpoint extends EventEmitter<SipEndpointEvents> {
	readonly #listeners: readonly SipListener[];
	readonly #layer: TransactionLayer;
	readonly #clock: Clock;
	readonly #incoming = new Map<TransactionId, IncomingRequest>();
	readonly #outgoing = new Map<TransactionId, OutgoingRequest>();
	readonly #encoded = new WeakMap<SipMessage, Uint8Array>();
	#timer: NodeJS.Timeout | undefined;
	#timerAtMs = Number.POSITIVE_INFINITY;
	#isDraining = false;
	#isClosed = false;

	private constructor(listeners: readonly SipListener[], options: SipEndpointOptions) {
		super();
		const {clock = systemClock, random = randomBytes, listen: _, admit: __, tcp: ___, ...layerOptions} = options;
		this.#listeners = listeners;
		this.#clock = clock;
		this.#layer = new TransactionLayer({...layerOptions, random, sentBy: (target) => this.#sentBy(target)});
		for (const {transport} of listeners) {
			transport.on('message', (message, source) => {
				const nowMs = this.#nowMs;
				// What has run out by now is over, even where its timer is late or the clock has leapt.
				this.#layer.advance(nowMs);
				this.#layer.receive(message, source, nowMs);
				this.#drain();
			});
			transport.on('malformed', (failure, source) => {
				this.#layer.receiveMalformed(failure, source);
				this.#drain();
			});
		}
	}

	/** Rejects with `SIP_LISTEN_FAILED` where one of the addresses cannot be had; nothing is then left open. */
	static async open(options: SipEndpointOptions): Promise<SipEndpoint> {
		if (options.listen.length === 0) {
			throw new RangeError('Expected at least one address in `listen`, got none.');
		}

		return new SipEndpoint(await openListeners(options.listen, options.admit ?? (() => true), options.tcp), options);
	}

	/** First address that it is reached at by `transport`, as Via and Contact say it. Throws `RangeError` where there is none. */
	localAddress(transport: SipTransportName): SipAddress {
		const found = this.#listeners.find((candidate) => candidate.transport.transport === transport);
		if (!found) {
			throw new RangeError(`Expected a transport that is listened on, got ${transport}.`);
		}

		return found.advertised;
	}

	get counters(): SipEndpointCounters {
		const transports = this.#listeners.map(({transport: {transport, local, counters, connections}}) => ({
			transport,
			...local,
			...counters,
			connections,
		}));
		return {layer: {...this.#layer.counters}, transports};
	}

	/** Transactions that are held. */
	get transactions(): {readonly server: number; readonly client: number} {
		return this.#layer.size;
	}

	/** A fresh tag or Call-ID. */
	newTag(): string {
		return this.#layer.newTag();
	}

	/**
	 * Sends a request, complete but for Via. Not for ACK: see {@link OutgoingRequest.acknowledge}. A request for UDP of
	 * more than 1300 octets goes by TCP, and by UDP after all where TCP is refused (RFC 3261 §18.1.1).
	 */
	request(request: SipRequest, target: SipTarget): OutgoingRequest {
		if (request.method === 'ACK' || request.method === 'CANCEL') {
			throw new RangeError(`Expected a request that begins a transaction of ours, got ${request.method}.`);
		}

		if (this.#isClosed) {
			throw new SallyportError('SIP_ENDPOINT_CLOSED', 'Expected an open endpoint.');
		}

		const started = this.#layer.request(request, target, this.#nowMs);
		const outgoing = new OutgoingRequest(request, {
			cancel: () => {
				if (started.ok) {
					this.#layer.cancel(started.value, this.#nowMs);
					this.#drain();
				}
			},
			acknowledge: (ack, to) => started.ok && this.#acknowledge(started.value, ack, to),
		});
		if (started.ok) {
			this.#outgoing.set(started.value, outgoing);
		} else {
			queueMicrotask(() => outgoing.fail(started.failure.code, started.failure.message));
		}

		this.#drain();
		return outgoing;
	}

	/** Ends everything at once: outcomes that are awaited become `CLOSED`, and no handle is left. */
	async close(): Promise<void> {
		this.#isClosed = true;
		clearTimeout(this.#timer);
		for (const outgoing of this.#outgoing.values()) {
			outgoing.fail('CLOSED', 'Expected a response before the endpoint was closed.');
		}

		this.#outgoing.clear();
		this.#incoming.clear();
		await Promise.all(this.#listeners.map(({transport}) => transport.close()));
	}

	get #nowMs(): number {
		return this.#clock.monotonicMs();
	}

	#acknowledge(id: TransactionId, ack: SipRequest, target: SipTarget): boolean {
		const result = this.#layer.acknowledge(id, ack, target);
		this.#drain();
		return result.ok;
	}

	#listenerFor({transport: name, address, local}: SipTarget): SipListener | undefined {
		const fitting = this.#listeners.filter(
			({transport}) => transport.transport === name && isIPv6(transport.local.address) === isIPv6(address),
		);
		const exact = fitting.find(
			({transport}) => transport.local.address === local?.address && transport.local.port === local.port,
		);
		return exact ?? fitting[0];
	}

	#sentBy(target: SipTarget): SipAddress | undefined {
		return this.#listenerFor(target)?.advertised;
	}

	/** Does what the layer wants done. A listener that calls back in only adds to what the outer call drains. */
	#drain(): void {
		if (this.#isDraining || this.#isClosed) {
			return;
		}

		this.#isDraining = true;
		try {
			for (let output = this.#layer.poll(); output; output = this.#layer.poll()) {
				this.#perform(output);
			}
		} finally {
			this.#isDraining = false;
		}

		this.#setTimer();
	}

	#perform(output: LayerOutput): void {
		if (output.kind === 'send') {
			this.#send(output).catch((error: unknown) => this.emit('failure', error));
		} else if (output.kind === 'request') {
			this.#announce(output);
		} else if (output.kind === 'response') {
			this.#outgoing.get(output.transaction)?.receive(output.response);
		} else if (output.kind === 'ended') {
			this.#incoming.delete(output.transaction);
			this.#outgoing.delete(output.transaction);
		} else if (output.kind === 'ack') {
			const incoming = this.#incoming.get(output.transaction);
			this.#incoming.delete(output.transaction);
			incoming?.emit('ack', output.request);
		} else if (output.kind === 'timeout') {
			this.#outgoing.get(output.transaction)?.fail('TIMEOUT', 'Expected a final response in time.');
		} else if (output.kind === 'transport-error') {
			this.#incoming.get(output.transaction)?.emit('transport-error');
			this.#outgoing.get(output.transaction)?.fail('TRANSPORT_ERROR', 'Expected the peer to be reachable.');
		} else {
			this.#incoming.get(output.transaction)?.emit(output.kind);
		}
	}

	#announce({transaction, request, source, localTag}: Extract<LayerOutput, {kind: 'request'}>): void {
		const incoming = new IncomingRequest(request, source, localTag, (response) => {
			this.#encode(response);
			const isSent = this.#layer.respond(transaction, response, this.#nowMs);
			if (isSent && (response.status >= 300 || (response.status >= 200 && request.method !== 'INVITE'))) {
				// What a stranger sent is not held for as long as its retransmissions may come.
				this.#incoming.delete(transaction);
			}

			this.#drain();
			return isSent;
		});
		this.#incoming.set(transaction, incoming);
		try {
			if (!this.emit('request', incoming)) {
				incoming.respond(incoming.makeResponse(501, 'Not Implemented'));
			}
		} catch (error) {
			incoming.respond(incoming.makeResponse(500, 'Server Internal Error'));
			this.emit('failure', error);
		}
	}

	async #send({message, target, transaction}: Extract<LayerOutput, {kind: 'send'}>): Promise<void> {
		const transport = this.#listenerFor(target)?.transport;
		const failure: SipTransportFailure | undefined = transport
			? failureOf(await transport.send(this.#encode(message), target))
			: {code: 'UNREACHABLE', message: 'Expected a transport of that name and address family.'};
		if (failure && transaction !== undefined && !this.#isClosed) {
			this.#layer.transportError(transaction, failure.code === 'REFUSED', this.#nowMs);
			this.#drain();
		}
	}

	/** Octets of a message, kept for its retransmissions. Throws `TypeError` for one that cannot be written. */
	#encode(message: SipMessage): Uint8Array {
		const octets = this.#encoded.get(message) ?? writeSipMessage(message);
		this.#encoded.set(message, octets);
		return octets;
	}

	#setTimer(): void {
		const atMs = this.#layer.waitUntil;
		if (atMs === this.#timerAtMs) {
			return;
		}

		clearTimeout(this.#timer);
		this.#timerAtMs = atMs;
		if (atMs !== Number.POSITIVE_INFINITY) {
			this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, Math.ceil(atMs - this.#nowMs)));
		}
	}

	#onTimer(): void {
		this.#timerAtMs = Number.POSITIVE_INFINITY;
		this.#layer.advance(this.#nowMs);
		this.#drain();
	}
}

function failureOf(result: Awaited<ReturnType<SipTransport['send']>>): SipTransportFailure | undefined {
	return result.ok ? undefined : result.failure;
}
