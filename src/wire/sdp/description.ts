/** One line `type=value`. `type` is one letter. */
export type SdpLine = {readonly type: string; readonly value: string};

/**
 * A media section (RFC 8866 §5.14): its `m=` line taken apart and every line after it, in order and as sent.
 * Read and change `lines` by the functions of `attributes.ts` and `connection.ts`.
 */
export type MediaSection = {
	/** audio, video, application … */
	readonly media: string;
	/** 0 refuses the stream. */
	readonly port: number;
	/** The `/n` after the port; 1 where there is none. */
	readonly portCount: number;
	/** RTP/AVP, RTP/SAVP, UDP/TLS/RTP/SAVPF … as sent. */
	readonly protocol: string;
	/** Payload types, or other formats. */
	readonly formats: readonly string[];
	readonly lines: readonly SdpLine[];
};

/** A session description, lossless but for line ends: `writeSdp` gives back what `parseSdp` read. */
export type SessionDescription = {
	/** Lines before the first `m=`; `v=0` comes first. */
	readonly lines: readonly SdpLine[];
	readonly media: readonly MediaSection[];
};

/** A session description or one of its media sections: what has lines. */
export type SdpSection = {readonly lines: readonly SdpLine[]};
