import {ok, type Result} from '../../../base/result.js';
import {type UnprotectFailure, unprotectFailure} from './failures.js';
import {coded} from './master-key.js';
import {type NativeInbound, nativeSrtp} from './native-srtp.js';
import {checkedPacket, nativeArguments, type SrtpSessionOptions} from './session-options.js';
import {live, readRolloverCounter, writeRolloverCounter} from './session-state.js';

const optionNames = ['keys', 'replayWindowPackets', 'maxSources'];

/**
 * The receiving half of one SRTP crypto context (RFC 3711 §3.2): opens each packet at most once, in any order.
 * All methods throw `SallyportError` SESSION_DESTROYED after `destroy()`.
 */
export class SrtpInbound {
	#session: NativeInbound | undefined;

	/** Throws `TypeError`, `RangeError`, or `SallyportError` KEY_DESTROYED. */
	constructor(options: SrtpSessionOptions) {
		const native = nativeArguments(options, optionNames);
		const {SrtpInbound: Native} = nativeSrtp();
		this.#session = coded(() => new Native(...native));
	}

	/** The RTP packet inside an SRTP packet, as a new array. */
	unprotectRtp(packet: Uint8Array): Result<Uint8Array, UnprotectFailure> {
		const outcome = live(this.#session).unprotectRtp(checkedPacket(packet));
		return typeof outcome === 'string' ? unprotectFailure(outcome) : ok(outcome);
	}

	/** The RTCP compound inside an SRTCP packet, as a new array. One that is not encrypted is MALFORMED. */
	unprotectRtcp(packet: Uint8Array): Result<Uint8Array, UnprotectFailure> {
		const outcome = live(this.#session).unprotectRtcp(checkedPacket(packet));
		return typeof outcome === 'string' ? unprotectFailure(outcome) : ok(outcome);
	}

	/** Rollover counter of a source; `undefined` while nothing of it was received or set. */
	rolloverCounter(ssrc: number): number | undefined {
		return readRolloverCounter(live(this.#session), ssrc);
	}

	/**
	 * Sets the counter for the next packet of a source, also of one that was not seen yet (late joiner, RFC 3711 §3.3.1).
	 * Throws `RangeError` for a counter behind packets that were opened already, `SallyportError` TOO_MANY_SOURCES.
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
