import type {KeyObject} from 'node:crypto';
import {availableParallelism} from 'node:os';
import {Worker} from 'node:worker_threads';
import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import type {ArithmeticFailure} from './cms-arithmetic.js';
import type {CryptoJob} from './crypto-job.js';
import type {CryptoWorkerData, CryptoWorkerReply, CryptoWorkerRequest} from './crypto-worker.js';

export type CryptoPoolOptions = {
	/** Threads. @default one less than there are cores, at least one */
	readonly workers?: number;
	/** Jobs that may wait; the next one is refused with `OVERLOADED`. @default 1024 */
	readonly maxQueuedJobs?: number;
	/** @internal Another worker, for tests. */
	readonly workerUrl?: URL;
};

/**
 * Threads for public-key work, apart from libuv's pool, which the store needs. They keep the process alive only while
 * they have work. A thread that dies fails its jobs with `OPERATION_FAILED` and is replaced when there is more to do.
 */
export class CryptoPool {
	readonly #workerUrl: URL;
	readonly #workerData: CryptoWorkerData;
	readonly #maxWorkers: number;
	readonly #maxQueuedJobs: number;
	readonly #threads = new Set<Thread>();
	#queue: PendingJob[] = [];
	#nextId = 0;
	#isClosed = false;
	#crashes = 0;

	constructor(privateKeys: ReadonlyMap<string, KeyObject>, options: CryptoPoolOptions = {}) {
		this.#maxWorkers = checkCount('workers', options.workers ?? Math.max(1, availableParallelism() - 1), 256);
		this.#maxQueuedJobs = checkCount('maxQueuedJobs', options.maxQueuedJobs ?? 1024, 1_000_000);
		this.#workerUrl = options.workerUrl ?? new URL('./crypto-worker.js', import.meta.url);
		this.#workerData = {privateKeys};
		for (let index = 0; index < this.#maxWorkers; index++) {
			this.#startThread();
		}
	}

	/** Threads that died since the start. */
	get crashes(): number {
		return this.#crashes;
	}

	/** Octets that come of the job. `OPERATION_FAILED`: the numbers do not work out, or the thread died. */
	run(job: CryptoJob): Promise<Result<readonly Uint8Array[], ArithmeticFailure>> {
		return new Promise((resolve) => {
			if (this.#isClosed) {
				resolve(fail('OPERATION_FAILED', 'Expected an open pool, got a closed one.'));
			} else if (this.#queue.length >= this.#maxQueuedJobs) {
				resolve(fail('OVERLOADED', `Expected at most ${this.#maxQueuedJobs} jobs that wait.`));
			} else {
				this.#queue.push({job, resolve});
				this.#dispatch();
			}
		});
	}

	/** Ends all threads; what is not done fails. Safe to call twice. */
	async close(): Promise<void> {
		this.#isClosed = true;
		const waiting = this.#queue;
		this.#queue = [];
		for (const {resolve} of waiting) {
			resolve(fail('OPERATION_FAILED', 'Expected an open pool, got a closed one.'));
		}

		await Promise.all([...this.#threads].map(({worker}) => worker.terminate()));
	}

	#dispatch(): void {
		while (this.#queue.length > 0) {
			const thread = this.#leastBusy() ?? (this.#threads.size < this.#maxWorkers ? this.#startThread() : undefined);
			const next = thread && this.#queue.shift();
			if (thread === undefined || next === undefined) {
				return;
			}

			const id = this.#nextId++;
			if (thread.running.size === 0) {
				thread.worker.ref();
			}
			thread.running.set(id, next);
			thread.worker.postMessage({id, job: compact(next.job)} satisfies CryptoWorkerRequest);
		}
	}

	#leastBusy(): Thread | undefined {
		let best: Thread | undefined;
		for (const thread of this.#threads) {
			if (thread.running.size < (best?.running.size ?? maxJobsPerThread)) {
				best = thread;
			}
		}

		return best;
	}

	#startThread(): Thread {
		// Without our own arguments: `--input-type` and such would keep the thread from starting.
		const worker = new Worker(this.#workerUrl, {workerData: this.#workerData, execArgv: []});
		const thread: Thread = {worker, running: new Map()};
		this.#threads.add(thread);
		worker.unref();
		worker.on('message', (reply: CryptoWorkerReply) => this.#settle(thread, reply));
		// The exit that follows is what counts.
		worker.on('error', () => undefined);
		worker.on('exit', () => this.#bury(thread));
		return thread;
	}

	#settle(thread: Thread, {id, octets}: CryptoWorkerReply): void {
		const pending = thread.running.get(id);
		thread.running.delete(id);
		if (thread.running.size === 0) {
			thread.worker.unref();
		}
		pending?.resolve(octets === undefined ? fail('OPERATION_FAILED', 'Expected numbers that work out.') : ok(octets));
		this.#dispatch();
	}

	#bury(thread: Thread): void {
		this.#threads.delete(thread);
		if (!this.#isClosed) {
			this.#crashes++;
		}
		for (const {resolve} of thread.running.values()) {
			resolve(fail('OPERATION_FAILED', 'Expected the thread to finish the job; it died.'));
		}
		this.#dispatch();
	}
}

type PendingJob = {
	readonly job: CryptoJob;
	readonly resolve: (result: Result<readonly Uint8Array[], ArithmeticFailure>) => void;
};

type Thread = {readonly worker: Worker; readonly running: Map<number, PendingJob>};

/** Copies each array: a window on a larger buffer would take the whole buffer along to the thread. */
function compact(job: CryptoJob): CryptoJob {
	const copy = (value: unknown): unknown => {
		if (value instanceof Uint8Array) {
			return new Uint8Array(value);
		}

		return typeof value === 'object' && value !== null
			? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)]))
			: value;
	};
	return copy(job) as CryptoJob;
}

function checkCount(name: string, value: number, max: number): number {
	if (!Number.isInteger(value) || value < 1 || value > max) {
		throw new RangeError(`Expected an integer from 1 to ${max} for \`${name}\`, got ${value}.`);
	}

	return value;
}

/** More than one, so that a thread need not wait for its next job. */
const maxJobsPerThread = 4;
