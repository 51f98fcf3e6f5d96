import {isIP} from 'node:net';
import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {TransportAddress} from '../../trusted/media/protocol.js';
import {type HandleAttribute, parseHandleAttribute} from '../../wire/sdes/handle-attribute.js';
import {attributeValues, directionOf, hasAttribute, type MediaDirection, rtpMaps} from '../../wire/sdp/attributes.js';
import {connectionOf, parseConnection, rtcpPortOf} from '../../wire/sdp/connection.js';
import type {MediaSection, SessionDescription} from '../../wire/sdp/description.js';
import {parseSdp} from '../../wire/sdp/parse-sdp.js';

/** One format of a media section, with what the section says about it. */
export type MediaFormat = {
	/** As the `m=` line has it: a payload type, or something else where the protocol is not RTP. */
	readonly format: string;
	/** After the payload type of `a=rtpmap`: `opus/48000/2`. Absent for most static payload types. */
	readonly rtpMap?: string;
	/** After the payload type of `a=fmtp`. */
	readonly parameters?: string;
};

/** A media section as the other side sent it. */
export type MediaView = {
	/** audio, video … */
	readonly media: string;
	readonly protocol: string;
	/** True for port 0. */
	readonly isRefused: boolean;
	/** Where it wants to receive; undefined where refused or where the address is that of a hold (`0.0.0.0`, `::`). */
	readonly remote: {readonly rtp: TransportAddress; readonly rtcp: TransportAddress} | undefined;
	readonly isRtcpMultiplexed: boolean;
	readonly formats: readonly MediaFormat[];
	/** As the sender sees it. A hold by address (RFC 3264 §8.4) reads as `sendonly` or `inactive`. */
	readonly direction: MediaDirection;
	readonly packetTimeMs: number | undefined;
	/** Usable `a=crypto` lines in their order, keys as handles. */
	readonly crypto: readonly HandleAttribute[];
	/** `a=crypto` lines that cannot be used. */
	readonly unusableCrypto: number;
};

/** An offer or an answer as the other side sent it. */
export type SessionView = {
	readonly origin: SessionOrigin;
	readonly media: readonly MediaView[];
};

/** Value of an `o=` line (RFC 8866 §5.2). Id and version count further than a number can. */
export type SessionOrigin = {readonly username: string; readonly sessionId: bigint; readonly version: bigint};

export type SessionFailure = CodedFailure<
	| 'BAD_SDP'
	/** No media section, or none that is not refused. */
	| 'NO_MEDIA'
	/** A section in use without an address, or with one that is not a unicast number. */
	| 'BAD_MEDIA_ADDRESS'
	/** One tag twice in a section (RFC 4568 §4.1). */
	| 'DUPLICATE_CRYPTO_TAG'
>;

/** Reads an offer or an answer whose keys are handles. Never throws. */
export function readSession(sdp: string): Result<SessionView, SessionFailure> {
	const parsed = parseSdp(sdp);
	if (!parsed.ok) {
		return fail('BAD_SDP', parsed.failure.message);
	}

	const media: MediaView[] = [];
	for (const section of parsed.value.media) {
		const view = readMedia(parsed.value, section);
		if (!view.ok) {
			return view;
		}

		media.push(view.value);
	}

	return media.length === 0
		? fail('NO_MEDIA', 'Expected at least one media section, got none.')
		: ok({origin: readOrigin(parsed.value), media});
}

