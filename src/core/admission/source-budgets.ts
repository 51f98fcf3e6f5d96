import {BoundedMap} from '../../base/bounded-map.js';

export type SourceBudgetLimits = {
	/** Credit that a source gets back each second. @default 200 */
	readonly perSecond?: number;
	/** Credit that a source begins with, and the most that it can have. @default 5_000 */
	readonly burst?: number;
	/** Sources remembered; the one that was heard least recently is forgotten, and would begin anew. @default 10_000 */
	readonly maxSources?: number;
};

/** Who spends: an address, for each transport by itself, so that forged datagrams do not spend what a connection has. */
export type BudgetedSource = {readonly transport: string; readonly address: string};

type Account = {credit: number; atMs: number};

/**
 * A token bucket for each source of messages. Whoever costs work pays for it in advance and earns it back when the work
 * has shown that he is who he says: those who never do run dry, those who do never notice.
 */
export class SourceBudgets {
	readonly #perMs: number;
	readonly #burst: number;
	readonly #accounts: BoundedMap<string, Account>;

	constructor({perSecond = 200, burst = 5000, maxSources = 10_000}: SourceBudgetLimits = {}) {
		for (const [name, value] of Object.entries({perSecond, burst})) {
			if (!(value > 0 && Number.isFinite(value))) {
				throw new RangeError(`Expected a number above zero for \`${name}\`, got ${value}.`);
			}
		}

		this.#perMs = perSecond / 1000;
		this.#burst = burst;
		this.#accounts = new BoundedMap(maxSources);
	}

	/** Sources that are remembered. */
	get size(): number {
		return this.#accounts.size;
	}

	/** Takes `cost` from a source that has as much; false, and nothing taken, where it has not. */
	spend(source: BudgetedSource, cost: number, nowMs: number): boolean {
		const key = keyOf(source);
		const known = this.#accounts.get(key);
		const account = known ?? {credit: this.#burst, atMs: nowMs};
		account.credit = Math.min(this.#burst, account.credit + Math.max(0, nowMs - account.atMs) * this.#perMs);
		account.atMs = nowMs;
		this.#accounts.set(key, account);
		if (account.credit < cost) {
			return false;
		}

		account.credit -= cost;
		return true;
	}

	/** Gives a source credit, up to the most that it can have. */
	earn(source: BudgetedSource, credit: number): void {
		const account = this.#accounts.get(keyOf(source));
		if (account !== undefined) {
			account.credit = Math.min(this.#burst, account.credit + credit);
		}
	}
}

function keyOf({transport, address}: BudgetedSource): string {
	return `${transport} ${address}`;
}
