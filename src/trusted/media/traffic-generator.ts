import {SallyportError} from '../../base/error.js';
import {isSrtpSuiteName, type SrtpSuiteName} from '../../wire/sdes/suites.js';
import {loadAddon} from './addon.js';
import {expectAddress, expectArray, expectInteger, expectObject, expectTransportAddress} from './argument-checks.js';
import type {NativeParty, NativeTraffic, NativeTrafficGenerator, NativeTrafficReport} from './native-traffic.js';
import type {TransportAddress} from './protocol.js';
import {coded} from './srtp/master-key.js';

export type TrafficReport = NativeTrafficReport;

/** One end of a call as the generator plays it. Slots are those of `MasterKey.deposit()`; without one it is plain RTP. */
export type TrafficParty = {
	/** Where the relay listens for this party and what it sends to it from. */
	readonly relay: TransportAddress;
	/** Key of what the party sends. */
	readonly outbound?: {readonly slot: string};
	/** Key of what the party gets. */
	readonly inbound?: {readonly slot: string};
};

export type TrafficPlan = {
	/** As many as the generator was opened for. */
	readonly calls: readonly (readonly [caller: TrafficParty, callee: TrafficParty])[];
	/** Of each of the two streams of a call, 1 to 100000. @default 50 */
	readonly packetsPerSecond?: number;
	/** 1 to 32768, so that sequence numbers do not turn over (RFC 3550 §5.1). */
	readonly packetsPerStream: number;
	/** 0 to 1400. @default 160 */
	readonly payloadOctets?: number;
	/** 0 to 127. @default 0 */
	readonly payloadType?: number;
	/**
	 * Most packets on their way at one time, 1 to 65536: the next one waits until others came back, or until nothing did
	 * for 200 ms. With a rate beyond what the relay can do this is a flood in lockstep. @default no limit
	 */
	readonly maxInFlightPackets?: number;
};

const maxCalls = 10_000;
/** All packets of a run lie in memory before it begins. */
const maxPreparedOctets = 1024 ** 3;
/** What a packet takes beside its payload: header, tag and what the generator remembers of it. */
const octetsPerPacket = 64;
/** Enough that no receive buffer overflows, few enough that a system call carries several packets. */
const maxSocketPairs = 64;

/**
 * Plays caller and callee of many calls through a relay, on a native thread: all packets are made and protected first,
 * then sent evenly spaced; what comes back must authenticate, be unchanged and come from the relay. For soak tests and
 * the bench; latencies rest on the system's clock, which must not be set during a run.
 */
export class TrafficGenerator {
	readonly #native: NativeTrafficGenerator;
	readonly #localAddress: string;
	readonly #ports: readonly number[];
	readonly #calls: number;
	#stop: (() => void) | undefined;

	/** Binds sockets for 1 to 10000 calls. Throws `SallyportError` SOCKET_FAILED. */
	static open(options: {readonly localAddress: string; readonly calls: number}): TrafficGenerator {
		const {localAddress, calls} = expectObject('options', options, ['localAddress', 'calls']);
		return new TrafficGenerator(
			expectAddress('localAddress', localAddress),
			expectInteger('calls', calls, 1, maxCalls),
		);
	}

	private constructor(localAddress: string, calls: number) {
		const {TrafficGenerator: Native} = loadAddon<NativeTraffic>();
		this.#native = coded(() => new Native(localAddress, Math.min(calls, maxSocketPairs)));
		this.#localAddress = localAddress;
		this.#ports = this.#native.ports();
		this.#calls = calls;
	}