function readMedia(description: SessionDescription, section: MediaSection): Result<MediaView, SessionFailure> {
	const isRefused = section.port === 0;
	const connection = connectionOf(description, section);
	if (!isRefused && (!connection || !isUnicast(connection.address) || connection.multicast !== '')) {
		return fail('BAD_MEDIA_ADDRESS', 'Expected a numeric unicast address for each media section, got another or none.');
	}

	const address = connection?.address ?? '';
	const isHeldByAddress = !isRefused && isUnspecified(address);
	const crypto = readCrypto(section);
	if (!crypto.ok) {
		return crypto;
	}

	const packetTimeMs = Number(attributeValues(section, 'ptime')[0] ?? Number.NaN);
	return ok({
		media: section.media,
		protocol: section.protocol,
		isRefused,
		remote: isRefused || isHeldByAddress ? undefined : addressesOf(section, address),
		isRtcpMultiplexed: hasAttribute(section, 'rtcp-mux'),
		formats: readFormats(section),
		direction: isHeldByAddress ? heldDirection(directionOf(description, section)) : directionOf(description, section),
		packetTimeMs: packetTimeMs > 0 && packetTimeMs <= 1000 ? packetTimeMs : undefined,
		...crypto.value,
	});
}

/** RTCP goes to `a=rtcp` (RFC 3605), whose address is taken only where it is that of RTP: it is no way to a third party. */
function addressesOf(section: MediaSection, address: string): NonNullable<MediaView['remote']> {
	const rtcp = attributeValues(section, 'rtcp')[0]?.replace(/^\d+ ?/, '') ?? '';
	const named = parseConnection(rtcp);
	const isElsewhere = named.ok && named.value.address !== address;
	const port = isElsewhere ? section.port + 1 : rtcpPortOf(section);
	return {rtp: {address, port: section.port}, rtcp: {address, port: Math.min(port, 65_535)}};
}

function readFormats(section: MediaSection): MediaFormat[] {
	const readable = new Set(rtpMaps(section).map(({payloadType}) => String(payloadType)));
	const maps = byFormat(attributeValues(section, 'rtpmap'));
	const parameters = byFormat(attributeValues(section, 'fmtp'));
	return [...new Set(section.formats)].map((format) => {
		const rtpMap = readable.has(format) ? maps.get(format) : undefined;
		const ofFormat = parameters.get(format);
		return {
			format,
			...(rtpMap === undefined ? {} : {rtpMap}),
			...(ofFormat === undefined ? {} : {parameters: ofFormat}),
		};
	});
}

/** `format rest` of each value; the first of a format counts. */
function byFormat(values: readonly string[]): Map<string, string> {
	const found = new Map<string, string>();
	for (const value of values) {
		const [format = ''] = value.split(' ', 1);
		if (!found.has(format)) {
			found.set(format, value.slice(format.length + 1));
		}
	}

	return found;
}

function readCrypto(section: MediaSection): Result<Pick<MediaView, 'crypto' | 'unusableCrypto'>, SessionFailure> {
	const lines = attributeValues(section, 'crypto').map((value) => parseHandleAttribute(value));
	const crypto = lines.flatMap((line) => (line.ok ? [line.value] : []));
	const tags = lines.map((line) => (line.ok ? line.value.tag : line.failure.tag)).filter((tag) => tag !== undefined);
	return new Set(tags).size === tags.length
		? ok({crypto, unusableCrypto: lines.length - crypto.length})
		: fail('DUPLICATE_CRYPTO_TAG', 'Expected each crypto tag once in a media section, got one twice.');
}

function readOrigin({lines}: SessionDescription): SessionOrigin {
	const [username = '-', sessionId = '0', version = '0'] =
		lines.find(({type}) => type === 'o')?.value.split(/[ \t]+/) ?? [];
	return {username, sessionId: BigInt(sessionId), version: BigInt(version)};
}

/** A numeric address that is one host's: neither multicast nor the broadcast of IPv4, to which we would send for many. */
function isUnicast(address: string): boolean {
	return isIP(address) === 4 ? Number.parseInt(address, 10) < 224 : isIP(address) === 6 && !/^ff/i.test(address);
}

function isUnspecified(address: string): boolean {
	return address === '0.0.0.0' || /^[0:]+$/.test(address);
}

/** Who may not be sent to can still send (RFC 3264 §8.4). */
function heldDirection(direction: MediaDirection): MediaDirection {
	return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive';
}
