import {wipe} from '../../../base/bytes.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import {InsecureSecretAccess, revealMasterKey} from '../../media/srtp/insecure-secret-access.js';
import {MasterKey} from '../../media/srtp/master-key.js';
import type {HeldKey, KeyVault} from './key-vault.js';

/** Keys in native memory, handed to the media domain through the vault that the process's threads share. */
export class NativeKeyVault implements KeyVault {
	hold(suite: SrtpSuiteName, keyAndSalt: Uint8Array): HeldKey {
		return new NativeHeldKey(MasterKey.fromBytes(suite, keyAndSalt));
	}

	generate(suite: SrtpSuiteName): HeldKey {
		return new NativeHeldKey(MasterKey.generate(suite));
	}
}

class NativeHeldKey implements HeldKey {
	readonly #key: MasterKey;

	constructor(key: MasterKey) {
		this.#key = key;
	}

	get suite(): SrtpSuiteName {
		return this.#key.suite;
	}

	lend<Outcome>(use: (keyAndSalt: Uint8Array) => Outcome): Outcome {
		const keyAndSalt = revealMasterKey(this.#key, access);
		try {
			return use(keyAndSalt);
		} finally {
			wipe(keyAndSalt);
		}
	}

	deposit(): string {
		return this.lend((keyAndSalt) => MasterKey.fromBytes(this.suite, keyAndSalt)).deposit();
	}

	destroy(): void {
		this.#key.destroy();
	}
}

const access = new InsecureSecretAccess();
