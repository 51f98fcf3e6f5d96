import type {LocalMedia, MediaView} from '../core/offer-answer/index.js';
import type {OwnKeyHandle} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import {type LegMedia, legCrypto, legSource, seenFromUs} from './leg-media.js';
import type {OpenedSession} from './opened-session.js';

/** Both descriptions of the stream that is carried. */
type Agreed = {
	/** The peer's. */
	readonly opened: OpenedSession;
	readonly streamIndex: number;
	/** Ours. */
	readonly section: LocalMedia | undefined;
	/** What we send with; undefined for plain RTP. */
	readonly ownKey: OwnKeyHandle | undefined;
	/** Where the peer wanted packets until now, for when it holds by an address of zeros. */
	readonly remoteBefore?: MediaView['remote'];
};

/** What holds on a leg whose offer we answer. Undefined where the stream is refused or has no address. */
export function mediaOfOffer(agreed: Agreed, chosen: HandleAttribute | undefined): LegMedia | undefined {
	const {section} = agreed;
	return agree(agreed, chosen, section?.isRtcpMultiplexed === true, () => section?.direction ?? 'sendrecv');
}

/** What holds on a leg whose peer has answered our offer. Undefined as above. */
export function mediaOfAnswer(agreed: Agreed): LegMedia | undefined {
	const {opened, streamIndex, section} = agreed;
	const stream = opened.session.media[streamIndex];
	const isMultiplexed = section?.isRtcpMultiplexed === true && stream?.isRtcpMultiplexed === true;
	return agree(agreed, stream?.crypto[0], isMultiplexed, ({direction}) => seenFromUs(direction));
}

function agree(
	{opened, streamIndex, section, ownKey, remoteBefore}: Agreed,
	chosen: HandleAttribute | undefined,
	isRtcpMultiplexed: boolean,
	directionOf: (stream: MediaView) => LegMedia['direction'],
): LegMedia | undefined {
	const stream = opened.session.media[streamIndex];
	const remote = stream?.remote ?? remoteBefore;
	if (stream === undefined || remote === undefined || stream.isRefused || section === undefined || section.port === 0) {
		return undefined;
	}

	const crypto = chosen && ownKey && legCrypto(opened.release, streamIndex, chosen, ownKey);
	return {
		streamIndex,
		stream,
		remote,
		direction: directionOf(stream),
		isRtcpMultiplexed,
		crypto,
		source: legSource(opened.release, remote),
	};
}
