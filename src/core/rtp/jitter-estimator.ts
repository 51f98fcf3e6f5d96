import {timestampDistance} from '../../wire/rtp/sequence-number.js';

/** Interarrival jitter of one source (RFC 3550 §6.4.1 and App. A.8). */
export class JitterEstimator {
	readonly #clockRate: number;
	#previous: {readonly timestamp: number; readonly arrivalMs: number} | undefined;
	#jitter = 0;

	/** `clockRate` in Hz: that of the payload type. */
	constructor(clockRate: number) {
		if (!Number.isInteger(clockRate) || clockRate < 1) {
			throw new RangeError(`Expected a positive integer for \`clockRate\`, got ${clockRate}.`);
		}

		this.#clockRate = clockRate;
	}

	/** Jitter in timestamp units, smoothed with a gain of 1/16. */
	get jitter(): number {
		return this.#jitter;
	}

	get jitterMs(): number {
		return (this.#jitter * 1000) / this.#clockRate;
	}

	/** Takes a packet's RTP timestamp and when it came, on any clock that does not step. */
	update(timestamp: number, arrivalMs: number): void {
		if (this.#previous) {
			const arrivalUnits = ((arrivalMs - this.#previous.arrivalMs) * this.#clockRate) / 1000;
			const difference = arrivalUnits - timestampDistance(this.#previous.timestamp, timestamp);
			this.#jitter += (Math.abs(difference) - this.#jitter) / 16;
		}

		this.#previous = {timestamp, arrivalMs};
	}

	/** Forgets the previous packet, after which the source's clock may have jumped. */
	restart(): void {
		this.#previous = undefined;
	}
}
