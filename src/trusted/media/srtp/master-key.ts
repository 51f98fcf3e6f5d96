import {inspect} from 'node:util';
import {SallyportError} from '../../../base/error.js';
import {isSrtpSuiteName, type SrtpSuiteName, srtpSuites} from '../../../wire/sdes/suites.js';
import {type NativeMasterKey, nativeSrtp} from './native-srtp.js';

/** @internal The native object behind a key. Throws `TypeError` for what is not a {@link MasterKey}. */
export let handleOf: (key: MasterKey) => NativeMasterKey;

/**
 * A master key and salt (RFC 3711 §3.2.1) held in native memory, for one suite. It can be used and destroyed, not read
 * or compared; the bytes are overwritten when it is destroyed or collected.
 */
export class MasterKey {
	readonly #handle: NativeMasterKey;
	/** The suite that the key was made for; the only one it serves. */
	readonly suite: SrtpSuiteName;

	private constructor(handle: NativeMasterKey) {
		this.#handle = handle;
		this.suite = handle.suite();
	}

	/** A fresh key from OpenSSL's private random generator. Throws `SallyportError` RANDOM_SOURCE_FAILED. */
	static generate(suite: SrtpSuiteName): MasterKey {
		const {MasterKey: Native} = nativeSrtp();
		return new MasterKey(coded(() => new Native(checkedSuite(suite))));
	}

	/**
	 * Copies key ‖ salt, which must have the suite's lengths; else throws `RangeError`. The caller wipes his own bytes,
	 * and those of whatever they were made from.
	 */
	static fromBytes(suite: SrtpSuiteName, keyAndSalt: Uint8Array): MasterKey {
		const {keyOctets, saltOctets} = srtpSuites[checkedSuite(suite)];
		if (!(keyAndSalt instanceof Uint8Array)) {
			throw new TypeError('Expected a Uint8Array for `keyAndSalt`, got something else.');
		}

		if (keyAndSalt.length !== keyOctets + saltOctets) {
			throw new RangeError(
				`Expected ${keyOctets + saltOctets} octets of key and salt for ${suite}, got ${keyAndSalt.length}.`,
			);
		}

		const {MasterKey: Native} = nativeSrtp();
		return new MasterKey(new Native(suite, keyAndSalt));
	}

	/**
	 * Takes a key out of the vault that all threads of the process share. Each deposit can be claimed once; else throws
	 * `SallyportError` KEY_SLOT_EMPTY.
	 */
	static claim(slot: string): MasterKey {
		if (typeof slot !== 'string') {
			throw new TypeError(`Expected a string for \`slot\`, got ${typeof slot}.`);
		}

		const {MasterKey: Native} = nativeSrtp();
		return new MasterKey(coded(() => new Native(slot, true)));
	}

	static {
		handleOf = (key) => key.#handle;
	}

	/**
	 * Moves the key into the vault and returns the name to claim it by, 32 hexadecimal digits at random; this object is
	 * destroyed. Throws `SallyportError` KEY_VAULT_FULL (65536 keys unclaimed) or KEY_DESTROYED.
	 */
	deposit(): string {
		return coded(() => this.#handle.deposit());
	}

	/** Overwrites the key. Sessions made from it go on: they hold what they derived. Safe to call twice. */
	destroy(): void {
		this.#handle.destroy();
	}

	toString(): string {
		return '[MasterKey]';
	}

	toJSON(): string {
		return '[MasterKey]';
	}

	[inspect.custom](): string {
		return '[MasterKey]';
	}
}

function checkedSuite(suite: SrtpSuiteName): SrtpSuiteName {
	if (typeof suite !== 'string' || !isSrtpSuiteName(suite)) {
		throw new RangeError(`Expected the name of an SRTP suite, got ${inspect(suite)}.`);
	}

	return suite;
}

/** @internal Runs `act` and throws what the addon throws with a code as `SallyportError`. */
export function coded<Value>(act: () => Value): Value {
	try {
		return act();
	} catch (cause) {
		if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') {
			throw new SallyportError(cause.code, cause.message);
		}

		throw cause;
	}
}
