import type {LedgerRecord} from './ledger-record.js';
import type {LedgerDecision, LedgerView} from './ledger-store.js';

/** What a draft starts from. */
export type DraftBase = {
	readonly get: (key: string) => LedgerRecord | undefined;
	readonly countOf: (account: string) => number;
	readonly forgottenBeforeMs: number;
	readonly total: number;
};

export type DraftChange = {readonly before: LedgerRecord | undefined; readonly after: LedgerRecord | null};

/** Decisions of one batch, seen by the later ones of it before they are written. */
export class LedgerDraft {
	readonly changes = new Map<string, DraftChange>();
	/** New counts of the accounts that changed. */
	readonly counts = new Map<string, number>();
	forgottenBeforeMs: number;
	total: number;
	readonly #base: DraftBase;

	constructor(base: DraftBase) {
		this.#base = base;
		this.forgottenBeforeMs = base.forgottenBeforeMs;
		this.total = base.total;
	}

	get isChanged(): boolean {
		return this.changes.size > 0 || this.forgottenBeforeMs !== this.#base.forgottenBeforeMs;
	}

	view(): LedgerView {
		return {
			get: (key) => this.#current(key),
			countOf: (account) => this.#count(account),
			forgottenBeforeMs: this.forgottenBeforeMs,
			total: this.total,
		};
	}

	apply({writes, forgottenBeforeMs = 0}: LedgerDecision<unknown>): void {
		for (const [key, after] of writes) {
			const current = this.#current(key);
			this.#adjust(current?.account, -1);
			this.#adjust(after?.account, 1);
			const drafted = this.changes.get(key);
			this.changes.set(key, {before: drafted ? drafted.before : current, after});
		}

		this.forgottenBeforeMs = Math.max(this.forgottenBeforeMs, forgottenBeforeMs);
	}

	#current(key: string): LedgerRecord | undefined {
		const drafted = this.changes.get(key);
		return drafted ? (drafted.after ?? undefined) : this.#base.get(key);
	}

	#count(account: string): number {
		return this.counts.get(account) ?? this.#base.countOf(account);
	}

	#adjust(account: string | undefined, by: number): void {
		if (account !== undefined) {
			this.counts.set(account, this.#count(account) + by);
			this.total += by;
		}
	}
}
