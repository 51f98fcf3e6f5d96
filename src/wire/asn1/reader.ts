import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import {Asn1Element} from './element.js';
import type {Asn1Failure} from './fault.js';
import {Asn1Fault, malformed, tagText} from './fault.js';
import {tags} from './tags.js';

/** `ber` takes indefinite and long lengths and constructed OCTET STRINGs; `der` takes the one encoding of X.690 §10. */
export type Asn1Rules = 'ber' | 'der';

/** What one reading may cost. All are checked before the octets concerned are looked at. */
export type Asn1Limits = {
	/** @default 524_288 */
	readonly maxBytes?: number;
	/** Elements inside elements. @default 24 */
	readonly maxDepth?: number;
	/** Elements in all. @default 8192 */
	readonly maxElements?: number;
};

/**
 * Reads one element that spans all of `bytes` and hands it to `read`. The accessors of elements and cursors that `read`
 * uses end the reading where the encoding is not as they expect; that end comes out here as a failure, never as a throw.
 * What `read` itself throws passes through.
 */
export function readAsn1<Value>(
	bytes: Uint8Array,
	rules: Asn1Rules,
	read: (root: Asn1Element) => Value,
	limits: Asn1Limits = {},
): Result<Value, Asn1Failure> {
	return guardAsn1(() => read(new Scanner(bytes, rules, limits).scanAll()));
}

/** For elements that outlive `readAsn1`: the faults of their accessors come out as a failure here. */
export function guardAsn1<Value>(read: () => Value): Result<Value, Asn1Failure> {
	try {
		return ok(read());
	} catch (error) {
		if (error instanceof Asn1Fault) {
			return fail(error.code, error.message);
		}
		throw error;
	}
}

/** Cuts octets into elements. */
class Scanner {
	readonly #bytes: Uint8Array;
	readonly #rules: Asn1Rules;
	readonly #maxDepth: number;
	#elementsLeft: number;

	constructor(bytes: Uint8Array, rules: Asn1Rules, limits: Asn1Limits) {
		const maxBytes = limits.maxBytes ?? 524_288;
		if (bytes.length > maxBytes) {
			throw new Asn1Fault('ASN1_OVER_LIMIT', `Expected at most ${maxBytes} octets, got ${bytes.length}.`);
		}

		this.#bytes = bytes;
		this.#rules = rules;
		this.#maxDepth = limits.maxDepth ?? 24;
		this.#elementsLeft = limits.maxElements ?? 8192;
	}

	scanAll(): Asn1Element {
		const element = this.#scan(0, this.#bytes.length, 1);
		return element.end === this.#bytes.length ? element : malformed('Expected nothing after the element.');
	}

	#scan(start: number, limit: number, depth: number): Asn1Element {
		if (depth > this.#maxDepth) {
			throw new Asn1Fault('ASN1_OVER_LIMIT', `Expected at most ${this.#maxDepth} elements inside each other.`);
		}
		if (--this.#elementsLeft < 0) {
			throw new Asn1Fault('ASN1_OVER_LIMIT', 'Expected fewer elements.');
		}

		const tag = this.#octet(start, limit);
		this.#checkTag(tag);
		const {contentStart, length} = this.#readLength(start + 1, limit);
		const isConstructed = (tag & constructedBit) !== 0;
		if (length === undefined) {
			return isConstructed && this.#rules === 'ber'
				? this.#scanIndefinite(tag, start, contentStart, limit, depth)
				: malformed('Expected a definite length.');
		}

		const end = contentStart + length;
		if (end > limit) {
			return malformed('Expected the contents to end inside what holds them.');
		}

		const children: Asn1Element[] = [];
		for (let offset = contentStart; isConstructed && offset < end; ) {
			const child = this.#scan(offset, end, depth + 1);
			children.push(child);
			offset = child.end;
		}

		return new Asn1Element(this.#bytes, tag, {start, contentStart, contentEnd: end, end}, children);
	}

	#scanIndefinite(tag: number, start: number, contentStart: number, limit: number, depth: number): Asn1Element {
		const children: Asn1Element[] = [];
		let offset = contentStart;
		while (this.#octet(offset, limit) !== endOfContents) {
			const child = this.#scan(offset, limit, depth + 1);
			children.push(child);
			offset = child.end;
		}
		if (this.#octet(offset + 1, limit) !== 0) {
			return malformed('Expected the end of contents to be empty.');
		}

		return new Asn1Element(this.#bytes, tag, {start, contentStart, contentEnd: offset, end: offset + 2}, children);
	}

	#octet(offset: number, limit: number): number {
		const octet = offset < limit ? this.#bytes[offset] : undefined;
		return octet ?? malformed('Expected more octets.');
	}

	#checkTag(tag: number): void {
		const number = tag & 0x1f;
		if (number === 0x1f || tag === endOfContents) {
			malformed('Expected a tag number from 1 to 30, or a context-specific one from 0.');
		}
		if ((tag & 0xc0) !== 0) {
			return;
		}

		const isConstructed = (tag & constructedBit) !== 0;
		const mustBe = number === (tags.sequence & 0x1f) || number === (tags.set & 0x1f);
		const mayBe = mustBe || (this.#rules === 'ber' && number === tags.octetString);
		if (isConstructed ? !mayBe : mustBe) {
			malformed(`Expected tag ${tagText(tag)} in its other form.`);
		}
	}

	/** Undefined `length` is the indefinite form. */
	#readLength(offset: number, limit: number): {readonly contentStart: number; readonly length: number | undefined} {
		const first = this.#octet(offset, limit);
		if (first < 0x80) {
			return {contentStart: offset + 1, length: first};
		}
		if (first === 0x80) {
			return {contentStart: offset + 1, length: undefined};
		}

		const count = first & 0x7f;
		if (count > 4) {
			return malformed('Expected at most four octets of length.');
		}

		let length = 0;
		for (let index = 1; index <= count; index++) {
			length = length * 256 + this.#octet(offset + index, limit);
		}
		const isMinimal = length >= 0x80 && length >= 256 ** (count - 1);
		if (this.#rules === 'der' && !isMinimal) {
			return malformed('Expected the shortest form of the length.');
		}

		return {contentStart: offset + 1 + count, length};
	}
}

const constructedBit = 0x20;
const endOfContents = 0x00;
