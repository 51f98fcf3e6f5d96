import type {MediaView, SessionView} from '../core/offer-answer/index.js';
import type {ConfigureLeg, LegProtection, PayloadCodec, SourcePolicy} from '../trusted/media/protocol.js';
import type {OwnKeyHandle, PeerKeyHandle, Release} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import type {MediaDirection} from '../wire/sdp/attributes.js';

export type LegName = 'caller' | 'callee';

/** What one side's packets are protected with: names of keys, never keys. */
export type LegCrypto = {
	readonly suite: SrtpSuiteName;
	/** Of the crypto line in force. */
	readonly tag: number;
	/** What the peer sends with; several only with an MKI each. */
	readonly peerKeys: readonly {readonly key: PeerKeyHandle; readonly mki?: Uint8Array}[];
	/** What we send with. */
	readonly ownKey: OwnKeyHandle;
};

/** The stream that is carried, as agreed on one leg. Plain data; replaced as a whole when something else is agreed. */
export type LegMedia = {
	/** Its media section. */
	readonly streamIndex: number;
	/** What the peer said last of it. */
	readonly stream: MediaView;
	/** Where the peer wants packets; as before while it holds by an address of zeros (RFC 3264 §8.4). */
	readonly remote: NonNullable<MediaView['remote']>;
	/** What was agreed, as seen from us. */
	readonly direction: MediaDirection;
	readonly isRtcpMultiplexed: boolean;
	/** Undefined for plain RTP. */
	readonly crypto: LegCrypto | undefined;
	/** Whose packets the leg takes, as the toolbox has it. */
	readonly source: SourcePolicy;
};

/** What an operator says of all legs on one side. */
export type LegRules = {
	/** Media interface. @default the first one */
	readonly mediaInterface?: string;
	/** `answer`: STUN Binding requests on the leg's ports are answered (RFC 8489). @default they are dropped */
	readonly stun?: 'answer';
};

/** When a leg counts as dead, in milliseconds; 0 is never. */
export type SilenceLimits = {readonly rtpTimeoutMs: number; readonly rtcpTimeoutMs: number};

/** Index of the stream that is carried: the first audio over RTP that is not refused. */
export function carriedStream(session: SessionView): number | undefined {
	const index = session.media.findIndex((section) => isCarried(section) && section.remote !== undefined);
	return index === -1 ? undefined : index;
}

/** True for audio over RTP that is not refused. */
export function isCarried({media, isRefused, protocol}: MediaView): boolean {
	return media === 'audio' && !isRefused && /^RTP\/S?AVPF?$/.test(protocol);
}

/** What the toolbox allows; an address of the other family than the leg's says nothing about it. */
export function legSource({mediaSource}: Release, {rtp: {address}}: LegMedia['remote']): SourcePolicy {
	const place =
		mediaSource.kind === 'subnet'
			? mediaSource.network
			: mediaSource.kind === 'signalling-address'
				? mediaSource.address
				: address;
	return place.includes(':') === address.includes(':') ? mediaSource : {kind: 'declared'};
}

/** The crypto line in force: its keys under the names that the toolbox gave them. */
export function legCrypto(
	{keys}: Release,
	streamIndex: number,
	{tag, suite}: HandleAttribute,
	ownKey: OwnKeyHandle,
): LegCrypto {
	const peerKeys = keys
		.filter((key) => key.mediaIndex === streamIndex && key.tag === tag)
		.map(({handle, mki}) => (mki.length === 0 ? {key: handle} : {key: handle, mki}));
	return {suite, tag, peerKeys, ownKey};
}

/**
 * The command that configures a leg: where the peer wants packets, what it sends with, what we send with.
 *
 * @param rollover `reset` where the peer's address has moved: both sides begin new streams (RFC 4568 §7.1.4).
 */
export function legConfiguration(
	call: string,
	leg: LegName,
	{remote, direction, isRtcpMultiplexed, crypto, stream, source}: LegMedia,
	{stun, rtpTimeoutMs, rtcpTimeoutMs}: Pick<LegRules, 'stun'> & SilenceLimits,
	rollover: 'keep' | 'reset' = 'keep',
): Omit<ConfigureLeg, 'kind'> {
	// Who is held says nothing, and may send no reports either.
	const isHeard = direction === 'sendrecv' || direction === 'recvonly';
	return {
		call,
		leg,
		remote,
		rtcp: isRtcpMultiplexed ? 'mux' : 'pair',
		protection: crypto === undefined ? {kind: 'clear'} : srtpProtection(crypto, rollover),
		source,
		payloadTypes: stream.formats.flatMap(({format}) => payloadType(format)),
		direction,
		codecs: codecs(stream),
		...(stun === undefined ? {} : {stun: {kind: stun}}),
		...(isHeard && rtpTimeoutMs > 0 ? {rtpTimeoutMs} : {}),
		...(isHeard && rtcpTimeoutMs > 0 ? {rtcpTimeoutMs} : {}),
	};
}

/** A direction as the other side of it sees it. */
export function seenFromUs(direction: MediaDirection): MediaDirection {
	switch (direction) {
		case 'sendonly':
			return 'recvonly';
		case 'recvonly':
			return 'sendonly';
		default:
			return direction;
	}
}

function srtpProtection({suite, peerKeys, ownKey}: LegCrypto, rollover: 'keep' | 'reset'): LegProtection {
	return {
		kind: 'srtp',
		suite,
		inbound: peerKeys,
		outbound: {key: ownKey},
		...(rollover === 'reset' ? {rollover: {inbound: rollover, outbound: rollover}} : {}),
	};
}

function payloadType(format: string): number[] {
	const type = Number(format);
	return /^\d{1,3}$/.test(format) && type <= 127 ? [type] : [];
}

/** What `a=rtpmap` says; the static types of RFC 3551 are known without. */
function codecs({formats}: MediaView): PayloadCodec[] {
	return formats.flatMap(({format, rtpMap = ''}) => {
		const [, name = '', rate = ''] = /^([\w.+-]{1,32})\/(\d{1,6})(?:\/|$)/.exec(rtpMap) ?? [];
		const clockRate = Number(rate);
		const isKnown = clockRate >= 1 && clockRate <= 192_000;
		return isKnown ? payloadType(format).map((type) => ({payloadType: type, name, clockRate})) : [];
	});
}
