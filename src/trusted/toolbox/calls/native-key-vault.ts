import {wipe} from '../../../base/bytes.js';
import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import {InsecureSecretAccess, revealMasterKey} from '../../media/srtp/insecure-secret-access.js';
import {MasterKey} from '../../media/srtp/master-key.js';
import type {HeldKey, KeyVault} from './key-vault.js';

/** Leaves a copy of a key where the media domain can claim it, once, by the name that is returned. */
export type DepositKey = (key: MasterKey) => string;

/** Keys in native memory. */
export class NativeKeyVault implements KeyVault {
	readonly #deposit: DepositKey;

	/** @param deposit by default in the vault that the process's threads share */
	constructor(deposit: DepositKey = depositHere) {
		this.#deposit = deposit;
	}

	hold(suite: SrtpSuiteName, keyAndSalt: Uint8Array): HeldKey {
		return new NativeHeldKey(MasterKey.fromBytes(suite, keyAndSalt), this.#deposit);
	}

	generate(suite: SrtpSuiteName): HeldKey {
		return new NativeHeldKey(MasterKey.generate(suite), this.#deposit);
	}
}

function depositHere(key: MasterKey): string {
	return lend(key, (keyAndSalt) => MasterKey.fromBytes(key.suite, keyAndSalt)).deposit();
}

function lend<Outcome>(key: MasterKey, use: (keyAndSalt: Uint8Array) => Outcome): Outcome {
	const keyAndSalt = revealMasterKey(key, access);
	try {
		return use(keyAndSalt);
	} finally {
		wipe(keyAndSalt);
	}
}

class NativeHeldKey implements HeldKey {
	readonly #key: MasterKey;
	readonly #deposit: DepositKey;

	constructor(key: MasterKey, deposit: DepositKey) {
		this.#key = key;
		this.#deposit = deposit;
	}

	get suite(): SrtpSuiteName {
		return this.#key.suite;
	}

	lend<Outcome>(use: (keyAndSalt: Uint8Array) => Outcome): Outcome {
		return lend(this.#key, use);
	}

	deposit(): string {
		return this.#deposit(this.#key);
	}

	destroy(): void {
		this.#key.destroy();
	}
}

const access = new InsecureSecretAccess();
