import {isIP} from 'node:net';
import {type HandleAttribute, writeHandleAttribute} from '../../wire/sdes/handle-attribute.js';
import {type MediaDirection, withAttributes, withDirection} from '../../wire/sdp/attributes.js';
import {withConnection} from '../../wire/sdp/connection.js';
import type {MediaSection, SessionDescription} from '../../wire/sdp/description.js';
import {writeSdp} from '../../wire/sdp/parse-sdp.js';
import type {MediaFormat} from './session-view.js';

/** A media section of ours. */
export type LocalMedia = {
	readonly media: string;
	readonly protocol: string;
	/** Where we receive RTP; 0 refuses the stream. */
	readonly port: number;
	/** @default port + 1 */
	readonly rtcpPort?: number;
	readonly isRtcpMultiplexed?: boolean;
	readonly formats: readonly MediaFormat[];
	/** @default 'sendrecv' */
	readonly direction?: MediaDirection;
	readonly packetTimeMs?: number;
	/** By preference in an offer, one at most in an answer. */
	readonly crypto?: readonly HandleAttribute[];
};

export type LocalSessionOptions = {
	/** Unsigned 63 bits that no other session of ours has (RFC 8866 §5.2). */
	readonly sessionId: bigint;
	/** Numeric address of `o=` and `c=`. */
	readonly address: string;
	/** @default '-' */
	readonly username?: string;
	/** @default '-' */
	readonly name?: string;
};

/** Our side of a session as plain data: what another process needs to write on where this one stopped. */
export type LocalSessionState = Required<LocalSessionOptions> & {
	readonly version: bigint;
	/** What was written last; undefined where nothing was. */
	readonly last: string | undefined;
};

/**
 * Our side of one session: writes our offers and answers, with a version in `o=` that goes up by one whenever anything
 * else has changed, and only then (RFC 3264 §8).
 */
export class LocalSession {
	readonly #options: LocalSessionOptions;
	#version = 1n;
	#last: string | undefined;

	constructor(options: LocalSessionOptions) {
		if (isIP(options.address) === 0) {
			throw new RangeError('Expected a numeric `address`.');
		}

		this.#options = {...options};
	}

	static restore({version, last, ...options}: LocalSessionState): LocalSession {
		const session = new LocalSession(options);
		session.#version = version;
		session.#last = last;
		return session;
	}

	/** What {@link restore} takes. */
	toState(): LocalSessionState {
		const {sessionId, address, username = '-', name = '-'} = this.#options;
		return {sessionId, address, username, name, version: this.#version, last: this.#last};
	}

	/** The SDP of handles with these media sections, in order. */
	write(media: readonly LocalMedia[]): string {
		const same = this.#writeVersion(media);
		if (this.#last === undefined || same === this.#last) {
			this.#last = same;
			return same;
		}

		this.#version++;
		this.#last = this.#writeVersion(media);
		return this.#last;
	}

	#writeVersion(media: readonly LocalMedia[]): string {
		const {sessionId, address, username = '-', name = '-'} = this.#options;
		const family = address.includes(':') ? 'IP6' : 'IP4';
		const description: SessionDescription = {
			lines: [
				{type: 'v', value: '0'},
				{type: 'o', value: `${username} ${sessionId} ${this.#version} IN ${family} ${address}`},
				{type: 's', value: name},
				{type: 't', value: '0 0'},
			],
			media: media.map(writeMedia),
		};
		return writeSdp(withConnection(description, address));
	}
}

/** A refused section needs its `m=` line only (RFC 3264 §6). */
function writeMedia(local: LocalMedia): MediaSection {
	const {media, protocol, port, formats} = local;
	const section: MediaSection = {
		media,
		port,
		portCount: 1,
		protocol,
		formats: formats.map(({format}) => format),
		lines: [],
	};
	return port === 0 ? section : withDetails(section, local);
}

function withDetails(bare: MediaSection, local: LocalMedia): MediaSection {
	const {port, rtcpPort = port + 1, formats, packetTimeMs, crypto = [], isRtcpMultiplexed = false} = local;
	const rtpMaps = formats.flatMap(({format, rtpMap}) => (rtpMap === undefined ? [] : [`${format} ${rtpMap}`]));
	const parameters = formats.flatMap((one) =>
		one.parameters === undefined ? [] : [`${one.format} ${one.parameters}`],
	);
	let section = withAttributes(bare, 'rtpmap', rtpMaps);
	section = withAttributes(section, 'fmtp', parameters);
	section = withAttributes(section, 'ptime', packetTimeMs === undefined ? [] : [String(packetTimeMs)]);
	section = withAttributes(section, 'rtcp', rtcpPort === port + 1 || isRtcpMultiplexed ? [] : [String(rtcpPort)]);
	section = withAttributes(section, 'rtcp-mux', isRtcpMultiplexed ? [''] : []);
	section = withAttributes(section, 'crypto', crypto.map(writeHandleAttribute));
	return withDirection(section, local.direction ?? 'sendrecv');
}
