import {ok, type Result} from '../../../base/result.js';
import {type ProtectFailure, protectFailure} from './failures.js';
import {coded} from './master-key.js';
import {type NativeOutbound, nativeSrtp} from './native-srtp.js';
import {checkedPacket, nativeArguments, type SrtpSessionOptions} from './session-options.js';
import {live, readRolloverCounter, writeRolloverCounter} from './session-state.js';

/** Options of {@link SrtpOutbound}. */
export type SrtpOutboundOptions = SrtpSessionOptions & {
	/** MKI of the key that protects. @default that of the first of `keys` */
	readonly activeMki?: Uint8Array;
};

const optionNames = ['keys', 'replayWindowPackets', 'maxSources', 'activeMki'];

/**
 * The sending half of one SRTP crypto context (RFC 3711 §3.2): never uses an index of a source twice (§9.1).
 * All methods throw `SallyportError` SESSION_DESTROYED after `destroy()`.
 */
export class SrtpOutbound {
	#session: NativeOutbound | undefined;

	/** Throws `TypeError`, `RangeError`, or `SallyportError` KEY_DESTROYED. */
	constructor(options: SrtpOutboundOptions) {
		const native = nativeArguments(options, optionNames, options?.activeMki);
		const {SrtpOutbound: Native} = nativeSrtp();
		this.#session = coded(() => new Native(...native));
	}

	/** The SRTP packet for an RTP packet, as a new array. */
	protectRtp(packet: Uint8Array): Result<Uint8Array, ProtectFailure> {
		const outcome = live(this.#session).protectRtp(checkedPacket(packet));
		return typeof outcome === 'string' ? protectFailure(outcome) : ok(outcome);
	}

	/** The SRTCP packet for an RTCP compound, as a new array. */
	protectRtcp(packet: Uint8Array): Result<Uint8Array, ProtectFailure> {
		const outcome = live(this.#session).protectRtcp(checkedPacket(packet));
		return typeof outcome === 'string' ? protectFailure(outcome) : ok(outcome);
	}

	/** Rollover counter of a source; `undefined` while nothing of it was sent or set. */
	rolloverCounter(ssrc: number): number | undefined {
		return readRolloverCounter(live(this.#session), ssrc);
	}

	/**
	 * Sets the counter for the next packet of a source, also of one that was not used yet.
	 * Throws `RangeError` for a counter behind packets that were sent already, `SallyportError` TOO_MANY_SOURCES.
	 */
	setRolloverCounter(ssrc: number, rolloverCounter: number): void {
		writeRolloverCounter(live(this.#session), ssrc, rolloverCounter);
	}

	/** Overwrites and frees the session keys. Safe to call twice. */
	destroy(): void {
		this.#session?.destroy();
		this.#session = undefined;
	}
}
