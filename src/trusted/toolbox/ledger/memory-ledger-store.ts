import {type LedgerRecord, ledgerKey} from './ledger-record.js';
import type {LedgerDecision, LedgerStore, LedgerView} from './ledger-store.js';

/** What several nodes share when they keep their ledger in memory: for tests and models, not for service. */
export class MemoryLedger {
	readonly secret: Uint8Array;
	readonly records = new Map<string, LedgerRecord>();
	forgottenBeforeMs = 0;
	epochs = 0;

	constructor(secret: Uint8Array) {
		this.secret = secret;
	}

	/** The store of a node that starts now; `formerEpoch` where it lived before. */
	open(formerEpoch?: number): MemoryLedgerStore {
		return new MemoryLedgerStore(this, ++this.epochs, formerEpoch);
	}
}

/** A ledger store without a disk. */
export class MemoryLedgerStore implements LedgerStore {
	readonly epoch: number;
	readonly formerEpoch: number | undefined;
	readonly secret: Uint8Array;
	readonly #ledger: MemoryLedger;

	constructor(ledger: MemoryLedger, epoch: number, formerEpoch: number | undefined) {
		this.#ledger = ledger;
		this.epoch = epoch;
		this.formerEpoch = formerEpoch;
		this.secret = ledger.secret;
	}

	async update<Outcome>(decide: (view: LedgerView) => LedgerDecision<Outcome>): Promise<Outcome> {
		const {records, forgottenBeforeMs} = this.#ledger;
		const decision = decide({
			get: (key) => records.get(key),
			forgottenBeforeMs,
			countOf: (account) => [...records.values()].filter((record) => record.account === account).length,
			total: records.size,
		});
		for (const [key, record] of decision.writes) {
			// Deleted first, so that the map's order is that of the last change.
			records.delete(key);
			if (record) {
				records.set(key, record);
			}
		}

		this.#ledger.forgottenBeforeMs = Math.max(forgottenBeforeMs, decision.forgottenBeforeMs ?? 0);
		return decision.outcome;
	}

	expired(nowMs: number, limit: number): readonly LedgerRecord[] {
		return [...this.#ledger.records.values()]
			.filter(({expiresAtMs}) => expiresAtMs <= nowMs)
			.sort((a, b) => a.expiresAtMs - b.expiresAtMs)
			.slice(0, limit);
	}

	newest(limit: number): readonly LedgerRecord[] {
		return [...this.#ledger.records.values()].reverse().slice(0, limit);
	}

	has({kind, fingerprint}: Pick<LedgerRecord, 'kind' | 'fingerprint'>): boolean {
		return this.#ledger.records.has(ledgerKey(kind, fingerprint));
	}

	async close(): Promise<void> {}
}
