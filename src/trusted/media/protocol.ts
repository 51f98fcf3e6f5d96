import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import type {BridgeTicket, OwnKeyHandle, PeerKeyHandle} from '../toolbox/protocol.js';
import type {LegRules} from './leg-rules.js';
import type {StreamStatistics} from './stream-report.js';

/**
 * What may be said to the media domain: plain data only, every field checked on arrival.
 * Addresses are numeric IPv4 or IPv6 text; ports are 1 to 65535.
 */

export type TransportAddress = {readonly address: string; readonly port: number};

/** How packets travel on one leg. `clear` is plain RTP and needs a ticket that names it. */
export type LegProtection =
	| {readonly kind: 'clear'}
	| {
			readonly kind: 'srtp';
			readonly suite: SrtpSuiteName;
			/** What the peer sends with; several only with an MKI each. */
			readonly inbound: readonly {readonly key: PeerKeyHandle; readonly mki?: Uint8Array}[];
			/** What we send with. */
			readonly outbound: {readonly key: OwnKeyHandle; readonly mki?: Uint8Array};
			/** Packets remembered to refuse replays, 64 to 32767 (RFC 3711 §3.3.2). @default 128 */
			readonly replayWindowPackets?: number;
			/**
			 * Rollover counters where keys follow others: they go on (RFC 3711 §3.3.1), or start again at 0 (RFC 4568 §7.1.4
			 * where an address changed; Microsoft Teams). Read where the keys of that direction change. @default 'keep' both
			 */
			readonly rollover?: {readonly inbound?: 'keep' | 'reset'; readonly outbound?: 'keep' | 'reset'};
			/** How long old inbound keys stay valid beside new ones where both have MKIs, 0 to 60000. @default 5000 */
			readonly rekeyGraceMs?: number;
			/**
			 * What happens to packets under a peer's key past its lifetime: `alert` lets them pass until the maxima of RFC 3711
			 * §9.2. @default 'stop'
			 */
			readonly whenExpired?: 'stop' | 'alert';
			/**
			 * Rollovers that a peer's stream may have had, above what was heard of it, without our knowing, 0 to 64; see
			 * `LegSessions`. @default 0
			 */
			readonly lateJoinRollovers?: number;
	  };

/** Which sources may send to a leg (DESIGN §3.7). */
export type SourcePolicy =
	/** Exactly the remote addresses of the signalling. */
	| {readonly kind: 'declared'}
	/** Latched from packets that authenticated: one with an 80-bit or GCM tag, three in a row with a 32-bit tag. */
	| {readonly kind: 'learned'; readonly relatch?: Relatch}
	/** Any address of this network (`192.0.2.0/24`), fixed by the first packet: authenticated, on plain RTP well-formed. */
	| {readonly kind: 'subnet'; readonly network: string; readonly relatch?: Relatch}
	/** Any port of this address, fixed by the first packet: plain RTP behind NAT. */
	| {readonly kind: 'signalling-address'; readonly address: string; readonly relatch?: Relatch};

/**
 * Lets a fixed source give way to another within the policy: after several authenticated packets in a row from there, in
 * the replay window and not replayed, while nothing comes from the old. Needs SRTP. Absent: never.
 */
export type Relatch = 'authenticated';

/**
 * Answers STUN Binding requests on a leg's ports (RFC 8489), from the sources that the leg admits. `ice-lite` answers only
 * those that are signed with the short-term credentials of the signalling (RFC 8445 §2.5), and signs what it answers.
 */
export type StunPolicy =
	| {readonly kind: 'answer'}
	| {
			readonly kind: 'ice-lite';
			/** 4 to 256 characters of `ice-char` (RFC 8839 §5.4). */
			readonly usernameFragment: string;
			/** 22 to 256 characters of `ice-char`. */
			readonly password: string;
	  };

/** Where a leg listens; `rtcp` is `rtp` where they are multiplexed. */
export type LegPorts = {
	readonly rtp: TransportAddress;
	readonly rtcp: TransportAddress;
	/** How others reach these ports: the address that SDP names. */
	readonly advertisedAddress: string;
};

export type CreateRelay = {
	readonly kind: 'create-relay';
	/** The user domain's name for the call; at most 64 characters. */
	readonly call: string;
	readonly ticket: BridgeTicket;
	/** Exactly two. */
	readonly legs: readonly {
		readonly leg: string;
		/** Name of an interface of the media plane. @default its first one */
		readonly interface?: string;
		/** @default that of the interface's address named first */
		readonly family?: 'IPv4' | 'IPv6';
		/** `pair`: an even RTP port and the odd RTCP port above it. `mux`: one port for both (RFC 5761). @default 'pair' */
		readonly rtcp?: 'pair' | 'mux';
	}[];
};

export type ConfigureLeg = LegRules & {
	readonly kind: 'configure-leg';
	readonly call: string;
	readonly leg: string;
	readonly protection: LegProtection;
	readonly source: SourcePolicy;
};

/** One `a=rtpmap` (RFC 8866 §6.6). */
export type PayloadCodec = {
	/** 0 to 127. */
	readonly payloadType: number;
	/** At most 32 characters of a token. */
	readonly name: string;
	/** Hertz, 1 to 192000. */
	readonly clockRate: number;
};

export type DestroyRelay = {readonly kind: 'destroy-relay'; readonly call: string};
export type ReadStatistics = {readonly kind: 'read-statistics'; readonly call: string};

export type MediaCommand = CreateRelay | ConfigureLeg | DestroyRelay | ReadStatistics;

