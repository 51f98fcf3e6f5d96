/** What the media domain says of streams: plain data, a part of `LegStatistics` in protocol.ts. */

/** Interarrival jitter (RFC 3550 A.8), in units of the stream's clock and in milliseconds. */
export type Jitter = {readonly units: number; readonly ms: number};

/** One stream as it arrived here, and what the peer of the other leg says of it (docs/streams.md). */
export type StreamStatistics = {
	readonly ssrc: number;
	/** The SSRC that it goes on with; its own but for a collision. */
	readonly sentSsrc: number;
	/** Without duplicates; octets of RTP in clear, headers included. */
	readonly received: {readonly packets: number; readonly octets: number};
	/** Packets that should have come (RFC 3550 A.3), and how many of them did not. */
	readonly expected: number;
	readonly lost: number;
	readonly duplicates: number;
	readonly reordered: number;
	/** How often its sequence numbers went back. */
	readonly restarts: number;
	/** The last one whose clock is known, and its codec; jitter and quality need them. */
	readonly payloadType?: number;
	readonly codec?: string;
	readonly jitter?: Jitter;
	/** Estimated for a listener at this place (ITU-T G.107). */
	readonly quality?: VoiceQuality;
	/** From the reports of the other leg's peer, who hears this stream. */
	readonly far?: {
		/** Share of packets lost since its report before, 0 to 1. */
		readonly fractionLost: number;
		readonly lost: number;
		readonly jitter?: Jitter;
		/** From here to that peer and back. */
		readonly roundTripMs?: number;
		/** Estimated for that peer's user. */
		readonly quality?: VoiceQuality;
	};
	/** What that peer measured itself. */
	readonly farMetrics?: VoipMetrics;
};

/** `mos` from 1 to 4.5, `ratingFactor` R from 0 to 100. */
export type VoiceQuality = {readonly mos: number; readonly ratingFactor: number};

/** VoIP metrics of RFC 3611 §4.7; rates and densities from 0 to 1. What the peer called unavailable is absent. */
export type VoipMetrics = {
	readonly lossRate: number;
	readonly discardRate: number;
	readonly burstDensity: number;
	readonly gapDensity: number;
	readonly burstDurationMs: number;
	readonly gapDurationMs: number;
	readonly roundTripDelayMs: number;
	readonly endSystemDelayMs: number;
	readonly signalLevelDbm?: number;
	readonly noiseLevelDbm?: number;
	readonly residualEchoReturnLossDb?: number;
	/** Packets in a row that must come to end a burst. */
	readonly gapThreshold: number;
	readonly ratingFactor?: number;
	readonly externalRatingFactor?: number;
	readonly listeningMos?: number;
	readonly conversationalMos?: number;
	readonly jitterBufferNominalMs: number;
	readonly jitterBufferMaximumMs: number;
	readonly jitterBufferAbsoluteMaximumMs: number;
};
