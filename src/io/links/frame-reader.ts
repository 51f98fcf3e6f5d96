import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';

/**
 * Cuts a stream into frames: four octets of length in network order, then as many octets. A longer frame than agreed is
 * refused when its length is read, so no more than one frame is ever held. After a failure nothing more can be read.
 */
export class FrameReader {
	readonly #maxOctets: number;
	readonly #parts: Buffer[] = [];
	#held = 0;

	constructor(maxOctets: number) {
		this.#maxOctets = maxOctets;
	}

	push(octets: Buffer): void {
		this.#parts.push(octets);
		this.#held += octets.length;
		if (this.#parts.length > maxParts) {
			this.#peek(this.#held);
		}
	}

	/** The next frame; undefined while it is not whole. */
	next(): Result<Buffer | undefined, CodedFailure<'FRAME_TOO_LONG'>> {
		if (this.#held < headOctets) {
			return ok(undefined);
		}

		const length = this.#peek(headOctets).readUInt32BE();
		if (length > this.#maxOctets) {
			return fail('FRAME_TOO_LONG', `Expected at most ${this.#maxOctets} octets in a frame, got ${length}.`);
		}

		if (this.#held < headOctets + length) {
			return ok(undefined);
		}

		const whole = this.#peek(headOctets + length);
		this.#drop(headOctets + length);
		return ok(whole.subarray(headOctets, headOctets + length));
	}

	/** At least `count` octets in one piece, still held. */
	#peek(count: number): Buffer {
		const [first] = this.#parts;
		if (first !== undefined && first.length >= count) {
			return first;
		}

		const whole = Buffer.concat(this.#parts);
		this.#parts.splice(0, this.#parts.length, whole);
		return whole;
	}

	#drop(count: number): void {
		const [first] = this.#parts;
		if (first !== undefined) {
			const rest = first.subarray(count);
			this.#parts.splice(0, 1, ...(rest.length === 0 ? [] : [rest]));
			this.#held -= count;
		}
	}
}

/** A frame with its length before it. */
export function writeFrame(octets: Buffer): Buffer {
	const head = Buffer.allocUnsafe(headOctets);
	head.writeUInt32BE(octets.length);
	return Buffer.concat([head, octets]);
}

const headOctets = 4;
/** Bounds what octets that come one by one cost. */
const maxParts = 1024;
