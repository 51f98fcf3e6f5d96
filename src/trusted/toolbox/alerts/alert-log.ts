import type {Alert} from '../protocol.js';
import {AlertLimit} from './alert-limit.js';

export type AlertStore = {
	readonly put: (sequence: number, alert: Alert) => unknown;
	readonly remove: (sequence: number) => unknown;
	readonly getRange: (options: {readonly reverse: true; readonly limit: number}) => Iterable<{
		readonly value: Alert;
	}>;
};

/** What was raised since the start, by kind, and how many were suppressed. */
export type AlertCounters = {
	readonly raised: Readonly<Record<string, number>>;
	readonly suppressed: number;
	/** Sequence number of the last one that was ever raised; 0: none. */
	readonly last: number;
};

/**
 * What an operator should look at: the last `limit` alerts, kept over restarts. Of many alike in a short time some are shown, and the
 * next says how many were not. Never with key octets.
 */
export class AlertLog {
	readonly #store: AlertStore;
	readonly #limit: number;
	readonly #alerts: Alert[];
	#sequence: number;
	readonly #admission = new AlertLimit();
	readonly #listeners = new Set<(alert: Alert) => void>();
	readonly #raised = new Map<string, number>();
	#suppressed = 0;

	constructor(store: AlertStore, limit = 10_000) {
		this.#store = store;
		this.#limit = limit;
		this.#alerts = [...store.getRange({reverse: true, limit})].map(({value}) => value).reverse();
		this.#sequence = this.#alerts.at(-1)?.sequence ?? 0;
	}

	get counters(): AlertCounters {
		return {raised: Object.fromEntries(this.#raised), suppressed: this.#suppressed, last: this.#sequence};
	}

	/** Tells of each alert as it is raised, until the function that it returns is called. */
	subscribe(listener: (alert: Alert) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Undefined where it was suppressed. */
	raise(alert: Omit<Alert, 'sequence' | 'suppressed'>): Alert | undefined {
		const suppressed = this.#admission.admit(alert);
		if (suppressed === undefined) {
			this.#suppressed++;
			return undefined;
		}

		// Free text from tools may name a kind of its own; the table stays small.
		const kind = this.#raised.has(alert.kind) || this.#raised.size < maxKinds ? alert.kind : 'other';
		this.#raised.set(kind, (this.#raised.get(kind) ?? 0) + 1);
		const raised = {...alert, detail: alert.detail.slice(0, maxDetail), suppressed, sequence: ++this.#sequence};
		this.#alerts.push(raised);
		void this.#store.put(raised.sequence, raised);
		const [oldest] = this.#alerts;
		if (oldest && this.#alerts.length > this.#limit) {
			this.#alerts.shift();
			void this.#store.remove(oldest.sequence);
		}

		for (const listener of this.#listeners) {
			listener(raised);
		}

		return raised;
	}

	/** Raises what was suppressed and nothing came after. */
	sweep(nowMs: number): void {
		for (const alert of this.#admission.due(nowMs)) {
			this.raise(alert);
		}
	}

	/** Alerts after `afterSequence`, oldest first. */
	read(afterSequence: number, limit: number): readonly Alert[] {
		const first = this.#alerts.findIndex(({sequence}) => sequence > afterSequence);
		return first === -1 ? [] : this.#alerts.slice(first, first + limit);
	}
}

const maxDetail = 500;
const maxKinds = 64;
