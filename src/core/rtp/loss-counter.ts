/** What a sequence number meant to the count (RFC 3550 App. A.1). */
export type SequenceVerdict =
	/** `extendedSequence` goes on above 65535 from cycle to cycle. */
	| {readonly kind: 'counted'; readonly extendedSequence: number}
	/** The source began anew elsewhere, and two packets in order proved it: what was counted before is forgotten. */
	| {readonly kind: 'restarted'; readonly extendedSequence: number}
	/** The source has not yet sent enough packets in order to be believed. */
	| {readonly kind: 'on-probation'}
	/** Too far from what was expected, once; a second packet in order would be a restart. */
	| {readonly kind: 'out-of-range'};

/** Counts what one source sent and what of it came, from sequence numbers alone (RFC 3550 App. A.1 and A.3). */
export class LossCounter {
	readonly #minSequentialPackets: number;
	#probation: number;
	#started = false;
	#baseSequence = 0;
	#highestSequence = 0;
	#cycles = 0;
	#badSequence: number | undefined;
	#received = 0;
	#expectedBefore = 0;
	#receivedBefore = 0;

	/**
	 * `minSequentialPackets` in order make a source valid; the RFC takes 2 for sources that anybody may invent,
	 * 0 fits sources that have been authenticated.
	 */
	constructor(minSequentialPackets = 2) {
		if (!Number.isInteger(minSequentialPackets) || minSequentialPackets < 0) {
			throw new RangeError(`Expected 0 or more for \`minSequentialPackets\`, got ${minSequentialPackets}.`);
		}

		this.#minSequentialPackets = minSequentialPackets;
		this.#probation = minSequentialPackets;
	}

	/** Packets that came, duplicates included. */
	get received(): number {
		return this.#received;
	}

	/** Packets that the source has sent, as far as sequence numbers tell. */
	get expected(): number {
		return this.#received === 0 ? 0 : this.#cycles + this.#highestSequence - this.#baseSequence + 1;
	}

	/** `expected` − `received`: negative where duplicates outnumber losses. */
	get lost(): number {
		return this.expected - this.#received;
	}

	get extendedHighestSequence(): number {
		return this.#cycles + this.#highestSequence;
	}

	update(sequenceNumber: number): SequenceVerdict {
		if (!this.#started) {
			this.#started = true;
			if (this.#probation === 0) {
				this.#restart(sequenceNumber);
				return {kind: 'counted', extendedSequence: sequenceNumber};
			}

			this.#highestSequence = (sequenceNumber - 1) & 0xff_ff;
		}

		const step = (sequenceNumber - this.#highestSequence) & 0xff_ff;
		if (this.#probation > 0) {
			return this.#passProbation(sequenceNumber, step);
		}

		let {extendedHighestSequence: extendedSequence} = this;
		if (step < maxDropout) {
			if (sequenceNumber < this.#highestSequence) {
				this.#cycles += 0x1_00_00;
			}

			this.#highestSequence = sequenceNumber;
			extendedSequence = this.extendedHighestSequence;
		} else if (step <= 0x1_00_00 - maxMisorder) {
			return this.#jump(sequenceNumber);
		} else {
			extendedSequence += step - 0x1_00_00; // A duplicate, or out of order.
		}

		this.#received++;
		return {kind: 'counted', extendedSequence};
	}

	/** Share of packets lost since the last call, in 256ths, 0 to 255 (RFC 3550 App. A.3). */
	closeInterval(): number {
		const expected = this.expected - this.#expectedBefore;
		const lost = expected - (this.#received - this.#receivedBefore);
		this.#expectedBefore = this.expected;
		this.#receivedBefore = this.#received;
		return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
	}

	#passProbation(sequenceNumber: number, step: number): SequenceVerdict {
		this.#probation = step === 1 ? this.#probation - 1 : this.#minSequentialPackets - 1;
		this.#highestSequence = sequenceNumber;
		if (this.#probation > 0) {
			return {kind: 'on-probation'};
		}

		this.#restart(sequenceNumber);
		return {kind: 'counted', extendedSequence: sequenceNumber};
	}

	#jump(sequenceNumber: number): SequenceVerdict {
		if (sequenceNumber !== this.#badSequence) {
			this.#badSequence = (sequenceNumber + 1) & 0xff_ff;
			return {kind: 'out-of-range'};
		}

		this.#restart(sequenceNumber);
		return {kind: 'restarted', extendedSequence: sequenceNumber};
	}

	/** Begins the count with this packet. */
	#restart(sequenceNumber: number): void {
		this.#baseSequence = sequenceNumber;
		this.#highestSequence = sequenceNumber;
		this.#cycles = 0;
		this.#badSequence = undefined;
		this.#received = 1;
		this.#expectedBefore = 0;
		this.#receivedBefore = 0;
	}
}

const maxDropout = 3000;
const maxMisorder = 100;
