import {EventEmitter} from 'node:events';
import type {Brand} from '../../base/brand.js';
import {SallyportError} from '../../base/error.js';
import {loadAddon} from './addon.js';
import {expectAddress, expectArray, expectInteger, expectObject} from './argument-checks.js';
import {type LegSettings, toNativeLegSettings} from './leg-settings.js';
import type {
	NativeEvent,
	NativeLegStatistics,
	NativeMediaWorker,
	NativeMediaWorkerClass,
	NativeMessage,
	NativeReply,
} from './native-media-worker.js';
import type {LegStatistics, TransportAddress} from './protocol.js';

/** A relay of one plane; never used twice by it. */
export type RelayId = Brand<number, 'RelayId'>;
/** Which of the two legs of a relay. */
export type LegIndex = 0 | 1;

export type MediaPlaneOptions = {
	/** UDP ports that legs may use, both ends included; an even one and the odd one above it each. @default [30000, 39999] */
	readonly portRange?: readonly [first: number, last: number];
	/** Relays at one time, 1 to 100000. @default 10000 */
	readonly maxRelays?: number;
};

/** Where a leg listens. */
export type LegPorts = {readonly rtp: TransportAddress; readonly rtcp: TransportAddress};
export type CreatedRelay = {readonly relay: RelayId; readonly legs: readonly [LegPorts, LegPorts]};
/** By `LegIndex`. */
export type RelayStatistics = readonly [Omit<LegStatistics, 'leg'>, Omit<LegStatistics, 'leg'>];

/** Something that a packet did on a leg. */
export type MediaPlaneEvent = {
	readonly relay: RelayId;
	readonly leg: LegIndex;
	readonly from: TransportAddress;
	/** How many more came since the last event of this kind on this leg. */
	readonly suppressed: number;
};

export type MediaPlaneEvents = {
	/** A packet from an address that may not send to the leg, at most once a second for each leg. */
	'wrong-source': [MediaPlaneEvent];
	/** The first RTP packet that a leg accepted since it was configured; authenticated where the leg has SRTP. */
	'first-packet': [MediaPlaneEvent];
	/** Four fifths of the lifetime of the key that we send under are used: once for each key (RFC 3711 §9.2). */
	'rekey-due': [MediaPlaneKeyEvent];
	/** A packet came after the end of a key's lifetime: of one of the peer's, or of ours. Once for each installation. */
	'key-expired': [MediaPlaneKeyEvent & {readonly direction: 'inbound' | 'outbound'}];
};

/** Something that is to say of a key; the key stays unsaid. */
export type MediaPlaneKeyEvent = {readonly relay: RelayId; readonly leg: LegIndex};

type Pending = {
	readonly settle: (reply: NativeReply) => void;
	readonly reject: (error: SallyportError) => void;
};

/**
 * Relays that carry RTP and RTCP between two legs each, on a native thread of their own (DESIGN §3.6).
 * An open plane keeps the process alive.
 */
export class MediaPlane extends EventEmitter<MediaPlaneEvents> {
	readonly #worker: NativeMediaWorker;
	readonly #portRange: readonly [number, number];
	readonly #maxRelays: number;
	readonly #relays = new Map<RelayId, readonly [LegPorts, LegPorts]>();
	readonly #pending = new Map<number, Pending>();
	#lastRequest = 0;
	#lastRelay = 0;
	#isClosed = false;

	/** Starts the thread. Throws `SallyportError` `POLLER_REFUSED` when the system grants none. */
	static open(options: MediaPlaneOptions = {}): MediaPlane {
		return new MediaPlane(options);
	}

	private constructor(options: MediaPlaneOptions) {
		super();
		const {portRange, maxRelays} = expectObject('options', options, ['portRange', 'maxRelays']);
		const [first, last] = portRange === undefined ? [30_000, 39_999] : expectArray('portRange', portRange, 2, 2);
		const checkedFirst = expectInteger('portRange[0]', first, 1, 65_535);
		this.#portRange = [checkedFirst, expectInteger('portRange[1]', last, checkedFirst, 65_535)];
		this.#maxRelays = maxRelays === undefined ? 10_000 : expectInteger('maxRelays', maxRelays, 1, 100_000);
		const {MediaWorker} = loadAddon<{MediaWorker: NativeMediaWorkerClass}>();
		this.#worker = named(() => new MediaWorker((message) => this.#onMessage(message)));
	}

	/** Relays that are there now. */
	get size(): number {
		return this.#relays.size;
	}

