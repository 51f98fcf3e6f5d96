import type {Alert} from '../protocol.js';

export type AlertStore = {
	readonly put: (sequence: number, alert: Alert) => unknown;
	readonly remove: (sequence: number) => unknown;
	readonly getRange: (options: {readonly reverse: true; readonly limit: number}) => Iterable<{
		readonly value: Alert;
	}>;
};

/** What an operator should look at: the last `limit` alerts, kept over restarts. Never with key octets. */
export class AlertLog {
	readonly #store: AlertStore;
	readonly #limit: number;
	readonly #alerts: Alert[];
	#sequence: number;

	constructor(store: AlertStore, limit = 10_000) {
		this.#store = store;
		this.#limit = limit;
		this.#alerts = [...store.getRange({reverse: true, limit})].map(({value}) => value).reverse();
		this.#sequence = this.#alerts.at(-1)?.sequence ?? 0;
	}

	raise(alert: Omit<Alert, 'sequence'>): Alert {
		const raised = {...alert, detail: alert.detail.slice(0, maxDetail), sequence: ++this.#sequence};
		this.#alerts.push(raised);
		void this.#store.put(raised.sequence, raised);
		const [oldest] = this.#alerts;
		if (oldest && this.#alerts.length > this.#limit) {
			this.#alerts.shift();
			void this.#store.remove(oldest.sequence);
		}

		return raised;
	}

	/** Alerts after `afterSequence`, oldest first. */
	read(afterSequence: number, limit: number): readonly Alert[] {
		const first = this.#alerts.findIndex(({sequence}) => sequence > afterSequence);
		return first === -1 ? [] : this.#alerts.slice(first, first + limit);
	}
}

const maxDetail = 500;
