import {ok, type Result} from '../base/result.js';
import {type MediaView, readSession, type SessionView} from '../core/offer-answer/index.js';
import type {ConfigureLeg, LegProtection} from '../trusted/media/protocol.js';
import type {FilterInbound, OwnKeyHandle, PeerKeyHandle, Release} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {MediaDirection} from '../wire/sdp/attributes.js';
import type {MessageFilter} from './message-filter.js';
import {failed, type Refusal, refusalOf, refuse} from './refusal.js';

export type LegName = 'caller' | 'callee';

/** What a peer sent and the toolbox released. */
export type OpenedSession = {
	readonly release: Release;
	readonly session: SessionView;
};

/** Lets the toolbox open what a peer sent, and reads the SDP of handles that it releases. */
export async function openSession(
	filter: Pick<MessageFilter, 'filterInbound'>,
	request: Omit<FilterInbound, 'kind'>,
): Promise<Result<OpenedSession, Refusal>> {
	const filtered = await filter.filterInbound(request);
	if (filtered.verdict === 'denial') {
		return failed(refusalOf(filtered));
	}

	const session = readSession(filtered.sdp);
	return session.ok
		? ok({release: filtered, session: session.value})
		: failed(refuse(488, 'Not Acceptable Here', session.failure.code));
}

/** Index of the stream that is carried: the first audio over RTP that is not refused. */
export function carriedStream(session: SessionView): number | undefined {
	const index = session.media.findIndex(
		({media, isRefused, remote, protocol}) =>
			media === 'audio' && !isRefused && remote !== undefined && /^RTP\/S?AVPF?$/.test(protocol),
	);
	return index === -1 ? undefined : index;
}

/**
 * The command that configures a leg for a stream: where the peer wants packets, what it sends with, what we send with.
 * Undefined where the peer named no address.
 *
 * @param chosen The crypto line of the peer that is in force; undefined for plain RTP.
 */
export function legConfiguration(
	call: string,
	leg: LegName,
	{release, session}: OpenedSession,
	streamIndex: number,
	crypto: {readonly chosen: HandleAttribute; readonly ownKey: OwnKeyHandle} | undefined,
): Omit<ConfigureLeg, 'kind'> | undefined {
	const stream = session.media[streamIndex];
	if (stream?.remote === undefined) {
		return undefined;
	}

	return {
		call,
		leg,
		remote: stream.remote,
		protection: crypto === undefined ? {kind: 'clear'} : srtpProtection(release, streamIndex, crypto),
		source: {kind: 'declared'},
		payloadTypes: payloadTypes(stream),
		direction: seenFromUs(stream.direction),
	};
}

function srtpProtection(
	release: Release,
	streamIndex: number,
	{chosen, ownKey}: {readonly chosen: HandleAttribute; readonly ownKey: OwnKeyHandle},
): LegProtection {
	const peerKeys = release.keys.filter(({mediaIndex, tag}) => mediaIndex === streamIndex && tag === chosen.tag);
	return {
		kind: 'srtp',
		suite: chosen.suite,
		inbound: peerKeys.map(({handle, mki}): {key: PeerKeyHandle; mki?: Uint8Array} =>
			mki.length === 0 ? {key: handle} : {key: handle, mki},
		),
		outbound: {key: ownKey},
	};
}

function payloadTypes({formats}: MediaView): number[] {
	return formats.map(({format}) => Number(format)).filter((type) => Number.isInteger(type) && type >= 0 && type <= 127);
}

function seenFromUs(direction: MediaDirection): MediaDirection {
	switch (direction) {
		case 'sendonly':
			return 'recvonly';
		case 'recvonly':
			return 'sendonly';
		default:
			return direction;
	}
}
