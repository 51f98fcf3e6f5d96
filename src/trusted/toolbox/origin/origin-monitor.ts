import {BoundedMap} from '../../../base/bounded-map.js';
import {canonicalAddress, type OriginScope, Places} from './network.js';
import {type OriginRecord, type OriginStore, type Sighting, withSighting} from './origin-record.js';

/** `first`: nothing is known of the identity yet. `new`: something is, but not this place. */
export type OriginVerdict = 'known' | 'first' | 'new';

export type OriginMonitorOptions = {
	/** How long an address is known that is not seen again. @default 90 */
	readonly expiryDays?: number;
	/** Identities remembered. What is full learns no new ones: nothing known is pushed out. @default 100_000 */
	readonly maxIdentities?: number;
	/** Addresses remembered for each. @default 16 */
	readonly addressesPerIdentity?: number;
	/** Ranges that count as one place where a peer's `originScope` is `network`. @default 100.64.0.0/10 (RFC 6598) */
	readonly carrierNetworks?: readonly string[];
};

/** What is asked of the monitor: does this identity come from where it came from before? */
export type OriginQuestion = {
	readonly identity: string;
	readonly sightings: readonly Sighting[];
	/** Addresses that the policy names. */
	readonly configured: readonly string[];
	readonly scope: OriginScope;
};

/**
 * Remembers from where each identity has authenticated (PROTOCOL §1.1). It is asked without changing anything before the
 * ledger claims (V18), and learns only from messages that passed, so that a replayer cannot lock the owner out.
 */
export class OriginMonitor {
	readonly places: Places;
	readonly #store: OriginStore;
	readonly #expiryMs: number;
	readonly #maxIdentities: number;
	readonly #maxAddresses: number;
	/** What was changed last: the store shows it only after its next commit. Empty: forgotten. */
	readonly #recent = new BoundedMap<string, readonly OriginRecord[]>(10_000);
	#identities: number;
	#swept: string | undefined;

	constructor(store: OriginStore, options: OriginMonitorOptions = {}) {
		const {expiryDays = 90, maxIdentities = 100_000, addressesPerIdentity = 16} = options;
		this.#store = store;
		this.#expiryMs = 86_400_000 * expiryDays;
		this.#maxIdentities = maxIdentities;
		this.#maxAddresses = addressesPerIdentity;
		this.#identities = store.getCount();
		this.places = new Places(options.carrierNetworks ?? ['100.64.0.0/10']);
	}

	/** Identities of which something is known. */
	get size(): number {
		return this.#identities;
	}

	/** Changes nothing. Addresses of media say nothing about where signalling may come from. */
	judge({identity, sightings, configured, scope}: OriginQuestion, nowMs: number): OriginVerdict {
		const learned = this.addressesOf(identity, nowMs).filter(({evidence}) => evidence !== 'media');
		if (configured.length + learned.length === 0) {
			return 'first';
		}

		const known = new Set(
			[...configured, ...learned.map(({address}) => address)].map((address) => this.places.placeOf(address, scope)),
		);
		return sightings.every(({address}) => known.has(this.places.placeOf(address, scope))) ? 'known' : 'new';
	}

	/** Remembers addresses; the one seen longest ago makes room. False where the identity is new and no more have room. */
	learn(identity: string, sightings: readonly Sighting[], nowMs: number): boolean {
		const before = this.addressesOf(identity, nowMs);
		if (before.length === 0 && this.#identities >= this.#maxIdentities) {
			return false;
		}

		let records = before;
		for (const {address, evidence} of sightings) {
			records = withSighting(records, {address: canonicalAddress(address), evidence}, nowMs, this.#maxAddresses);
		}

		this.#write(identity, records);
		return true;
	}

	/** Forgets one address of an identity, or all of them. Returns how many there were. */
	forget(identity: string, address: string | undefined, nowMs: number): number {
		const records = this.addressesOf(identity, nowMs);
		const kept = address === undefined ? [] : records.filter((record) => record.address !== canonicalAddress(address));
		if (kept.length < records.length) {
			this.#write(identity, kept);
		}

		return records.length - kept.length;
	}

	/** What is known of an identity and has not expired, seen longest ago first. */
	addressesOf(identity: string, nowMs: number): readonly OriginRecord[] {
		const records = this.#recent.get(keyOf(identity)) ?? this.#store.get(keyOf(identity)) ?? [];
		return records.filter((record) => this.#isAlive(record, nowMs));
	}

	/** Identities with their records, in order of their names, from `after` on. */
	list(after: string, limit: number, nowMs: number): readonly {identity: string; records: readonly OriginRecord[]}[] {
		const names = new Set<string>();
		for (const {key} of this.#store.getRange({start: after, limit: limit + 1})) {
			names.add(key);
		}

		for (const [name] of this.#recent.entries()) {
			if (name > after) {
				names.add(name);
			}
		}

		return [...names]
			.filter((name) => name > after)
			.sort()
			.map((identity) => ({identity, records: this.addressesOf(identity, nowMs)}))
			.filter(({records}) => records.length > 0)
			.slice(0, limit);
	}

	/** Drops what has expired, a part of the identities each time; returns how many of them went. */
	sweep(nowMs: number, limit = 2000): number {
		const start = this.#swept;
		const found = [...this.#store.getRange({...(start !== undefined && {start}), limit})];
		this.#swept = found.length < limit ? undefined : found.at(-1)?.key;
		let gone = 0;
		for (const {key, value} of found) {
			const records = this.#recent.get(key) ?? value;
			const alive = records.filter((record) => this.#isAlive(record, nowMs));
			if (alive.length < records.length) {
				this.#write(key, alive);
				gone += alive.length === 0 ? 1 : 0;
			}
		}

		return gone;
	}

	#write(identity: string, records: readonly OriginRecord[]): void {
		const key = keyOf(identity);
		const wasThere = (this.#recent.get(key) ?? this.#store.get(key) ?? []).length > 0;
		this.#identities += Number(records.length > 0) - Number(wasThere);
		this.#recent.set(key, records);
		void (records.length > 0 ? this.#store.put(key, records) : this.#store.remove(key));
	}

	#isAlive({evidence, lastMs}: OriginRecord, nowMs: number): boolean {
		return evidence === 'operator' || lastMs + this.#expiryMs > nowMs;
	}
}

/** LMDB keys are at most 1978 octets. */
function keyOf(identity: string): string {
	return identity.slice(0, 500);
}
