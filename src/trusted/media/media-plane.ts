import {EventEmitter} from 'node:events';
import {SallyportError} from '../../base/error.js';
import {loadAddon} from './addon.js';
import {expectArray, expectChoice, expectInteger, expectName, expectObject} from './argument-checks.js';
import {checkCodecs, type LegSettings, toNativeLegSettings} from './leg-settings.js';
import type {
	NativeEvent,
	NativeLegStatistics,
	NativeMediaPlane,
	NativeMediaPlaneClass,
	NativeMessage,
	NativePorts,
	NativeReply,
} from './native-media-plane.js';
import type {LegIndex, MediaPlaneEvents, RelayId} from './plane-events.js';
import {
	type AddressFamily,
	aliasesOf,
	type CheckedPlaneOptions,
	checkPlaneOptions,
	type MediaInterface,
	type MediaPlaneOptions,
} from './plane-options.js';
import {type MediaPlaneReport, makePlaneReport} from './plane-report.js';
import {PortsExhaustedNotice} from './ports-exhausted-notice.js';
import type {LegPorts, LegStatistics, PayloadCodec} from './protocol.js';
import {type StreamContext, toStreamStatistics} from './stream-statistics.js';

/** Where a leg is to be. */
export type LegPlace = {
	/** Name of an interface. @default the first interface */
	readonly interface?: string;
	/** Which address of the interface. @default the one named first */
	readonly family?: AddressFamily;
	/** `pair`: an even RTP port and the odd RTCP port above it. `mux`: one port for both (RFC 5761). @default 'pair' */
	readonly rtcp?: 'pair' | 'mux';
};

export type CreatedRelay = {readonly relay: RelayId; readonly legs: readonly [LegPorts, LegPorts]};
/** By `LegIndex`. */
export type RelayStatistics = readonly [Omit<LegStatistics, 'leg'>, Omit<LegStatistics, 'leg'>];

type CheckedPlace = {readonly interface: MediaInterface; readonly rtcp: 'pair' | 'mux'};

type Pending = {
	readonly settle: (reply: NativeReply) => void;
	readonly reject: (error: SallyportError) => void;
};

/**
 * Relays that carry RTP and RTCP between two legs each, on native threads of their own (DESIGN §3.6).
 * A relay lives on the thread that had fewest when it was made. An open plane keeps the process alive.
 */
export class MediaPlane extends EventEmitter<MediaPlaneEvents> {
	/** What was chosen and granted at the start. */
	readonly report: MediaPlaneReport;
	readonly #native: NativeMediaPlane;
	readonly #options: CheckedPlaneOptions;
	readonly #relays = new Map<RelayId, readonly [LegPorts, LegPorts]>();
	/** What each leg's peer may send, by the last settings. */
	readonly #codecs = new Map<RelayId, [readonly PayloadCodec[], readonly PayloadCodec[]]>();
	readonly #pending = new Map<number, Pending>();
	readonly #exhausted = new PortsExhaustedNotice((event) => this.emit('ports-exhausted', event));
	#lastRequest = 0;
	#lastRelay = 0;
	#isClosed = false;

	/** Starts the threads. Throws `SallyportError` `POLLER_REFUSED` or `CPU_NOT_AVAILABLE` when the system does not grant them. */
	static open(options: MediaPlaneOptions): MediaPlane {
		return new MediaPlane(checkPlaneOptions(options));
	}

