import type {Brand} from '../../base/brand.js';
import type {AddressFamily} from './plane-options.js';
import type {TransportAddress} from './protocol.js';

/** A relay of one plane; never used twice by it. */
export type RelayId = Brand<number, 'RelayId'>;
/** Which of the two legs of a relay. */
export type LegIndex = 0 | 1;

/** Something that a packet did on a leg. */
export type MediaPlaneEvent = {
	readonly relay: RelayId;
	readonly leg: LegIndex;
	readonly from: TransportAddress;
	/** How many more came since the last event of this kind on this leg. */
	readonly suppressed: number;
};

/** The origin guard of a leg fixed or changed the source of one port. */
export type SourceChangeEvent = {
	readonly relay: RelayId;
	readonly leg: LegIndex;
	readonly from: TransportAddress;
	readonly channel: 'rtp' | 'rtcp';
	/** Where packets went before. */
	readonly previous: TransportAddress;
	/** SRTP vouches for `from`. */
	readonly authenticated: boolean;
};

/** A datagram of another protocol on a media port (RFC 7983). */
export type SideProtocolEvent = {
	readonly relay: RelayId;
	readonly leg: LegIndex;
	readonly from: TransportAddress;
	readonly channel: 'rtp' | 'rtcp';
};

export type MediaPlaneEvents = {
	/** A packet from an address that may not send to the leg, at most once a second for each leg. */
	'wrong-source': [MediaPlaneEvent];
	/** The first RTP packet that a leg accepted since it was configured; authenticated where the leg has SRTP. */
	'first-packet': [MediaPlaneEvent];
	/** Four fifths of the lifetime of the key that we send under are used: once for each key (RFC 3711 §9.2). */
	'rekey-due': [MediaPlaneKeyEvent];
	/** A packet came after the end of a key's lifetime: of one of the peer's, or of ours. Once for each installation. */
	'key-expired': [MediaPlaneKeyEvent & {readonly direction: 'inbound' | 'outbound'}];
	/** A relay found no free port on an interface, at most once a second for each of them. */
	'ports-exhausted': [PortsExhausted];
	/** The source of a leg whose policy lets it find out is fixed. */
	'source-learned': [SourceChangeEvent];
	/** A fixed source gave way to another, as `relatch` allows. */
	'source-moved': [SourceChangeEvent];
	/** A DTLS datagram on a leg that asks to be told, at most 2048 octets and 20 a second. */
	dtls: [SideProtocolEvent & {readonly octets: Uint8Array}];
	/** The first ZRTP datagram since a leg was configured. */
	zrtp: [SideProtocolEvent];
	/** No RTP came from the leg for its `rtpTimeoutMs`, good to a second; once until packets came and ceased again. */
	'rtp-timeout': [MediaPlaneSilenceEvent];
	/** The same for RTCP. */
	'rtcp-timeout': [MediaPlaneSilenceEvent];
};

/** Where it fell silent. */
export type MediaPlaneSilenceEvent = {readonly relay: RelayId; readonly leg: LegIndex};

/** Something that is to say of a key; the key stays unsaid. */
export type MediaPlaneKeyEvent = {readonly relay: RelayId; readonly leg: LegIndex};

export type PortsExhausted = {
	readonly interface: string;
	readonly family: AddressFamily;
	/** How many more relays were refused since the last event of this interface. */
	readonly suppressed: number;
};
