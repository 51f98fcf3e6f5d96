import type {CmsPermissions, LegacyAlgorithm} from './cms-provider.js';
import {refuse} from './refusal.js';

/**
 * What one reading may take of the choices of old peers, and what of it was met. MD5, RC2, single DES and RSA below 2048
 * bits have no name here: nobody may permit them.
 */
export class LegacyAlgorithms {
	readonly #permitted: ReadonlySet<LegacyAlgorithm>;
	readonly #met = new Set<LegacyAlgorithm>();

	constructor({legacy = []}: CmsPermissions = {}) {
		this.#permitted = new Set(legacy);
	}

	/** In the order in which they were met. */
	get met(): readonly LegacyAlgorithm[] {
		return [...this.#met];
	}

	/** Refuses an algorithm that is not permitted with `WEAK` and `message`; notes one that is. */
	take(algorithm: LegacyAlgorithm, message: string): void {
		if (!this.#permitted.has(algorithm)) {
			refuse('WEAK', message);
		}

		this.#met.add(algorithm);
	}
}
