/** How much the ledger takes, and what is left beside it, at one time. */
export type DiskSample = {readonly atMs: number; readonly usedOctets: number; readonly freeOctets: number};

/**
 * Says when the disk will be full: the growth over the last seven days, or since the start where that is later, carried on. Of
 * each hour one sample is kept. Knows nothing of the file system: it is fed.
 */
export class DiskForecast {
	#samples: DiskSample[] = [];

	add(sample: DiskSample): void {
		const last = this.#samples.at(-1);
		// The newest stands for its hour; those of whole hours stay.
		if (last && this.#samples.length > 1 && sample.atMs - (this.#samples.at(-2)?.atMs ?? 0) < hourMs) {
			this.#samples.pop();
		}

		this.#samples = [...this.#samples.filter(({atMs}) => atMs > sample.atMs - historyMs), sample];
	}

	/** Days until nothing is left; Infinity where the ledger does not grow; undefined before an hour has passed. */
	daysLeft(): number | undefined {
		const [first] = this.#samples;
		const last = this.#samples.at(-1);
		if (!first || !last || last.atMs - first.atMs < hourMs) {
			return undefined;
		}

		const octetsPerDay = ((last.usedOctets - first.usedOctets) / (last.atMs - first.atMs)) * dayMs;
		return octetsPerDay <= 0 ? Number.POSITIVE_INFINITY : last.freeOctets / octetsPerDay;
	}

	/** One sentence where somebody must act; undefined where nothing is amiss. */
	warning(leastDays = 30): string | undefined {
		const last = this.#samples.at(-1);
		if (last && last.freeOctets < leastFreeOctets) {
			return `The file system of the ledger has ${Math.floor(last.freeOctets / 1_048_576)} MiB left; when it is full no call is accepted.`;
		}

		const days = this.daysLeft();
		return days !== undefined && days < leastDays
			? `At the rate of the last days the file system of the ledger is full in ${days.toFixed(1)} days; then no call is accepted.`
			: undefined;
	}
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const historyMs = 7 * dayMs;
const leastFreeOctets = 64 * 1_048_576;
