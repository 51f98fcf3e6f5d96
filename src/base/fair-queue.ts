export type FairQueueLimits = {
	/** Jobs of one source that may be open, under way and waiting together. */
	readonly perSource: number;
	/** Jobs that may be under way at once, of all sources together. */
	readonly atOnce: number;
	/** Jobs that may wait, of all sources together. */
	readonly waiting: number;
};

type Source<Job> = {underWay: number; readonly waiting: Job[]};

/**
 * Whose turn it is: jobs wait by source, and sources are served one after another, so that one that has much to do keeps
 * nobody else waiting for longer than a job of its own. It runs nothing itself: `add`, then `next` until it has none, and
 * `finish` for each that it gave.
 */
export class FairQueue<Job> {
	readonly #limits: FairQueueLimits;
	/** In the order in which they are served: who was served goes to the end. */
	readonly #sources = new Map<string, Source<Job>>();
	#underWay = 0;
	#waiting = 0;

	/** Throws `RangeError` where a limit is no positive integer. */
	constructor(limits: FairQueueLimits) {
		for (const [name, value] of Object.entries(limits)) {
			if (!Number.isInteger(value) || value < 1) {
				throw new RangeError(`Expected a positive integer for \`${name}\`, got ${value}.`);
			}
		}

		this.#limits = {...limits};
	}

	get underWay(): number {
		return this.#underWay;
	}

	get waiting(): number {
		return this.#waiting;
	}

	/** Sources that have a job open; others are not remembered. */
	get sources(): number {
		return this.#sources.size;
	}

	/**
	 * Takes a job in, and returns the one that finds no place for it: this job where its source has as many as it may, the
	 * newest of the source with most where all that wait are too many.
	 */
	add(name: string, job: Job): Job | undefined {
		const source = this.#sources.get(name) ?? {underWay: 0, waiting: []};
		if (source.underWay + source.waiting.length >= this.#limits.perSource) {
			return job;
		}

		this.#sources.set(name, source);
		source.waiting.push(job);
		this.#waiting++;
		return this.#waiting > this.#limits.waiting ? this.#shed() : undefined;
	}

	/** The next job to begin; undefined where none waits or as many as may are under way. */
	next(): {readonly source: string; readonly job: Job} | undefined {
		if (this.#waiting === 0 || this.#underWay >= this.#limits.atOnce) {
			return undefined;
		}

		for (const [name, source] of this.#sources) {
			const job = source.waiting.shift();
			if (job !== undefined) {
				source.underWay++;
				this.#underWay++;
				this.#waiting--;
				this.#sources.delete(name);
				this.#sources.set(name, source);
				return {source: name, job};
			}
		}

		return undefined;
	}

	/** A job that `next` gave is done. */
	finish(name: string): void {
		const source = this.#sources.get(name);
		if (source === undefined || source.underWay === 0) {
			throw new RangeError('Expected a source with a job under way.');
		}

		source.underWay--;
		this.#underWay--;
		this.#forgetIdle(name, source);
	}

	#shed(): Job | undefined {
		let most: [string, Source<Job>] | undefined;
		for (const entry of this.#sources) {
			if (most === undefined || entry[1].waiting.length >= most[1].waiting.length) {
				most = entry;
			}
		}

		const job = most?.[1].waiting.pop();
		this.#waiting--;
		if (most) {
			this.#forgetIdle(...most);
		}

		return job;
	}

	#forgetIdle(name: string, source: Source<Job>): void {
		if (source.underWay === 0 && source.waiting.length === 0) {
			this.#sources.delete(name);
		}
	}
}
