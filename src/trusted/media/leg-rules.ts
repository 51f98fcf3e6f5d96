import type {PayloadCodec, StunPolicy, TransportAddress} from './protocol.js';

/** What a leg is told beside its keys and its sources, by the user domain and to the plane alike. */
export type LegRules = {
	/** Where the signalling says that the peer listens. */
	readonly remote: {readonly rtp: TransportAddress; readonly rtcp: TransportAddress};
	/**
	 * `mux`: RTCP shares RTP's ports on either side (RFC 5761), and `remote.rtcp` is not read. A leg made with a pair of
	 * ports may change to and fro. @default as the leg was made
	 */
	readonly rtcp?: 'pair' | 'mux';
	/** Payload types that may pass, 0 to 127. Absent: all. */
	readonly payloadTypes?: readonly number[];
	/** As seen from us: `sendonly` sends to this leg and drops what comes from it. @default 'sendrecv' */
	readonly direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
	/**
	 * SSRCs that the leg hears, 1 to 4096; of a session that is kept: as before. One that speaks is never pushed out by new
	 * ones; the one that was silent longest, for 30 s at least, gives its place to a new one. @default 64
	 */
	readonly maxSources?: number;
	/** Plain RTP that was sent to the peer and comes back from there; `pass` for services that echo. @default 'drop' */
	readonly reflections?: 'drop' | 'pass';
	/** Answers STUN Binding requests from admitted sources. Absent: they are counted and dropped. */
	readonly stun?: StunPolicy;
	/** Raises `dtls` for each DTLS datagram, at most 20 a second. Absent: they are counted and dropped. */
	readonly dtls?: 'report';
	/**
	 * What the signalling calls the payload types that the peer may send, at most 128; for jitter and quality.
	 * @default those of RFC 3551
	 */
	readonly codecs?: readonly PayloadCodec[];
	/** Time without RTP from this leg after which `rtp-timeout` is raised, 1000 to 86400000; not in a hold. @default never */
	readonly rtpTimeoutMs?: number;
	/** The same for RTCP and `rtcp-timeout`, in a hold too. @default never */
	readonly rtcpTimeoutMs?: number;
};
