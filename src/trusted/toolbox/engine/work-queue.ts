import {FairQueue, type FairQueueLimits} from '../../../base/fair-queue.js';

type Waiting = {readonly begin: (mayBegin: boolean) => void};

/** Public-key work of messages, source by source in turn (`FairQueue`). */
export class WorkQueue {
	readonly #queue: FairQueue<Waiting>;
	#refused = 0;
	#mostOpen = 0;

	constructor({perSource = 64, atOnce = 16, waiting = 1024}: Partial<FairQueueLimits> = {}) {
		this.#queue = new FairQueue({perSource, atOnce, waiting});
	}

	/** Messages that found no place since the start. */
	get refused(): number {
		return this.#refused;
	}

	/** Messages that are worked on or wait. */
	get open(): number {
		return this.#queue.underWay + this.#queue.waiting;
	}

	/** The most that were open at one time since the start. */
	get mostOpen(): number {
		return this.#mostOpen;
	}

	/** Does the work when it is its source's turn; undefined where there is no place for it, and nothing was begun. */
	async run<Outcome>(source: string, work: () => Promise<Outcome>): Promise<Outcome | undefined> {
		const mayBegin = await new Promise<boolean>((begin) => {
			this.#queue.add(source, {begin})?.begin(false);
			this.#mostOpen = Math.max(this.#mostOpen, this.open);
			this.#beginNext();
		});
		if (!mayBegin) {
			this.#refused++;
			return undefined;
		}

		try {
			return await work();
		} finally {
			this.#queue.finish(source);
			this.#beginNext();
		}
	}

	#beginNext(): void {
		for (let next = this.#queue.next(); next !== undefined; next = this.#queue.next()) {
			next.job.begin(true);
		}
	}
}