/** Counters of one leg since it was made; the drop reasons are counted for packets that arrived on it. */
export type LegStatistics = {
	readonly leg: string;
	readonly local: LegPorts;
	readonly received: {readonly packets: number; readonly octets: number};
	readonly sent: {readonly packets: number; readonly octets: number};
	readonly receivedRtcp: number;
	readonly sentRtcp: number;
	/** By `DropReason`; every reason is present. */
	readonly dropped: Readonly<Record<DropReason, number>>;
	/** What came and was neither sent on nor dropped, by `HandledKind`; every kind is present. */
	readonly handled: Readonly<Record<HandledKind, number>>;
	/** From here to the leg's peer and back, as its last report told. */
	readonly roundTripMs?: number;
	/** What arrived on this leg, by SSRC; at most as many as the leg takes. */
	readonly streams: readonly StreamStatistics[];
};

/** STUN that was answered, DTLS that was raised as an event. */
export const handledKinds = ['stun', 'dtls'] as const;
export type HandledKind = (typeof handledKinds)[number];

export const dropReasons = [
	'wrong-source',
	/** It might be the peer, but strangers have used up the tries of this second. */
	'unproven-source',
	'malformed',
	'replayed',
	'too-old',
	'bad-tag',
	'unknown-mki',
	'unknown-payload-type',
	'too-many-sources',
	/** Plain RTP that we sent to this peer not long ago. */
	'reflected',
	'expired-key',
	'direction',
	/** What shares the port (RFC 7983) and is not handled. */
	'stun',
	'dtls',
	'zrtp',
	'turn-channel',
	'no-route',
	'would-block',
	'internal',
] as const;
export type DropReason = (typeof dropReasons)[number];

export type MediaReply =
	| {
			readonly ok: true;
			readonly legs: readonly {
				readonly leg: string;
				readonly local: LegPorts;
			}[];
	  }
	| {readonly ok: true; readonly statistics: readonly LegStatistics[]}
	| {readonly ok: true}
	| {readonly ok: false; readonly code: string; readonly message: string};

/** Raised by the media domain, rate-limited. */
export type MediaEvent =
	| {
			readonly kind: 'wrong-source';
			readonly call: string;
			readonly leg: string;
			readonly from: TransportAddress;
			/** How many more came since the last such event of this leg. */
			readonly suppressed: number;
	  }
	| {readonly kind: 'first-packet'; readonly call: string; readonly leg: string; readonly from: TransportAddress}
	/** Four fifths of the lifetime of the key that we send under are used; once for each key. */
	| {readonly kind: 'rekey-due'; readonly call: string; readonly leg: string}
	/** A packet came after the end of the lifetime of the peer's key (`inbound`) or ours; once for each key. */
	| {
			readonly kind: 'key-expired';
			readonly call: string;
			readonly leg: string;
			readonly direction: 'inbound' | 'outbound';
	  }
	/**
	 * The source of a leg whose policy lets it find out was fixed (`source-learned`) or changed (`source-moved`). Where
	 * SRTP vouches for it (`authenticated`) an origin monitor may learn `from`; `previous` is where packets went before.
	 */
	| {
			readonly kind: 'source-learned' | 'source-moved';
			readonly call: string;
			readonly leg: string;
			readonly from: TransportAddress;
			readonly channel: 'rtp' | 'rtcp';
			readonly previous: TransportAddress;
			readonly authenticated: boolean;
	  }
	/** A DTLS datagram came, where the leg asks to be told; at most 2048 octets. */
	| {
			readonly kind: 'dtls';
			readonly call: string;
			readonly leg: string;
			readonly from: TransportAddress;
			readonly channel: 'rtp' | 'rtcp';
			readonly octets: Uint8Array;
	  }
	/** The first ZRTP datagram since the leg was configured. It is dropped, like those after it. */
	| {
			readonly kind: 'zrtp';
			readonly call: string;
			readonly leg: string;
			readonly from: TransportAddress;
			readonly channel: 'rtp' | 'rtcp';
	  }
	/** No RTP, or no RTCP, came for the time that the leg says; once until packets came and ceased again. */
	| {readonly kind: 'rtp-timeout' | 'rtcp-timeout'; readonly call: string; readonly leg: string}
	| {readonly kind: 'relay-ended'; readonly call: string; readonly reason: string}
	/** A relay found no free port there. */
	| {
			readonly kind: 'ports-exhausted';
			readonly interface: string;
			readonly family: 'IPv4' | 'IPv6';
			/** How many more since the last such event of this interface and family. */
			readonly suppressed: number;
	  };

/** Asked by the media domain of the toolbox on a port of their own; the user domain cannot reach it. */
export type KeyChannelRequest =
	| {
			readonly kind: 'redeem-ticket';
			readonly ticket: BridgeTicket;
			readonly call: string;
			readonly legs: readonly string[];
	  }
	| {readonly kind: 'redeem-peer-key'; readonly key: PeerKeyHandle; readonly call: string; readonly leg: string}
	| {readonly kind: 'redeem-own-key'; readonly key: OwnKeyHandle; readonly call: string; readonly leg: string}
	| {readonly kind: 'relay-ended'; readonly call: string}
	/** Packets have come from there; where the leg has SRTP they have authenticated. */
	| {readonly kind: 'heard-from'; readonly call: string; readonly leg: string; readonly address: string};

export type KeyChannelReply =
	/** For a ticket: what each leg may be. */
	| {readonly ok: true; readonly legs: readonly {readonly leg: string; readonly clearAllowed: boolean}[]}
	/** For a key: where in native memory it lies; claimed once. */
	| {
			readonly ok: true;
			readonly slot: string;
			readonly suite: SrtpSuiteName;
			readonly mki: Uint8Array;
			/** Packets after which the key must not be used (RFC 4568 §6.1); absent: the maxima of RFC 3711 §9.2. */
			readonly lifetimePackets?: number;
	  }
	| {readonly ok: true}
	| {readonly ok: false; readonly code: string; readonly message: string};
