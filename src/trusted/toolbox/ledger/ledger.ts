import {SallyportError} from '../../../base/error.js';
import {type CodedFailure, fail, ok, type Result} from '../../../base/result.js';
import {fingerprintKey, type KeyFingerprint} from './key-fingerprint.js';
import type {LedgerRecord} from './ledger-record.js';
import {
	type Claim,
	type ClaimFailure,
	decideClaim,
	decideEnd,
	decideExpiry,
	decideInstall,
	type InstallRequest,
	type LedgerLimits,
} from './ledger-rules.js';
import type {LedgerHealth, LedgerStore} from './ledger-store.js';

export type LedgerFailure = CodedFailure<ClaimFailure | 'LEDGER_UNAVAILABLE' | 'RESERVATION_LOST'>;

/** What has been accepted, and what may be. Fails closed: a store that does not answer grants nothing. */
export class Ledger {
	readonly #store: LedgerStore;
	readonly #limits: LedgerLimits;

	constructor(store: LedgerStore, limits: LedgerLimits) {
		this.#store = store;
		this.#limits = {...limits, formerEpoch: store.formerEpoch};
	}

	get epoch(): number {
		return this.#store.epoch;
	}

	fingerprint(keyAndSalt: Uint8Array, keyOctets: number): KeyFingerprint {
		return fingerprintKey(this.#store.secret, keyAndSalt, keyOctets);
	}

	/** Reserves all identities of a body, or none. A success is on disk. */
	async claim(claim: Claim, nowMs: number): Promise<Result<undefined, LedgerFailure>> {
		return this.#guard(async () => {
			const outcome = await this.#store.update((view) => decideClaim(claim, view, this.#limits, nowMs));
			return outcome.granted
				? ok(undefined)
				: fail(outcome.failure, 'Expected content and keys that are fresh, got some that are not.');
		});
	}

	/** Turns the reservation of a key into an installation. A success is on disk; only then may the key be used. */
	async install(request: InstallRequest): Promise<Result<undefined, LedgerFailure>> {
		return this.#guard(async () =>
			(await this.#store.update((view) => decideInstall(request, view)))
				? ok(undefined)
				: fail('RESERVATION_LOST', 'Expected this call to hold the reservation, but it does not any more.'),
		);
	}

	/** Ends what a call holds. `keys` are those of `ledgerKey`. */
	async end(keys: readonly string[], call: string): Promise<Result<undefined, LedgerFailure>> {
		return this.#guard(async () => {
			await this.#store.update((view) => decideEnd(keys, this.epoch, call, view));
			return ok(undefined);
		});
	}

	/** Forgets what has run out, `batch` records at a time; returns how many. */
	async sweep(nowMs: number, batch = 1000): Promise<number> {
		let forgotten = (await this.#store.dropSegments?.(nowMs)) ?? 0;
		for (;;) {
			const records = this.#store.expired(nowMs, batch);
			if (records.length === 0) {
				return forgotten;
			}

			const removed = await this.#store.update((view) => decideExpiry(records, nowMs, view));
			forgotten += removed;
			if (removed === 0) {
				return forgotten;
			}
		}
	}

	newest(limit: number): readonly LedgerRecord[] {
		return this.#store.newest(limit);
	}

	async health(): Promise<LedgerHealth> {
		return (await this.#store.health?.()) ?? {complaints: []};
	}

	close(): Promise<void> {
		return this.#store.close();
	}

	async #guard(work: () => Promise<Result<undefined, LedgerFailure>>): Promise<Result<undefined, LedgerFailure>> {
		try {
			return await work();
		} catch (error) {
			if (error instanceof SallyportError) {
				return fail('LEDGER_UNAVAILABLE', error.message);
			}

			throw error;
		}
	}
}
