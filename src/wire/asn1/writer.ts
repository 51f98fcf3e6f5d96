import {BoundedMap} from '../../base/bounded-map.js';
import {encodeObjectIdentifier} from './object-identifier.js';
import {contextConstructed, contextPrimitive, tags} from './tags.js';
import {formatAsn1Time} from './time.js';

/** One element in DER (X.690 §10): identifier octet, minimal length, contents. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of contents) {
		length += part.length;
	}

	const header = derHeader(tag, length);
	const element = new Uint8Array(header.length + length);
	element.set(header);
	let offset = header.length;
	for (const part of contents) {
		element.set(part, offset);
		offset += part.length;
	}

	return element;
}

export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
	return derElement(tags.sequence, ...elements);
}

/** SET OF: the elements in ascending order of their encodings (X.690 §11.6). */
export function derSetOf(...elements: readonly Uint8Array[]): Uint8Array {
	return derElement(tags.set, ...sortSetOf(elements));
}

/** The order of a SET OF in DER. */
export function sortSetOf(elements: readonly Uint8Array[]): Uint8Array[] {
	return elements.toSorted((a, b) => Buffer.compare(a, b));
}

/** INTEGER of a number or bigint, or of an unsigned big-endian magnitude. */
export function derInteger(value: number | bigint | Uint8Array): Uint8Array {
	return derElement(tags.integer, value instanceof Uint8Array ? unsignedContent(value) : signedContent(BigInt(value)));
}

export function derBoolean(value: boolean): Uint8Array {
	return derElement(tags.boolean, Uint8Array.of(value ? 0xff : 0));
}

export function derNull(): Uint8Array {
	return derElement(tags.null);
}

/** The same array each time: not to be changed. */
export function derObjectIdentifier(dotted: string): Uint8Array {
	const known = objectIdentifiers.get(dotted);
	if (known !== undefined) {
		return known;
	}

	const element = derElement(tags.objectIdentifier, encodeObjectIdentifier(dotted));
	objectIdentifiers.set(dotted, element);
	return element;
}

export function derOctetString(bytes: Uint8Array): Uint8Array {
	return derElement(tags.octetString, bytes);
}

/** BIT STRING of whole octets, of which the last `unusedBits` bits do not count. */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
	return derElement(tags.bitString, Uint8Array.of(unusedBits), bytes);
}

export function derUtf8String(text: string): Uint8Array {
	return derElement(tags.utf8String, Buffer.from(text, 'utf8'));
}

/** PrintableString (X.680 §41.4). Throws `RangeError` on a character outside its repertoire. */
export function derPrintableString(text: string): Uint8Array {
	if (!/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)) {
		throw new RangeError('Expected characters of PrintableString only.');
	}

	return derElement(tags.printableString, Buffer.from(text, 'latin1'));
}

/** IA5String, with `tag` for an implicitly tagged one. Throws `RangeError` on a character outside ASCII. */
export function derIa5String(text: string, tag: number = tags.ia5String): Uint8Array {
	const octets = Buffer.from(text, 'utf8');
	if (octets.some((octet) => octet > 0x7f)) {
		throw new RangeError('Expected characters of ASCII only.');
	}

	return derElement(tag, octets);
}

/** UTCTime until the end of 2049, GeneralizedTime from 2050 and before 1950 (RFC 5280 §4.1.2.5). */
export function derTime(timeMs: number): Uint8Array {
	const year = new Date(timeMs).getUTCFullYear();
	const isUtc = year >= 1950 && year < 2050;
	const text = formatAsn1Time(timeMs, isUtc ? 'utc' : 'generalized');
	return derElement(isUtc ? tags.utcTime : tags.generalizedTime, Buffer.from(text, 'latin1'));
}

/** `[number] EXPLICIT`, or `[number] IMPLICIT` before a SEQUENCE or SET of `elements`. */
export function derContext(number: number, ...elements: readonly Uint8Array[]): Uint8Array {
	return derElement(contextConstructed(number), ...elements);
}

/** `[number] IMPLICIT` before a primitive with these contents octets. */
export function derContextPrimitive(number: number, content: Uint8Array): Uint8Array {
	return derElement(contextPrimitive(number), content);
}

function derHeader(tag: number, length: number): Uint8Array {
	if (length < 0x80) {
		return Uint8Array.of(tag, length);
	}
	if (length < 0x1_00) {
		return Uint8Array.of(tag, 0x81, length);
	}
	if (length < 0x1_00_00) {
		return Uint8Array.of(tag, 0x82, length >>> 8, length & 0xff);
	}

	if (length < 0x1_00_00_00) {
		return Uint8Array.of(tag, 0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff);
	}

	return Uint8Array.of(tag, 0x84, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}

function signedContent(value: bigint): Uint8Array {
	const octets: number[] = [];
	let rest = value;
	do {
		octets.unshift(Number(rest & 0xffn));
		rest >>= 8n;
	} while (rest !== 0n && rest !== -1n);
	const isNegative = value < 0n;
	if ((octets[0] ?? 0) >= 0x80 !== isNegative) {
		octets.unshift(isNegative ? 0xff : 0);
	}

	return Uint8Array.from(octets);
}

function unsignedContent(magnitude: Uint8Array): Uint8Array {
	const first = magnitude.findIndex((octet) => octet !== 0);
	if (first < 0) {
		return Uint8Array.of(0);
	}

	const minimal = magnitude.subarray(first);
	return (minimal[0] ?? 0) >= 0x80 ? Uint8Array.from([0, ...minimal]) : minimal;
}

/** Algorithms and attributes: few, and in every message. */
const objectIdentifiers = new BoundedMap<string, Uint8Array>(256);
