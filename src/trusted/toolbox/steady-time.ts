import type {Clock} from '../../base/clock.js';

/**
 * The toolbox's time: the wall clock's at the start, carried on by the monotonic clock. A step of the wall clock, by
 * mistake or by an attacker, does not make stale messages fresh again.
 */
export class SteadyTime {
	readonly #clock: Clock;
	readonly #offsetMs: number;

	constructor(clock: Clock) {
		this.#clock = clock;
		this.#offsetMs = clock.wallMs() - clock.monotonicMs();
	}

	nowMs(): number {
		return Math.round(this.#offsetMs + this.#clock.monotonicMs());
	}
}
