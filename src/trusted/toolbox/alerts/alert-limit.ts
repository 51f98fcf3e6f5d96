import {BoundedMap} from '../../../base/bounded-map.js';
import type {Alert} from '../protocol.js';

type Account = {startMs: number; count: number; suppressed: number; last: Omit<Alert, 'sequence' | 'suppressed'>};

/** What may be raised now: at most so many of one kind, reason and source in a minute, and so many of all. */
export class AlertLimit {
	readonly #accounts = new BoundedMap<string, Account>(maxAccounts);
	readonly #perMinute: number;
	readonly #allPerMinute: number;
	#minuteMs = Number.NEGATIVE_INFINITY;
	#inMinute = 0;

	constructor({perMinute = 20, allPerMinute = 600} = {}) {
		this.#perMinute = perMinute;
		this.#allPerMinute = allPerMinute;
	}

	/** How many like it were suppressed since the last one that was not; undefined where this one is suppressed too. */
	admit(alert: Account['last']): number | undefined {
		const {atMs, kind, reason, origin} = alert;
		const key = `${kind} ${reason} ${origin?.address ?? ''}`;
		const account = this.#accounts.get(key) ?? {startMs: atMs, count: 0, suppressed: 0, last: alert};
		if (atMs - account.startMs >= minuteMs || atMs < account.startMs) {
			account.startMs = atMs;
			account.count = 0;
		}

		if (atMs - this.#minuteMs >= minuteMs || atMs < this.#minuteMs) {
			this.#minuteMs = atMs;
			this.#inMinute = 0;
		}

		account.last = alert;
		this.#accounts.set(key, account);
		if (account.count >= this.#perMinute || this.#inMinute >= this.#allPerMinute) {
			account.suppressed++;
			return undefined;
		}

		account.count++;
		this.#inMinute++;
		const {suppressed} = account;
		account.suppressed = 0;
		return suppressed;
	}

	/** The last of each that was suppressed and has a minute behind it: nobody comes after it who could tell of it. */
	due(nowMs: number): readonly Account['last'][] {
		return [...this.#accounts.values()]
			.filter(({suppressed, startMs}) => suppressed > 0 && nowMs - startMs >= minuteMs)
			.map(({last}) => ({...last, atMs: nowMs}));
	}
}

const minuteMs = 60_000;
const maxAccounts = 10_000;
