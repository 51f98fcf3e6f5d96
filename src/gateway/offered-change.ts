import {isDeepStrictEqual} from 'node:util';
import {chooseCrypto, type MediaView} from '../core/offer-answer/index.js';
import type {Release} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {isCarried, type LegCrypto, type LegMedia, legCrypto} from './leg-media.js';
import type {OpenedSession} from './opened-session.js';

/** What a new offer of a peer means for its own leg. */
export type OfferedChange = {
	readonly stream: MediaView;
	readonly remote: LegMedia['remote'];
	/** The crypto line to take; undefined for plain RTP. */
	readonly chosen: HandleAttribute | undefined;
	/** The peer sends under another key from now on, or to another address: our own key has to follow (RFC 4568 §7.1.4). */
	readonly needsFreshKey: boolean;
	/** SRTP to another address: a new stream on either side, with rollover counters from 0. */
	readonly hasMoved: boolean;
	/** The new own key may wait until the peer has our answer: the old one goes on under the same suite. */
	readonly mayWait: boolean;
};

/**
 * Reads a new offer beside what is in force. Undefined where the stream that is carried is not in it any more, or not as
 * protected as it was.
 */
export function readChange(
	before: LegMedia,
	{release, session}: OpenedSession,
	suites: readonly SrtpSuiteName[],
): OfferedChange | undefined {
	const stream = session.media[before.streamIndex];
	const chosen = stream && chooseAgain(stream, before, release, suites);
	const isProtected = before.crypto !== undefined;
	const isAsProtected =
		isProtected === (chosen !== undefined) && (isProtected || stream?.protocol.includes('SAVP') === false);
	if (stream === undefined || !isCarried(stream) || !isAsProtected) {
		return undefined;
	}

	const remote = stream.remote ?? before.remote;
	const hasMoved = isProtected && !isDeepStrictEqual(remote.rtp, before.remote.rtp);
	const needsFreshKey = hasMoved || (chosen !== undefined && !isInForce(chosen, before, release));
	return {
		stream,
		remote,
		chosen,
		needsFreshKey,
		hasMoved,
		mayWait: !hasMoved && chosen?.suite === before.crypto?.suite,
	};
}

/** The line in force where it is offered again; then one of its suite; then as in a first offer. */
function chooseAgain(
	stream: MediaView,
	before: LegMedia,
	release: Release,
	suites: readonly SrtpSuiteName[],
): HandleAttribute | undefined {
	const {crypto} = before;
	if (crypto === undefined) {
		return chooseCrypto(stream, suites);
	}

	const inForce = stream.crypto.filter((line) => isInForce(line, before, release));
	return (
		chooseCrypto({crypto: inForce}, [crypto.suite]) ??
		chooseCrypto(stream, suites.includes(crypto.suite) ? [crypto.suite] : []) ??
		chooseCrypto(stream, suites)
	);
}

function isInForce(line: HandleAttribute, {streamIndex, crypto}: LegMedia, release: Release): boolean {
	return (
		crypto !== undefined &&
		line.suite === crypto.suite &&
		isDeepStrictEqual(legCrypto(release, streamIndex, line, crypto.ownKey).peerKeys.map(keyName), peerKeyNames(crypto))
	);
}

function peerKeyNames({peerKeys}: LegCrypto): readonly string[] {
	return peerKeys.map(keyName);
}

function keyName({key}: LegCrypto['peerKeys'][number]): string {
	return key;
}
