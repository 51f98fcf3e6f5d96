import type {HandleAttribute} from '../../wire/sdes/handle-attribute.js';
import {type AcceptedMedia, buildAnswer} from './answer.js';
import type {LocalMedia} from './local-session.js';
import type {MediaView, SessionView} from './session-view.js';

/** Our end of one stream towards a leg. */
export type RelayEnd = {
	readonly port: number;
	readonly rtcpPort?: number;
	/** Offered, or taken where it was offered (RFC 5761 §5.1.1). @default false */
	readonly isRtcpMultiplexed?: boolean;
};

/** Our end of a stream that we offer. */
export type OfferedEnd = RelayEnd & {
	/** Our own keys, by preference; none makes it plain RTP. */
	readonly crypto: readonly HandleAttribute[];
};

/** Our end of a stream whose offer we answer. */
export type AnsweredEnd = RelayEnd & Pick<AcceptedMedia, 'crypto'>;

/**
 * The sections to offer to leg B for an offer of leg A: the same in number, order, formats and direction, with our ports and
 * keys. Nothing else of A is passed on: no addresses, candidates, identities or keys.
 *
 * @param ends One per section of the offer; undefined for a stream that is not carried.
 */
export function relayOffer(offer: SessionView, ends: readonly (OfferedEnd | undefined)[]): LocalMedia[] {
	if (ends.length !== offer.media.length) {
		throw new RangeError(`Expected ${offer.media.length} ends, one per media section, got ${ends.length}.`);
	}

	return offer.media.map((section, index) => {
		const {media, formats, direction, packetTimeMs} = section;
		const end = section.isRefused ? undefined : ends[index];
		if (!end) {
			return {media, protocol: section.protocol, port: 0, formats};
		}

		return {
			media,
			protocol: protocolFor(section, end.crypto.length > 0),
			port: end.port,
			...(end.rtcpPort === undefined ? {} : {rtcpPort: end.rtcpPort}),
			...(end.isRtcpMultiplexed === true ? {isRtcpMultiplexed: true} : {}),
			formats,
			direction,
			...(packetTimeMs === undefined ? {} : {packetTimeMs}),
			crypto: end.crypto,
		};
	});
}

/**
 * The sections of our answer to leg A after leg B has answered what {@link relayOffer} offered: what B refused is refused,
 * formats are those that B took of A's, directions are B's.
 *
 * @param ends One per section; undefined refuses the stream.
 */
export function relayAnswer(
	offer: SessionView,
	answer: SessionView,
	ends: readonly (AnsweredEnd | undefined)[],
): LocalMedia[] {
	const accepted = offer.media.map((offered, index): AcceptedMedia | undefined => {
		const answered = answer.media[index];
		const end = ends[index];
		if (!answered || !end || offered.isRefused || answered.isRefused) {
			return undefined;
		}

		const taken = answered.formats.map(({format}) => format);
		const formats = taken.filter((format) => offered.formats.some((one) => one.format === format));
		if (formats.length === 0) {
			return undefined;
		}

		const {direction, packetTimeMs} = answered;
		return {...end, formats, direction, ...(packetTimeMs === undefined ? {} : {packetTimeMs})};
	});
	return buildAnswer(offer, accepted);
}

/**
 * Our section in a new offer to a leg that has a session: that of before, with what the other leg says now of formats,
 * direction and packet time. Ports and protocol stay.
 *
 * @param crypto Our own key in force, or the one that is to follow it; undefined for plain RTP.
 */
export function reofferMedia(
	before: LocalMedia,
	{formats, direction, packetTimeMs}: Pick<MediaView, 'formats' | 'direction' | 'packetTimeMs'>,
	crypto: HandleAttribute | undefined,
): LocalMedia {
	const {packetTimeMs: _, ...kept} = before;
	return {
		...kept,
		formats,
		direction,
		...(packetTimeMs === undefined ? {} : {packetTimeMs}),
		crypto: crypto === undefined ? [] : [crypto],
	};
}

/**
 * True where two descriptions of a stream by one side ask the same of the other side: formats, direction, packet time. Keys
 * and addresses are between the side and us.
 */
export function isSameStream(one: MediaView, other: MediaView): boolean {
	const key = ({media, formats, direction, packetTimeMs}: MediaView) =>
		JSON.stringify([
			media,
			formats.map(({format, rtpMap = '', parameters = ''}) => [format, rtpMap.toLowerCase(), parameters]),
			direction,
			packetTimeMs,
		]);
	return key(one) === key(other);
}

/** SAVP where keys go along, AVP where not; feedback (`F`) as it was. */
function protocolFor({protocol}: MediaView, isProtected: boolean): string {
	return `RTP/${isProtected ? 'SAVP' : 'AVP'}${protocol.endsWith('F') ? 'F' : ''}`;
}
