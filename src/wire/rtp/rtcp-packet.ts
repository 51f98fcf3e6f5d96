/** One source's reception quality as a receiver saw it (RFC 3550 §6.4.1). */
export type ReportBlock = {
	readonly ssrc: number;
	/** Share of packets lost since the last report, in 256ths: 0 to 255. */
	readonly fractionLost: number;
	/** Packets lost since the start, −2^23 to 2^23 − 1; duplicates make it fall. */
	readonly cumulativeLost: number;
	/** Highest sequence number with its cycles above it: unsigned 32 bits. */
	readonly extendedHighestSequence: number;
	/** Interarrival jitter in timestamp units. */
	readonly jitter: number;
	/** Middle 32 bits of the NTP timestamp of the last sender report; 0 when none came. */
	readonly lastSenderReport: number;
	/** Since that report, in 1/65536 s; 0 when none came. */
	readonly delaySinceLastSenderReport: number;
};

/** RTCP packet type 200 (RFC 3550 §6.4.1). */
export type SenderReport = {
	readonly kind: 'sender-report';
	readonly ssrc: number;
	/** 64-bit NTP timestamp: seconds since 1900 above, fraction below. */
	readonly ntpTimestamp: bigint;
	readonly rtpTimestamp: number;
	readonly packetCount: number;
	readonly octetCount: number;
	/** At most 31. */
	readonly reports: readonly ReportBlock[];
	/** Profile-specific extension, whole words. */
	readonly extension: Uint8Array;
};

/** RTCP packet type 201 (RFC 3550 §6.4.2). */
export type ReceiverReport = {
	readonly kind: 'receiver-report';
	readonly ssrc: number;
	readonly reports: readonly ReportBlock[];
	readonly extension: Uint8Array;
};

/** One item of a source description (RFC 3550 §6.5): `type` 1 is CNAME; `value` is UTF-8 text of at most 255 octets. */
export type SourceDescriptionItem = {readonly type: number; readonly value: Uint8Array};

/** RTCP packet type 202 (RFC 3550 §6.5). */
export type SourceDescription = {
	readonly kind: 'source-description';
	readonly chunks: readonly {readonly ssrc: number; readonly items: readonly SourceDescriptionItem[]}[];
};

/** RTCP packet type 203 (RFC 3550 §6.6). */
export type Goodbye = {
	readonly kind: 'goodbye';
	readonly ssrcs: readonly number[];
	/** UTF-8 text of at most 255 octets. */
	readonly reason?: Uint8Array;
};

/** RTCP packet of another type, kept as it came: APP is 204, feedback 205 and 206 (RFC 4585), XR 207 (RFC 3611). */
export type OtherRtcp = {
	readonly kind: 'other';
	/** 192 to 223. */
	readonly packetType: number;
	/** The five bits after the padding bit: subtype of APP, format of feedback. */
	readonly count: number;
	/** Everything after the first word, without padding. */
	readonly body: Uint8Array;
};

export type RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye | OtherRtcp;

/** Packet types of RFC 3550 §12.1. */
export const rtcpPacketTypes = {
	senderReport: 200,
	receiverReport: 201,
	sourceDescription: 202,
	goodbye: 203,
} as const;

/** SDES item type of the canonical name (RFC 3550 §6.5.1). */
export const cnameItem = 1;

/** The 64-bit NTP timestamp (RFC 3550 §4) of milliseconds since 1970. */
export function toNtpTimestamp(wallMs: number): bigint {
	const wholeSeconds = Math.floor(wallMs / 1000);
	const fraction = Math.floor(((wallMs - wholeSeconds * 1000) / 1000) * 0x1_00_00_00_00);
	return (BigInt(wholeSeconds + secondsFrom1900To1970) << 32n) | BigInt(fraction);
}

/** The middle 32 bits of an NTP timestamp, as report blocks carry it. */
export function middleOfNtp(ntpTimestamp: bigint): number {
	return Number((ntpTimestamp >> 16n) & 0xff_ff_ff_ffn);
}

const secondsFrom1900To1970 = 2_208_988_800;