	private constructor(options: CheckedPlaneOptions) {
		super();
		this.#options = options;
		const {interfaces, workers, cpus, portCoolDownMs, dscp} = options;
		const native = {
			interfaces: interfaces.map((each) => ({
				address: each.address,
				aliases: aliasesOf(each),
				firstPort: each.ports[0],
				lastPort: each.ports[1],
			})),
			workers,
			processors: cpus,
			portCoolDownMs,
			dscp,
		};
		const addon = loadAddon<{MediaPlane: NativeMediaPlaneClass}>();
		this.#native = named(() => new addon.MediaPlane(native, (message) => this.#onMessage(message)));
		this.report = makePlaneReport(options, this.#native.readLimits());
	}

	/** Relays that are there now. */
	get size(): number {
		return this.#relays.size;
	}

	/** Relays by worker; ports that are bound or rest, by interface as in `report`. */
	get load(): {readonly relays: readonly number[]; readonly unavailablePorts: readonly number[]} {
		this.#demandOpen();
		return this.#native.load();
	}

	/**
	 * Binds the ports of two legs. They take no packet before they are configured.
	 * Rejects with `TOO_MANY_RELAYS`, `UNKNOWN_INTERFACE`, `PORTS_EXHAUSTED`, `ADDRESS_NOT_AVAILABLE`, `TOO_MANY_SOCKETS`,
	 * `PORT_NOT_PERMITTED` or `SOCKET_FAILED`.
	 */
	async createRelay(legs: readonly [LegPlace, LegPlace]): Promise<CreatedRelay> {
		const [first, second] = expectArray('legs', legs, 2, 2);
		const places = [this.#checkPlace('legs[0]', first), this.#checkPlace('legs[1]', second)] as const;
		this.#demandOpen();
		const {maxRelays} = this.#options;
		if (this.#relays.size >= maxRelays) {
			throw new SallyportError('TOO_MANY_RELAYS', `Expected fewer than ${maxRelays} relays at one time.`);
		}

		const relay = ++this.#lastRelay as RelayId;
		const reply = this.#ask((request) => {
			const [portsOfFirst, portsOfSecond] = this.#bind(request, relay, places);
			this.#relays.set(relay, [
				toLegPorts(places[0].interface, portsOfFirst),
				toLegPorts(places[1].interface, portsOfSecond),
			]);
		});
		try {
			await reply;
		} catch (error) {
			this.#relays.delete(relay);
			this.#native.forgetRelay(relay);
			throw error;
		}

		return {relay, legs: this.#portsOf(relay)};
	}

	/**
	 * Puts settings in force for a leg, also while packets flow: ports and counters stay. Nothing is changed when it fails.
	 * The keys' slots are empty afterwards in any case. Rejects with `UNKNOWN_RELAY`, `KEY_SLOT_EMPTY`, `SESSION_REFUSED`
	 * (keys of different suites, MKIs missing or alike), `NO_SESSION` (there was none to `keep`), `OUTBOUND_KEY_REUSED`
	 * (another leg of the process protects or protected packets under it, whatever salt and suite) or
	 * `KEY_IN_BOTH_DIRECTIONS` (what this relay sends and what it receives would share a key); for the peer's address with
	 * `REMOTE_NOT_UNICAST` or `REMOTE_IS_OURSELVES` (a port of this relay, or of others that would send its packets back).
	 */
	async configureLeg(relay: RelayId, leg: LegIndex, settings: LegSettings): Promise<void> {
		const index = expectInteger('leg', leg, 0, 1);
		const {rtp, rtcp} = this.#portsOf(relay)[index === 0 ? 0 : 1];
		const native = toNativeLegSettings(settings, rtp.port === rtcp.port ? 'mux' : 'pair');
		const codecs = checkCodecs(settings.codecs);
		await this.#ask((request) => this.#native.configureLeg(request, relay, index, native));
		const known = this.#codecs.get(relay) ?? [[], []];
		this.#codecs.set(relay, index === 0 ? [codecs, known[1]] : [known[0], codecs]);
	}

	/** Counters of both legs. Rejects with `UNKNOWN_RELAY`. */
	async statistics(relay: RelayId): Promise<RelayStatistics> {
		const ports = this.#portsOf(relay);
		const reply = await this.#ask((request) => this.#native.readStatistics(request, relay));
		return toStatistics(ports, reply, this.#codecs.get(relay));
	}

	/** Closes the ports, wipes the keys and returns the last counters. Rejects with `UNKNOWN_RELAY`. */
	async destroyRelay(relay: RelayId): Promise<RelayStatistics> {
		const ports = this.#portsOf(relay);
		const reply = await this.#ask((request) => this.#native.destroyRelay(request, relay));
		const codecs = this.#codecs.get(relay);
		this.#relays.delete(relay);
		this.#codecs.delete(relay);
		return toStatistics(ports, reply, codecs);
	}

	/** Ends the thread with all its relays; ports are free on return. What was asked before rejects. Safe to call twice. */
	close(): void {
		if (this.#isClosed) {
			return;
		}

		this.#isClosed = true;
		this.#native.close();
		this.#relays.clear();
		this.#codecs.clear();
		for (const {reject} of this.#pending.values()) {
			reject(closedError());
		}

		this.#pending.clear();
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#checkPlace(where: string, place: unknown): CheckedPlace {
		const {interface: name, family, rtcp} = expectObject(where, place, ['interface', 'family', 'rtcp']);
		const {interfaces} = this.#options;
		const wanted = name === undefined ? interfaces[0]?.name : expectName(`${where}.interface`, name);
		const wantedFamily = family === undefined ? undefined : expectChoice(`${where}.family`, family, ['IPv4', 'IPv6']);
		const found = interfaces.find(
			(each) => each.name === wanted && (wantedFamily === undefined || each.family === wantedFamily),
		);
		if (found === undefined) {
			throw new SallyportError(
				'UNKNOWN_INTERFACE',
				`Expected the name of an interface${wantedFamily === undefined ? '' : ` that has ${wantedFamily}`} for \`${where}.interface\`.`,
			);
		}

		return {interface: found, rtcp: rtcp === undefined ? 'pair' : expectChoice(`${where}.rtcp`, rtcp, ['pair', 'mux'])};
	}

	#bind(
		request: number,
		relay: RelayId,
		places: readonly [CheckedPlace, CheckedPlace],
	): readonly [NativePorts, NativePorts] {
		const native = places.map(({interface: each, rtcp}) => ({
			interface: this.#options.interfaces.indexOf(each),
			rtcp,
		}));
		try {
			return this.#native.createRelay(request, relay, native);
		} catch (error) {
			if (error instanceof Error && 'code' in error && 'leg' in error && error.code === 'PORTS_EXHAUSTED') {
				this.#exhausted.note(places[error.leg === 0 ? 0 : 1].interface);
			}

			throw error;
		}
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

	#onEvent(native: NativeEvent): void {
		if (this.#isClosed) {
			return;
		}

		const {from} = native;
		const key = {relay: native.relay as RelayId, leg: native.leg === 0 ? 0 : 1} as const;
		const where = {...key, from};
		switch (native.event) {
			case 'wrong-source':
			case 'first-packet':
				this.emit(native.event, {...where, suppressed: native.suppressed});
				break;
			case 'source-learned':
			case 'source-moved': {
				const {channel, previous, authenticated} = native;
				this.emit(native.event, {...where, channel, previous, authenticated});
				break;
			}

			case 'dtls':
				this.emit('dtls', {...where, channel: native.channel, octets: native.octets});
				break;
			case 'zrtp':
				this.emit('zrtp', {...where, channel: native.channel});
				break;
			case 'rekey-due':
			case 'rtp-timeout':
			case 'rtcp-timeout':
				this.emit(native.event, key);
				break;
			case 'peer-key-expired':
				this.emit('key-expired', {...key, direction: 'inbound'});
				break;
			case 'own-key-expired':
				this.emit('key-expired', {...key, direction: 'outbound'});
				break;
		}
	}
}