	/** Where the caller (0) or callee (1) of a call sends from and listens; calls share sockets. */
	address(call: number, party: 0 | 1): TransportAddress {
		const pair = expectInteger('call', call, 0, this.#calls - 1) % (this.#ports.length / 2);
		const port = this.#ports[2 * pair + expectInteger('party', party, 0, 1)];
		return {address: this.#localAddress, port: port ?? 0};
	}

	/**
	 * Makes and protects every packet of a plan, which blocks for about 2 µs each. The keys' slots are empty afterwards.
	 * Throws `SallyportError` KEY_SLOT_EMPTY, SESSION_REFUSED, TRAFFIC_NOT_READY during a run, TRAFFIC_CLOSED.
	 */
	prepare(plan: TrafficPlan): void {
		const {calls, packetsPerSecond, packetsPerStream, payloadOctets, payloadType, maxInFlightPackets} = expectObject(
			'plan',
			plan,
			['calls', 'packetsPerSecond', 'packetsPerStream', 'payloadOctets', 'payloadType', 'maxInFlightPackets'],
		);
		const parties = expectArray('calls', calls, this.#calls, this.#calls).map((call, index) => {
			const [caller, callee] = expectArray(`calls[${index}]`, call, 2, 2);
			return [toNative(`calls[${index}][0]`, caller), toNative(`calls[${index}][1]`, callee)] as const;
		});
		const packets = expectInteger('packetsPerStream', packetsPerStream, 1, 32_768);
		const octets = expectInteger('payloadOctets', payloadOctets ?? 160, 0, 1400);
		if (2 * parties.length * packets * (octets + octetsPerPacket) > maxPreparedOctets) {
			throw new RangeError(`Expected a plan that fits ${maxPreparedOctets} octets.`);
		}

		coded(() =>
			this.#native.prepare(
				parties,
				expectInteger('packetsPerSecond', packetsPerSecond ?? 50, 1, 100_000),
				packets,
				octets,
				expectInteger('payloadType', payloadType ?? 0, 0, 127),
				maxInFlightPackets === undefined ? 0 : expectInteger('maxInFlightPackets', maxInFlightPackets, 1, 65_536),
			),
		);
	}

	/**
	 * Sends what was prepared, once, and resolves when all of it came back or a second passed in silence.
	 * Rejects with `SallyportError` TRAFFIC_NOT_READY when nothing was prepared or a run is on, TRAFFIC_CLOSED when the
	 * generator is closed meanwhile, POLLER_REFUSED when the system grants no epoll.
	 */
	async run(): Promise<TrafficReport> {
		return new Promise((resolve, reject) => {
			coded(() =>
				this.#native.run((report) => {
					if (report === undefined) {
						reject(new SallyportError('POLLER_REFUSED', 'Expected the system to grant an epoll and a timer.'));
					} else {
						resolve(report);
					}
				}),
			);
			this.#stop = () => reject(new SallyportError('TRAFFIC_CLOSED', 'Expected an open traffic generator.'));
		});
	}

	/** Stops a run and closes the sockets. Safe to call twice. */
	close(): void {
		this.#native.close();
		this.#stop?.();
	}

	[Symbol.dispose](): void {
		this.close();
	}
}

/**
 * CPU time in nanoseconds that SRTP takes for one packet in a native loop over 1 to 32768 packets, each of which is
 * opened again and compared. Throws `SallyportError` TRAFFIC_NOT_READY when a packet was refused or came out changed.
 */
export function timeProtection(options: {
	readonly suite: SrtpSuiteName;
	/** 0 to 1400. */
	readonly payloadOctets: number;
	readonly packets: number;
}): {readonly protectNs: number; readonly unprotectNs: number} {
	const {suite, payloadOctets, packets} = expectObject('options', options, ['suite', 'payloadOctets', 'packets']);
	if (typeof suite !== 'string' || !isSrtpSuiteName(suite)) {
		throw new TypeError('Expected the name of an SRTP suite for `suite`.');
	}

	const timing = loadAddon<NativeTraffic>().timeProtection(
		suite,
		expectInteger('payloadOctets', payloadOctets, 0, 1400),
		expectInteger('packets', packets, 1, 32_768),
	);
	if (timing === undefined) {
		throw new SallyportError('TRAFFIC_NOT_READY', 'Expected every packet to come out as it went in.');
	}

	return timing;
}

function toNative(name: string, party: unknown): NativeParty {
	const {relay, outbound, inbound} = expectObject(name, party, ['relay', 'outbound', 'inbound']);
	return {
		relay: expectTransportAddress(`${name}.relay`, relay),
		...(outbound !== undefined && {outbound: slotOf(`${name}.outbound`, outbound)}),
		...(inbound !== undefined && {inbound: slotOf(`${name}.inbound`, inbound)}),
	};
}

function slotOf(name: string, key: unknown): string {
	const {slot} = expectObject(name, key, ['slot']);
	if (typeof slot !== 'string' || !/^[0-9a-f]{32}$/.test(slot)) {
		throw new TypeError(`Expected 32 hexadecimal digits for \`${name}.slot\`.`);
	}

	return slot;
}
