import type {Alert} from '../protocol.js';

export type AlertStore = {
	readonly put: (sequence: number, alert: Alert) => unknown;
	readonly remove: (sequence: number) => unknown;
	readonly getRange: (options: {
		readonly start?: number;
		readonly reverse?: boolean;
		readonly limit: number;
	}) => Iterable<{
		readonly value: Alert;
	}>;
};

/** What an operator should look at: the last `limit` alerts, kept over restarts. Never with key octets. */
export class AlertLog {
	readonly #store: AlertStore;
	readonly #limit: number;
	#sequence: number;

	constructor(store: AlertStore, limit = 10_000) {
		this.#store = store;
		this.#limit = limit;
		this.#sequence = [...store.getRange({reverse: true, limit: 1})][0]?.value.sequence ?? 0;
	}

	raise(alert: Omit<Alert, 'sequence'>): Alert {
		const raised = {...alert, detail: alert.detail.slice(0, maxDetail), sequence: ++this.#sequence};
		void this.#store.put(raised.sequence, raised);
		void this.#store.remove(raised.sequence - this.#limit);
		return raised;
	}

	/** Alerts after `afterSequence`, oldest first. */
	read(afterSequence: number, limit: number): readonly Alert[] {
		return [...this.#store.getRange({start: afterSequence + 1, limit})].map(({value}) => value);
	}
}

const maxDetail = 500;
