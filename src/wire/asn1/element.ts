import {Asn1Fault, malformed, tagText} from './fault.js';
import {decodeObjectIdentifier} from './object-identifier.js';
import {contextConstructed, contextPrimitive, tags} from './tags.js';
import {parseAsn1Time} from './time.js';

/** One element: where it stands in the octets that were read, and accessors that check what it is. */
export class Asn1Element {
	/** Identifier octet, see `tags`. */
	readonly tag: number;
	readonly children: readonly Asn1Element[];
	readonly #source: Uint8Array;
	readonly #start: number;
	readonly #contentStart: number;
	readonly #contentEnd: number;
	/** Offset behind the element in the octets that were read. */
	readonly end: number;

	/** @internal */
	constructor(
		source: Uint8Array,
		tag: number,
		at: {readonly start: number; readonly contentStart: number; readonly contentEnd: number; readonly end: number},
		children: readonly Asn1Element[],
	) {
		this.#source = source;
		this.tag = tag;
		this.#start = at.start;
		this.#contentStart = at.contentStart;
		this.#contentEnd = at.contentEnd;
		this.end = at.end;
		this.children = children;
	}

	/** The whole element as it was sent. */
	get encoded(): Uint8Array {
		return this.#source.subarray(this.#start, this.end);
	}

	/** Contents octets as they were sent. */
	get content(): Uint8Array {
		return this.#source.subarray(this.#contentStart, this.#contentEnd);
	}

	/** This element, if it has the tag. */
	expect(tag: number): this {
		if (this.tag !== tag) {
			throw new Asn1Fault('ASN1_UNEXPECTED', `Expected tag ${tagText(tag)}, got ${tagText(this.tag)}.`);
		}

		return this;
	}

	/** A cursor over the elements of a SEQUENCE, or of what stands under another constructed tag. */
	sequence(tag: number = tags.sequence): Asn1Cursor {
		return new Asn1Cursor(this.expect(tag).children);
	}

	/** The elements of a SET OF or SEQUENCE OF, at most `maxCount`. */
	listOf(tag: number, maxCount: number): readonly Asn1Element[] {
		const {length} = this.expect(tag).children;
		if (length > maxCount) {
			throw new Asn1Fault('ASN1_OVER_LIMIT', `Expected at most ${maxCount} elements, got ${length}.`);
		}

		return this.children;
	}

	/** The one element under `[number] EXPLICIT`. */
	explicit(number: number): Asn1Element {
		const cursor = this.sequence(contextConstructed(number));
		const inner = cursor.next();
		cursor.end();
		return inner;
	}

	objectIdentifier(): string {
		const dotted = decodeObjectIdentifier(this.expect(tags.objectIdentifier).content);
		return dotted ?? malformed('Expected an object identifier in its one encoding.');
	}

	/** Contents octets of an INTEGER: two's complement, minimal (X.690 §8.3). */
	integer(): Uint8Array {
		const {content} = this.expect(tags.integer);
		const [first, second] = content;
		const isPadded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
		return first === undefined || isPadded ? malformed('Expected an INTEGER in its one encoding.') : content;
	}

	/** Magnitude of a positive INTEGER without leading zeros. */
	positiveInteger(): Uint8Array {
		const content = this.integer();
		const first = content[0] ?? 0;
		if (first >= 0x80 || (first === 0 && content.length === 1)) {
			return malformed('Expected a positive INTEGER.');
		}

		return first === 0 ? content.subarray(1) : content;
	}

	/** An INTEGER from 0 to 2^31-1. */
	smallInteger(): number {
		const content = this.integer();
		if (content.length > 4 || (content[0] ?? 0) >= 0x80) {
			return malformed('Expected a small, non-negative INTEGER.');
		}

		return content.reduce((value, octet) => value * 256 + octet, 0);
	}

	boolean(): boolean {
		const {content} = this.expect(tags.boolean);
		const [value] = content;
		return content.length === 1 && (value === 0 || value === 0xff)
			? value !== 0
			: malformed('Expected a BOOLEAN of 0x00 or 0xff.');
	}

	null(): void {
		if (this.expect(tags.null).content.length > 0) {
			malformed('Expected a NULL without contents.');
		}
	}

	/** Octets of an OCTET STRING, its segments joined where BER cut it into some (X.690 §8.7). */
	octetString(): Uint8Array {
		return this.#octets(tags.octetString);
	}

	/** Octets of `[number] IMPLICIT OCTET STRING`. */
	implicitOctetString(number: number): Uint8Array {
		return this.#octets(contextPrimitive(number));
	}

	/** Octets of a BIT STRING that has no unused bits. */
	bitStringOctets(): Uint8Array {
		const {content} = this.expect(tags.bitString);
		return content[0] === 0 ? content.subarray(1) : malformed('Expected a BIT STRING of whole octets.');
	}

	/** Milliseconds since 1970 of a UTCTime or GeneralizedTime. */
	time(): number {
		const kind = this.tag === tags.utcTime ? 'utc' : 'generalized';
		if (kind === 'generalized') {
			this.expect(tags.generalizedTime);
		}

		const timeMs = parseAsn1Time(Buffer.from(this.content).toString('latin1'), kind);
		return timeMs ?? malformed('Expected a time to the second, ending in Z.');
	}

	#octets(primitive: number): Uint8Array {
		if (this.tag !== (primitive | constructedBit)) {
			return this.expect(primitive).content;
		}

		const segments: Uint8Array[] = [];
		const collect = (element: Asn1Element) => {
			for (const child of element.children) {
				if (child.tag === (tags.octetString | constructedBit)) {
					collect(child);
				} else {
					segments.push(child.expect(tags.octetString).content);
				}
			}
		};
		collect(this);
		return new Uint8Array(Buffer.concat(segments));
	}
}

/** Walks the elements of a SEQUENCE in order. */
export class Asn1Cursor {
	readonly #elements: readonly Asn1Element[];
	#index = 0;

	/** @internal */
	constructor(elements: readonly Asn1Element[]) {
		this.#elements = elements;
	}

	/** The next element, with `tag` where that is given. */
	next(tag?: number): Asn1Element {
		const element = this.#elements[this.#index];
		if (element === undefined) {
			return malformed('Expected one more element.');
		}

		this.#index++;
		return tag === undefined ? element : element.expect(tag);
	}

	/** The next element, if it has one of the tags. */
	optional(...wanted: readonly number[]): Asn1Element | undefined {
		const element = this.#elements[this.#index];
		if (element === undefined || !wanted.includes(element.tag)) {
			return undefined;
		}

		this.#index++;
		return element;
	}

	/** The next element, if there is one. */
	nextIfAny(): Asn1Element | undefined {
		return this.#index < this.#elements.length ? this.next() : undefined;
	}

	/** Refuses elements that nobody asked for. */
	end(): void {
		const left = this.#elements.length - this.#index;
		if (left > 0) {
			throw new Asn1Fault('ASN1_UNEXPECTED', `Expected no further element, got ${left}.`);
		}
	}
}

const constructedBit = 0x20;
