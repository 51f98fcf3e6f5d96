import type {SteadyTime} from '../steady-time.js';
import {DiskForecast} from './disk-forecast.js';
import type {Ledger} from './ledger.js';

export type WatchReason = 'CLOCK_STEPPED' | 'LEDGER_DISK' | 'LEDGER_LOSS_WINDOW' | 'LEDGER_UNAVAILABLE';

/** What a ledger needs done every minute: forgetting, the note of the time, a look at the clock and at the disk. */
export class LedgerWatch {
	readonly #ledger: Ledger;
	readonly #time: SteadyTime;
	readonly #raise: (reason: WatchReason, detail: string) => void;
	readonly #forecast = new DiskForecast();
	readonly #raisedAtMs = new Map<WatchReason, number>();

	constructor(ledger: Ledger, time: SteadyTime, raise: (reason: WatchReason, detail: string) => void) {
		this.#ledger = ledger;
		this.#time = time;
		this.#raise = raise;
	}

	/** Rejects where the ledger cannot forget; the rest is done all the same. Returns how many records were forgotten. */
	async run(): Promise<number> {
		try {
			this.#time.note();
		} catch {
			// A later start has no proof of continuity then, and marks all as stale: nothing opens.
		}

		const aheadMs = this.#time.wallAheadMs;
		if (Math.abs(aheadMs) > mostStepMs) {
			const seconds = Math.round(Math.abs(aheadMs) / 1000);
			this.#alert(
				'CLOCK_STEPPED',
				`The wall clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the toolbox, which does not follow its steps.`,
			);
		}

		await this.#lookAtStore();
		return this.#ledger.sweep(this.#time.nowMs());
	}

	async #lookAtStore(): Promise<void> {
		const {disk, complaints} = await this.#ledger.health();
		if (disk) {
			this.#forecast.add({...disk, atMs: this.#time.nowMs()});
			const warning = this.#forecast.warning();
			if (warning !== undefined) {
				this.#alert('LEDGER_DISK', warning);
			}
		}

		for (const {reason, detail} of complaints) {
			this.#alert(reason, detail);
		}
	}

	/** Once a day for each reason. */
	#alert(reason: WatchReason, detail: string): void {
		const nowMs = this.#time.nowMs();
		const before = this.#raisedAtMs.get(reason);
		if (before === undefined || nowMs - before >= dayMs) {
			this.#raisedAtMs.set(reason, nowMs);
			this.#raise(reason, detail);
		}
	}
}

const mostStepMs = 30_000;
const dayMs = 86_400_000;
