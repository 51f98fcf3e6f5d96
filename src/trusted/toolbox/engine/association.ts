import {wipe} from '../../../base/bytes.js';

export type AssociationOptions = {
	/** Names the association in its packets: unsigned, 32 bits. */
	readonly identifier: number;
	/** 32 to 64 octets drawn at random, known to both ends and used in one direction only. Copied. */
	readonly secret: Uint8Array;
	/** Number of the first packet that leaves. @default 1 */
	readonly firstSequence?: number;
};

/**
 * One direction of protected packets between two ends, after the security association of RFC 4301 §4.1: a secret, the number of the
 * next packet that leaves, and which numbers have come. It lives in memory: who starts again does so under a new secret.
 */
export class Association {
	readonly identifier: number;
	readonly #secret: Uint8Array;
	#next: number;
	#highest = 0;
	/** Bit n is set when the packet n below the highest has come. */
	#seen = 0n;

	/** Throws `RangeError` where the identifier, the secret or the number is out of range. */
	constructor({identifier, secret, firstSequence = 1}: AssociationOptions) {
		demandRange('identifier', identifier, 0);
		demandRange('firstSequence', firstSequence, 1);
		if (secret.length < 32 || secret.length > 64) {
			throw new RangeError(`Expected 32 to 64 octets for \`secret\`, got ${secret.length}.`);
		}

		this.identifier = identifier;
		this.#secret = Uint8Array.from(secret);
		this.#next = firstSequence;
	}

	/** Lends the secret for the time of a call. */
	lend<Outcome>(use: (secret: Uint8Array) => Outcome): Outcome {
		return use(this.#secret);
	}

	/** The number of the next packet; undefined when all are used up: a number never comes twice (RFC 4303 §3.3.3). */
	takeSequence(): number | undefined {
		return this.#next > maxSequence ? undefined : this.#next++;
	}

	/**
	 * Enters the number of an authenticated packet (RFC 4303 §3.4.3). `replayed`: it came before; `too-old`: it lies left of
	 * the window, where nobody remembers.
	 */
	enter(sequence: number, windowPackets: number): 'new' | 'replayed' | 'too-old' {
		if (sequence > this.#highest) {
			const mask = (1n << BigInt(windowPackets)) - 1n;
			const step = sequence - this.#highest;
			this.#seen = step >= windowPackets ? 1n : ((this.#seen << BigInt(step)) | 1n) & mask;
			this.#highest = sequence;
			return 'new';
		}

		const age = this.#highest - sequence;
		if (sequence < 1 || age >= windowPackets) {
			return 'too-old';
		}

		const bit = 1n << BigInt(age);
		if ((this.#seen & bit) !== 0n) {
			return 'replayed';
		}

		this.#seen |= bit;
		return 'new';
	}

	/** Wipes the secret. Safe twice. */
	destroy(): void {
		wipe(this.#secret);
		this.#next = maxSequence + 1;
	}

	toJSON(): string {
		return '[Association]';
	}
}

function demandRange(name: string, value: number, least: number): void {
	if (!Number.isInteger(value) || value < least || value > maxSequence) {
		throw new RangeError(`Expected an integer from ${least} to ${maxSequence} for \`${name}\`, got ${value}.`);
	}
}

const maxSequence = 0xff_ff_ff_ff;
