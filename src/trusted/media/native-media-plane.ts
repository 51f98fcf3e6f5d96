import type {DropReason, HandledKind, TransportAddress} from './protocol.js';
import type {VoipMetrics} from './stream-report.js';

/**
 * The addon's `MediaPlane` (native/binding/relay-binding.h), as C++ lays it down. It checks nothing:
 * `MediaPlane` does that first.
 */
export type NativeMediaPlane = {
	/** Binds both legs' ports at once; throws with a `code`, and the `leg` in the way, when it cannot. */
	createRelay(request: number, relay: number, legs: readonly NativeLegPlace[]): readonly [NativePorts, NativePorts];
	/** Takes back the ports of a relay that its worker refused to make. */
	forgetRelay(relay: number): void;
	/** Claims the keys at once; throws with a `code` when one is missing. */
	configureLeg(request: number, relay: number, leg: number, settings: NativeLegSettings): void;
	destroyRelay(request: number, relay: number): void;
	readStatistics(request: number, relay: number): void;
	/** Relays by worker; ports that are bound or rest, by interface. */
	load(): {readonly relays: readonly number[]; readonly unavailablePorts: readonly number[]};
	readLimits(): NativeLimits;
	/** Joins the threads: sockets are closed and keys wiped on return. Safe to call twice. */
	close(): void;
};

export type NativeMediaPlaneClass = new (
	options: NativePlaneOptions,
	deliver: (message: NativeMessage) => void,
) => NativeMediaPlane;

export type NativePlaneOptions = {
	readonly interfaces: readonly {
		readonly address: string;
		/** Other addresses under which peers reach its ports. */
		readonly aliases: readonly string[];
		readonly firstPort: number;
		readonly lastPort: number;
	}[];
	readonly workers: number;
	/** Empty: the kernel places the workers. */
	readonly processors: readonly number[];
	readonly portCoolDownMs: number;
	readonly dscp: number;
};

/** Buffers are what each socket gets, 0 where none could be bound to ask. */
export type NativeLimits = {
	readonly descriptorLimit: number;
	readonly receiveBufferOctets: number;
	readonly sendBufferOctets: number;
};

/** `interface` counts those of the options. */
export type NativeLegPlace = {readonly interface: number; readonly rtcp: 'pair' | 'mux'};

export type NativePorts = {readonly rtp: number; readonly rtcp: number};

export type NativeSessionKey = {
	readonly slot: string;
	readonly mki?: Uint8Array;
	readonly lifetimePackets?: number;
};

export type NativeSession = {
	readonly keys: readonly NativeSessionKey[];
	readonly replayWindowPackets?: number;
	readonly rollover?: 'keep' | 'reset';
	/** Of inbound sessions only, as what follows. */
	readonly rekeyGraceMs?: number;
	readonly whenExpired?: 'stop' | 'alert';
	readonly lateJoinRollovers?: number;
};

/** Without credentials any Binding request is answered. */
export type NativeStun = {readonly usernameFragment?: string; readonly password?: string};

export type NativeLegSettings = {
	readonly remoteRtp: {readonly address: string; readonly port: number};
	readonly remoteRtcp: {readonly address: string; readonly port: number};
	/** RTCP shares RTP's ports; `remoteRtcp` is not read. */
	readonly isMultiplexed: boolean;
	readonly source: 'declared' | 'learned' | 'subnet' | 'signalling-address';
	/** Of `subnet` and `signalling-address`; bits that an address has not count as all that it has. */
	readonly sourceBlock?: {readonly address: string; readonly prefixBits: number};
	/** A settled source may give way to another that authenticates. */
	readonly mayMove: boolean;
	readonly payloadTypes?: readonly number[];
	readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
	readonly maxSources: number;
	readonly passesReflections: boolean;
	readonly stun?: NativeStun;
	readonly reportsDtls: boolean;
	readonly clocks: readonly {readonly payloadType: number; readonly clockHz: number}[];
	/** 0: never. */
	readonly rtpTimeoutMs: number;
	readonly rtcpTimeoutMs: number;
	readonly isClear: boolean;
	/** Absent: the present session stays. */
	readonly inbound?: NativeSession;
	readonly outbound?: NativeSession;
};

export type NativeLegStatistics = {
	readonly receivedPackets: number;
	readonly receivedOctets: number;
	readonly receivedRtcp: number;
	readonly sentPackets: number;
	readonly sentOctets: number;
	readonly sentRtcp: number;
	readonly dropped: Readonly<Record<DropReason, number>>;
	readonly handled: Readonly<Record<HandledKind, number>>;
	readonly streams: readonly NativeStream[];
	readonly roundTripUs?: number;
};

export type NativeStream = {
	readonly ssrc: number;
	readonly sentSsrc: number;
	readonly packets: number;
	readonly octets: number;
	readonly expected: number;
	readonly duplicates: number;
	readonly reordered: number;
	readonly restarts: number;
	/** Meaningless while `clockHz` is 0: no packet came whose clock is known. */
	readonly payloadType: number;
	readonly clockHz: number;
	/** In units of the clock. */
	readonly jitter: number;
	readonly far?: {
		/** In 256ths. */
		readonly fractionLost: number;
		readonly cumulativeLost: number;
		readonly jitter: number;
		readonly roundTripUs?: number;
	};
	readonly farMetrics?: VoipMetrics;
};

export type NativeReply = {
	readonly request: number;
	readonly code?: string;
	readonly statistics?: readonly NativeLegStatistics[];
};

export type NativeEvent = {
	readonly relay: number;
	readonly leg: number;
	readonly from: TransportAddress;
} & (
	| {readonly event: 'wrong-source' | 'first-packet'; readonly suppressed: number}
	| {
			readonly event: 'source-learned' | 'source-moved';
			readonly channel: 'rtp' | 'rtcp';
			readonly previous: TransportAddress;
			readonly authenticated: boolean;
	  }
	| {readonly event: 'dtls'; readonly channel: 'rtp' | 'rtcp'; readonly octets: Uint8Array}
	| {readonly event: 'zrtp'; readonly channel: 'rtp' | 'rtcp'}
	| {readonly event: 'rekey-due' | 'peer-key-expired' | 'own-key-expired' | 'rtp-timeout' | 'rtcp-timeout'}
);

export type NativeMessage = NativeReply | NativeEvent;
