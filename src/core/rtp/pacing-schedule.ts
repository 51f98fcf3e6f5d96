/**
 * When packets of equal length are due: the n-th at start + n · interval, so that late timers never add up.
 * After a stall the backlog goes out in bursts of at most `maxBurstPackets`, half an interval apart.
 */
export class PacingSchedule {
	readonly #startMs: number;
	readonly #intervalMs: number;
	readonly #maxBurstPackets: number;
	#next = 0;
	#notBeforeMs: number;

	constructor(startMs: number, intervalMs: number, maxBurstPackets: number) {
		if (!(intervalMs > 0) || !Number.isInteger(maxBurstPackets) || maxBurstPackets < 1) {
			throw new RangeError(
				`Expected a positive interval and a whole burst ≥ 1, got ${intervalMs} and ${maxBurstPackets}.`,
			);
		}

		this.#startMs = startMs;
		this.#intervalMs = intervalMs;
		this.#maxBurstPackets = maxBurstPackets;
		this.#notBeforeMs = startMs;
	}

	/** When the next packet is due by the clock alone. */
	get nextDueMs(): number {
		return this.#startMs + this.#next * this.#intervalMs;
	}

	/** When `take` has something to give again. */
	get waitUntilMs(): number {
		return Math.max(this.nextDueMs, this.#notBeforeMs);
	}

	/** How many packets are to be sent now; they count as sent. */
	take(nowMs: number): number {
		if (nowMs < this.waitUntilMs) {
			return 0;
		}

		const overdue = Math.floor((nowMs - this.nextDueMs) / this.#intervalMs) + 1;
		const count = Math.min(overdue, this.#maxBurstPackets);
		this.#next += count;
		if (overdue > count) {
			this.#notBeforeMs = nowMs + this.#intervalMs / 2;
		}

		return count;
	}
}
