import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {HandleAttribute} from '../../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import type {MediaDirection} from '../../wire/sdp/attributes.js';
import type {LocalMedia} from './local-session.js';
import type {MediaView, SessionView} from './session-view.js';

/** What we accept of one offered section. */
export type AcceptedMedia = {
	readonly port: number;
	readonly rtcpPort?: number;
	/** Taken only where it was offered. */
	readonly isRtcpMultiplexed?: boolean;
	/** Formats of the offer, by its numbers, that we take; ours first where we prefer one. */
	readonly formats: readonly string[];
	/** What we would like to do; narrowed by what was offered. @default 'sendrecv' */
	readonly direction?: MediaDirection;
	readonly packetTimeMs?: number;
	/** The line of the offer that we chose, and our own key for it. */
	readonly crypto?: {readonly chosen: HandleAttribute; readonly handle: string};
};

export type AnswerFailure = CodedFailure<
	| 'MEDIA_COUNT'
	/** Another kind of media or protocol than offered, or a section taken up that the offer refused. */
	| 'MEDIA_MISMATCH'
	| 'NO_COMMON_FORMAT'
	/** A direction that the offer does not allow (RFC 3264 §6.1). */
	| 'BAD_DIRECTION'
	/** No crypto line where there must be one, or one where none was offered. */
	| 'CRYPTO_MISSING'
	| 'CRYPTO_UNEXPECTED'
	/** More than one line, or a tag or suite that was not offered (RFC 4568 §5.1.3). */
	| 'CRYPTO_MISMATCH'
	/** Everything was refused. */
	| 'NO_MEDIA'
>;

/**
 * The crypto line of an offer to take: the first in the offerer's order whose suite is acceptable (RFC 4568 §5.1.2), or by
 * our own order where `order` says so. Lines that would switch protection off or need a key derivation rate are passed over.
 */
export function chooseCrypto(
	{crypto}: Pick<MediaView, 'crypto'>,
	acceptable: readonly SrtpSuiteName[],
	order: 'theirs' | 'ours' = 'theirs',
): HandleAttribute | undefined {
	const usable = crypto.filter((line) => acceptable.includes(line.suite) && isFullyProtected(line));
	return order === 'theirs'
		? usable[0]
		: acceptable.map((suite) => usable.find((line) => line.suite === suite)).find((line) => line !== undefined);
}

/**
 * The sections of our answer: as many as the offer has, in its order, those refused with port 0 (RFC 3264 §6). Give them
 * to `LocalSession.write`. Throws `RangeError` where `accepted` does not fit the offer: the caller's mistake.
 *
 * @param accepted One entry per offered section; undefined refuses it.
 */
export function buildAnswer(offer: SessionView, accepted: readonly (AcceptedMedia | undefined)[]): LocalMedia[] {
	if (accepted.length !== offer.media.length) {
		throw new RangeError(`Expected ${offer.media.length} decisions, one per media section, got ${accepted.length}.`);
	}

	return offer.media.map((offered, index) => {
		const taken = accepted[index];
		const {media, protocol, formats} = offered;
		return taken ? answerMedia(offered, taken) : {media, protocol, port: 0, formats};
	});
}

/**
 * Checks what came back for an offer of ours (RFC 3264 §6, RFC 4568 §5.1.3): section by section the same media and protocol,
 * a common format, a direction that the offer allows, and exactly one of the offered crypto lines where there were any.
 */
export function checkAnswer(offer: readonly LocalMedia[], answer: SessionView): Result<void, AnswerFailure> {
	if (offer.length !== answer.media.length) {
		return fail('MEDIA_COUNT', `Expected ${offer.length} media sections, got ${answer.media.length}.`);
	}

	for (const [index, offered] of offer.entries()) {
		const answered = answer.media[index];
		const failure = answered && checkMedia(offered, answered);
		if (failure) {
			return {ok: false, failure};
		}
	}

	return answer.media.every(({isRefused}) => isRefused)
		? fail('NO_MEDIA', 'Expected at least one stream to be taken, got none.')
		: ok(undefined);
}

/** Direction of an answer: what we want, as far as the offer leaves it to us (RFC 3264 §6.1). */
export function answerDirection(offered: MediaDirection, wanted: MediaDirection): MediaDirection {
	const maySend =
		(offered === 'sendrecv' || offered === 'recvonly') && (wanted === 'sendrecv' || wanted === 'sendonly');
	const mayReceive =
		(offered === 'sendrecv' || offered === 'sendonly') && (wanted === 'sendrecv' || wanted === 'recvonly');
	if (maySend) {
		return mayReceive ? 'sendrecv' : 'sendonly';
	}

	return mayReceive ? 'recvonly' : 'inactive';
}

