import {BoundedMap} from '../../../base/bounded-map.js';

/** How an address became known for an identity. */
export type OriginEvidence = 'transport' | 'contact' | 'media' | 'operator';

/** An address from which an identity has authenticated. */
export type OriginRecord = {
	readonly address: string;
	readonly evidence: OriginEvidence;
	readonly firstMs: number;
	readonly lastMs: number;
};

export type OriginStore = {
	readonly get: (identity: string) => readonly OriginRecord[] | undefined;
	readonly put: (identity: string, records: readonly OriginRecord[]) => unknown;
};

/** `first`: nothing is known of the identity yet. `new`: something is, but not this address. */
export type OriginVerdict = 'known' | 'first' | 'new';

/**
 * Remembers from where each identity has authenticated (PROTOCOL §1.1). It is asked without changing anything before the
 * ledger claims, and learns only from messages that passed, so that a replayer cannot lock the owner out.
 */
export class OriginMonitor {
	readonly #store: OriginStore;
	/** What was learned last: the store shows it only after its next commit. */
	readonly #recent = new BoundedMap<string, readonly OriginRecord[]>(10_000);

	constructor(store: OriginStore) {
		this.#store = store;
	}

	judge(identity: string, address: string, configured: readonly string[]): OriginVerdict {
		const learned = this.addressesOf(identity);
		if (configured.includes(address) || learned.some((record) => record.address === address)) {
			return 'known';
		}

		return configured.length + learned.length === 0 ? 'first' : 'new';
	}

	/** Remembers an address; the one used longest ago makes room. */
	learn(identity: string, address: string, evidence: OriginEvidence, nowMs: number): void {
		const records = this.addressesOf(identity);
		const known = records.find((record) => record.address === address);
		const others = records.filter((record) => record.address !== address);
		const latest = {address, evidence: known?.evidence ?? evidence, firstMs: known?.firstMs ?? nowMs, lastMs: nowMs};
		const next = [...others, latest].slice(-maxAddresses);
		this.#recent.set(key(identity), next);
		void this.#store.put(key(identity), next);
	}

	addressesOf(identity: string): readonly OriginRecord[] {
		return this.#recent.get(key(identity)) ?? this.#store.get(key(identity)) ?? [];
	}
}

/** LMDB keys are at most 1978 octets. */
function key(identity: string): string {
	return identity.slice(0, 500);
}

const maxAddresses = 16;
