import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';

/** A master key and salt in memory of their own. */
export interface HeldKey {
	readonly suite: SrtpSuiteName;
	/** Lends the octets: key, then salt. They are wiped when `use` returns. */
	lend<Outcome>(use: (keyAndSalt: Uint8Array) => Outcome): Outcome;
	/** Leaves a copy in the native vault and returns the name under which the media domain claims it, once. */
	deposit(): string;
	destroy(): void;
}

/** Where keys of calls are made and held. */
export interface KeyVault {
	/** Copies the octets; the caller wipes its own. */
	hold(suite: SrtpSuiteName, keyAndSalt: Uint8Array): HeldKey;
	generate(suite: SrtpSuiteName): HeldKey;
}
