import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import type {TransportAddress} from './protocol.js';

/**
 * The addon's `TrafficGenerator` and `timeProtection` (native/binding/traffic-binding.h). They check nothing:
 * `traffic-generator.ts` does that first.
 */
export type NativeTraffic = {
	readonly TrafficGenerator: new (localAddress: string, pairs: number) => NativeTrafficGenerator;
	timeProtection(
		suite: SrtpSuiteName,
		payloadOctets: number,
		packets: number,
	): {readonly protectNs: number; readonly unprotectNs: number} | undefined;
};

export type NativeTrafficGenerator = {
	/** Caller, callee, caller, callee and so on. */
	ports(): readonly number[];
	prepare(
		calls: readonly (readonly [NativeParty, NativeParty])[],
		packetsPerSecond: number,
		packetsPerStream: number,
		payloadOctets: number,
		payloadType: number,
		/** 0: no limit. */
		maxInFlightPackets: number,
	): void;
	run(done: (report: NativeTrafficReport | undefined) => void): void;
	/** Stops a run; its `done` may still be called. Safe to call twice. */
	close(): void;
};

export type NativeParty = {
	readonly relay: TransportAddress;
	readonly outbound?: string;
	readonly inbound?: string;
};

/** What became of the packets of a run. */
export type NativeTrafficReport = {
	readonly sent: number;
	/** The system took them not: a full send buffer or no route. */
	readonly refused: number;
	/** Authentic, with the payload that was sent, for the first time. */
	readonly delivered: number;
	/** Sent and never delivered. */
	readonly lost: number;
	/** Of the delivered: came behind one with a higher sequence number. */
	readonly reordered: number;
	readonly duplicated: number;
	/** Did not open under the session of its receiver. */
	readonly unauthentic: number;
	/** Opened, with another payload or header than was sent. */
	readonly altered: number;
	/** Of no stream of ours, or from another address than its relay's. */
	readonly strange: number;
	/** Came to the generator's own sockets and found them full. */
	readonly droppedByReceiver: number;
	/** From before the system call that sent a packet to the kernel's time stamp of its arrival. */
	readonly latencyP50Ns: number;
	readonly latencyP99Ns: number;
	readonly latencyMaxNs: number;
	/** By how much the generator was behind its own plan when it sent, 99 of 100 packets. */
	readonly lateP99Ns: number;
	/** From the first to the last sending; `sent` by it is the rate that was really offered. */
	readonly sendingNs: number;
	/** From the last sending to the last arrival. */
	readonly drainingNs: number;
	/** CPU time of the generator's thread. */
	readonly cpuNs: number;
	readonly elapsedNs: number;
};
