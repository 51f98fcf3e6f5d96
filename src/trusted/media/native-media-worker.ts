import type {DropReason} from './protocol.js';

/**
 * The addon's `MediaWorker` (native/binding/relay-binding.h), as C++ lays it down. It checks nothing:
 * `MediaPlane` does that first.
 */
export type NativeMediaWorker = {
	/** Binds both legs' ports at once; throws with a `code` when it cannot. */
	createRelay(request: number, relay: number, legs: readonly NativeLocalLeg[]): readonly NativePorts[];
	/** Claims the keys at once; throws with a `code` when one is missing. */
	configureLeg(request: number, relay: number, leg: number, settings: NativeLegSettings): void;
	destroyRelay(request: number, relay: number): void;
	readStatistics(request: number, relay: number): void;
	/** Joins the thread: sockets are closed and keys wiped on return. Safe to call twice. */
	close(): void;
};

export type NativeMediaWorkerClass = new (deliver: (message: NativeMessage) => void) => NativeMediaWorker;

export type NativeLocalLeg = {
	readonly localAddress: string;
	readonly firstPort: number;
	readonly lastPort: number;
};

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
};

export type NativeLegSettings = {
	readonly remoteRtp: {readonly address: string; readonly port: number};
	readonly remoteRtcp: {readonly address: string; readonly port: number};
	readonly source: 'declared' | 'learned' | 'signalling-address';
	readonly signallingHost?: string;
	readonly payloadTypes?: readonly number[];
	readonly direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
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
};

export type NativeReply = {
	readonly request: number;
	readonly code?: string;
	readonly statistics?: readonly NativeLegStatistics[];
};

export type NativeEvent = {
	readonly event: 'wrong-source' | 'first-packet' | 'rekey-due' | 'peer-key-expired' | 'own-key-expired';
	readonly relay: number;
	readonly leg: number;
	readonly address: string;
	readonly port: number;
	readonly suppressed: number;
};

export type NativeMessage = NativeReply | NativeEvent;