function answerMedia(offered: MediaView, taken: AcceptedMedia): LocalMedia {
	const formats = taken.formats.flatMap((format) => offered.formats.filter((one) => one.format === format));
	const {crypto} = taken;
	if (offered.isRefused || taken.port === 0 || formats.length === 0 || formats.length !== taken.formats.length) {
		throw new RangeError('Expected a port and formats of the offer for a section that the offer does not refuse.');
	}

	if (!crypto && /(?:^|\/)SAVPF?$/i.test(offered.protocol)) {
		throw new RangeError('Expected a crypto line for a section that offers SRTP.');
	}

	if (crypto && !isOffered(crypto.chosen, offered.crypto)) {
		throw new RangeError('Expected the crypto line to be one of the offer.');
	}

	return {
		media: offered.media,
		protocol: offered.protocol,
		port: taken.port,
		...(taken.rtcpPort === undefined ? {} : {rtcpPort: taken.rtcpPort}),
		isRtcpMultiplexed: offered.isRtcpMultiplexed && taken.isRtcpMultiplexed === true,
		formats,
		direction: answerDirection(offered.direction, taken.direction ?? 'sendrecv'),
		...(taken.packetTimeMs === undefined ? {} : {packetTimeMs: taken.packetTimeMs}),
		crypto: crypto ? [answerCrypto(crypto.chosen, crypto.handle)] : [],
	};
}

/** The offer's tag and suite, as the offer spells it, with our key; declarative parameters are each side's own. */
function answerCrypto({tag, suite, suiteSpelling}: HandleAttribute, handle: string): HandleAttribute {
	return {tag, suite, ...(suiteSpelling === undefined ? {} : {suiteSpelling}), handle, sessionParameters: {}};
}

function checkMedia(offered: LocalMedia, answered: MediaView): AnswerFailure | undefined {
	if (answered.media !== offered.media || (offered.port === 0 && !answered.isRefused)) {
		return {code: 'MEDIA_MISMATCH', message: 'Expected the media of the offer, got another or one that it refused.'};
	}

	if (answered.isRefused) {
		return undefined;
	}

	if (answered.protocol.toUpperCase() !== offered.protocol.toUpperCase()) {
		return {code: 'MEDIA_MISMATCH', message: 'Expected the protocol of the offer, got another.'};
	}

	if (!answered.formats.some(({format}) => offered.formats.some((one) => one.format === format))) {
		return {code: 'NO_COMMON_FORMAT', message: 'Expected a format of the offer, got others only.'};
	}

	if (answerDirection(offered.direction ?? 'sendrecv', answered.direction) !== answered.direction) {
		return {code: 'BAD_DIRECTION', message: `Expected a direction that fits ${offered.direction}, got another.`};
	}

	return checkCrypto(offered.crypto ?? [], answered);
}

function checkCrypto(
	offered: readonly HandleAttribute[],
	{crypto, unusableCrypto}: MediaView,
): AnswerFailure | undefined {
	const [line, ...others] = crypto;
	const count = crypto.length + unusableCrypto;
	if (offered.length === 0) {
		return count === 0
			? undefined
			: {code: 'CRYPTO_UNEXPECTED', message: 'Expected no crypto line where none was offered, got one.'};
	}

	if (count === 0) {
		return {code: 'CRYPTO_MISSING', message: 'Expected one crypto line, got none.'};
	}

	return line && others.length === 0 && unusableCrypto === 0 && isOffered(line, offered) && isFullyProtected(line)
		? undefined
		: {code: 'CRYPTO_MISMATCH', message: 'Expected one of the crypto lines of the offer, got another or several.'};
}

function isOffered(line: HandleAttribute, offered: readonly HandleAttribute[]): boolean {
	return offered.some(({tag, suite}) => tag === line.tag && suite === line.suite);
}

function isFullyProtected({sessionParameters}: HandleAttribute): boolean {
	return (
		sessionParameters.isSrtpUnencrypted === undefined &&
		sessionParameters.isSrtcpUnencrypted === undefined &&
		sessionParameters.isSrtpUnauthenticated === undefined &&
		sessionParameters.keyDerivationRate === undefined
	);
}