	/**
	 * Binds the ports of two legs. They take no packet before they are configured.
	 * Rejects with `TOO_MANY_RELAYS`, `PORTS_EXHAUSTED`, `ADDRESS_NOT_AVAILABLE`, `TOO_MANY_SOCKETS`,
	 * `PORT_NOT_PERMITTED` or `SOCKET_FAILED`.
	 */
	async createRelay(
		legs: readonly [{readonly localAddress: string}, {readonly localAddress: string}],
	): Promise<CreatedRelay> {
		const locals = expectArray('legs', legs, 2, 2).map((leg, index) => {
			const {localAddress} = expectObject(`legs[${index}]`, leg, ['localAddress']);
			return expectAddress(`legs[${index}].localAddress`, localAddress);
		});
		this.#demandOpen();
		if (this.#relays.size >= this.#maxRelays) {
			throw new SallyportError('TOO_MANY_RELAYS', `Expected fewer than ${this.#maxRelays} relays at one time.`);
		}

		const relay = ++this.#lastRelay as RelayId;
		const [firstPort, lastPort] = this.#portRange;
		const native = locals.map((localAddress) => ({localAddress, firstPort, lastPort}));
		let ports: readonly LegPorts[] = [];
		const reply = this.#ask((request) => {
			ports = this.#worker.createRelay(request, relay, native).map(({rtp, rtcp}, index) => ({
				rtp: {address: locals[index] ?? '', port: rtp},
				rtcp: {address: locals[index] ?? '', port: rtcp},
			}));
			this.#relays.set(relay, [ports[0] as LegPorts, ports[1] as LegPorts]);
		});
		try {
			await reply;
		} catch (error) {
			this.#relays.delete(relay);
			throw error;
		}

		return {relay, legs: this.#portsOf(relay)};
	}

	/**
	 * Puts settings in force for a leg, also while packets flow: ports and counters stay. Nothing is changed when it fails.
	 * The keys' slots are empty afterwards in any case. Rejects with `UNKNOWN_RELAY`, `KEY_SLOT_EMPTY`, `SESSION_REFUSED`
	 * (keys of different suites, MKIs missing or alike), `NO_SESSION` (there was none to `keep`), `OUTBOUND_KEY_REUSED`
	 * (another leg of the process protects or protected packets under it, whatever salt and suite) or
	 * `KEY_IN_BOTH_DIRECTIONS` (what this relay sends and what it receives would share a key).
	 */
	async configureLeg(relay: RelayId, leg: LegIndex, settings: LegSettings): Promise<void> {
		const index = expectInteger('leg', leg, 0, 1);
		const native = toNativeLegSettings(settings);
		this.#portsOf(relay);
		await this.#ask((request) => this.#worker.configureLeg(request, relay, index, native));
	}

	/** Counters of both legs. Rejects with `UNKNOWN_RELAY`. */
	async statistics(relay: RelayId): Promise<RelayStatistics> {
		const ports = this.#portsOf(relay);
		const reply = await this.#ask((request) => this.#worker.readStatistics(request, relay));
		return toStatistics(ports, reply);
	}

	/** Closes the ports, wipes the keys and returns the last counters. Rejects with `UNKNOWN_RELAY`. */
	async destroyRelay(relay: RelayId): Promise<RelayStatistics> {
		const ports = this.#portsOf(relay);
		const reply = await this.#ask((request) => this.#worker.destroyRelay(request, relay));
		this.#relays.delete(relay);
		return toStatistics(ports, reply);
	}

	/** Ends the thread with all its relays; ports are free on return. What was asked before rejects. Safe to call twice. */
	close(): void {
		if (this.#isClosed) {
			return;
		}

		this.#isClosed = true;
		this.#worker.close();
		this.#relays.clear();
		for (const {reject} of this.#pending.values()) {
			reject(closedError());
		}

		this.#pending.clear();
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#portsOf(relay: RelayId): readonly [LegPorts, LegPorts] {
		this.#demandOpen();
		const ports = this.#relays.get(relay);
		if (ports === undefined) {
			throw unknownRelay();
		}

		return ports;
	}

	#demandOpen(): void {
		if (this.#isClosed) {
			throw closedError();
		}
	}

	#ask(post: (request: number) => void): Promise<NativeReply> {
		const request = ++this.#lastRequest % 2 ** 32;
		named(() => post(request));
		return new Promise((resolve, reject) => {
			this.#pending.set(request, {settle: resolve, reject});
		});
	}

	#onMessage(message: NativeMessage): void {
		if ('event' in message) {
			this.#onEvent(message);
			return;
		}

		const pending = this.#pending.get(message.request);
		this.#pending.delete(message.request);
		if (message.code === undefined) {
			pending?.settle(message);
		} else {
			pending?.reject(new SallyportError(message.code, 'Expected the media worker to do as told, got a refusal.'));
		}
	}

	#onEvent({event, relay, leg, address, port, suppressed}: NativeEvent): void {
		if (this.#isClosed) {
			return;
		}

		const where = {relay: relay as RelayId, leg: leg === 0 ? 0 : 1} as const;
		switch (event) {
			case 'wrong-source':
			case 'first-packet':
				this.emit(event, {...where, from: {address, port}, suppressed});
				break;
			case 'rekey-due':
				this.emit(event, where);
				break;
			case 'peer-key-expired':
				this.emit('key-expired', {...where, direction: 'inbound'});
				break;
			case 'own-key-expired':
				this.emit('key-expired', {...where, direction: 'outbound'});
				break;
		}
	}
}

function toStatistics(ports: readonly [LegPorts, LegPorts], reply: NativeReply): RelayStatistics {
	const [first, second] = reply.statistics ?? [];
	if (first === undefined || second === undefined) {
		throw unknownRelay();
	}

	return [toLegStatistics(ports[0], first), toLegStatistics(ports[1], second)];
}

function toLegStatistics(local: LegPorts, native: NativeLegStatistics): Omit<LegStatistics, 'leg'> {
	return {
		local,
		received: {packets: native.receivedPackets, octets: native.receivedOctets},
		sent: {packets: native.sentPackets, octets: native.sentOctets},
		receivedRtcp: native.receivedRtcp,
		sentRtcp: native.sentRtcp,
		dropped: native.dropped,
	};
}

function unknownRelay(): SallyportError {
	return new SallyportError('UNKNOWN_RELAY', 'Expected a relay of this media plane that was not destroyed.');
}

function closedError(): SallyportError {
	return new SallyportError('MEDIA_PLANE_CLOSED', 'Expected an open media plane.');
}

/** Gives an error of the addon the class and the stack of ours; the code is the addon's. */
function named<Value>(action: () => Value): Value {
	try {
		return action();
	} catch (error) {
		if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
			throw new SallyportError(error.code, error.message, {cause: error});
		}

		throw error;
	}
}