function toLegPorts({address, advertisedAddress}: MediaInterface, {rtp, rtcp}: NativePorts): LegPorts {
	return {rtp: {address, port: rtp}, rtcp: {address, port: rtcp}, advertisedAddress};
}

function toStatistics(
	ports: readonly [LegPorts, LegPorts],
	reply: NativeReply,
	codecs: readonly [readonly PayloadCodec[], readonly PayloadCodec[]] = [[], []],
): RelayStatistics {
	const [first, second] = reply.statistics ?? [];
	if (first === undefined || second === undefined) {
		throw unknownRelay();
	}

	const [near, far] = [first.roundTripUs, second.roundTripUs];
	return [
		toLegStatistics(ports[0], first, {codecs: codecs[0], roundTripUs: near, otherRoundTripUs: far}),
		toLegStatistics(ports[1], second, {codecs: codecs[1], roundTripUs: far, otherRoundTripUs: near}),
	];
}

function toLegStatistics(
	local: LegPorts,
	native: NativeLegStatistics,
	context: StreamContext,
): Omit<LegStatistics, 'leg'> {
	return {
		local,
		received: {packets: native.receivedPackets, octets: native.receivedOctets},
		sent: {packets: native.sentPackets, octets: native.sentOctets},
		receivedRtcp: native.receivedRtcp,
		sentRtcp: native.sentRtcp,
		dropped: native.dropped,
		handled: native.handled,
		...(native.roundTripUs !== undefined && {roundTripMs: native.roundTripUs / 1000}),
		streams: toStreamStatistics(native, context),
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
