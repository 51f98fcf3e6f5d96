import {coded, handleOf, type MasterKey} from './master-key.js';

/**
 * Who holds one may read key bytes. Nothing but the toolbox makes one, for the `a=crypto` lines that it seals; to find
 * every place that can read a key, search for this name.
 */
export class InsecureSecretAccess {
	readonly #granted = true;

	/** True for an object that this class made. */
	static isGranted(token: InsecureSecretAccess): boolean {
		return #granted in token && token.#granted;
	}
}

/**
 * A copy of key ‖ salt, which the caller must wipe. Throws `TypeError` without a token, `SallyportError` KEY_DESTROYED.
 */
export function revealMasterKey(key: MasterKey, token: InsecureSecretAccess): Uint8Array {
	if (!InsecureSecretAccess.isGranted(token)) {
		throw new TypeError('Expected an InsecureSecretAccess, got something else.');
	}

	return coded(() => handleOf(key).reveal());
}
