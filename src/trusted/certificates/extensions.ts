import {
	type Asn1Element,
	derBoolean,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	tags,
} from '../../wire/asn1/index.js';

/** Contents of extnValue by dotted object identifier (RFC 5280 §4.2). */
export type Extensions = ReadonlyMap<string, Uint8Array>;

/** Reads Extensions of a certificate, a revocation list or one of its entries. Undefined where one comes twice. */
export function readExtensions(extensions: Asn1Element | undefined, most: number): Extensions | undefined {
	const read = new Map<string, Uint8Array>();
	const list = extensions?.listOf(tags.sequence, most) ?? [];
	for (const item of list) {
		const extension = item.sequence();
		const identifier = extension.next().objectIdentifier();
		extension.optional(tags.boolean)?.boolean();
		read.set(identifier, extension.next().octetString());
		extension.end();
	}

	return read.size === list.length ? read : undefined;
}

/** One Extension around the DER of its value. */
export function derExtension(identifier: string, value: Uint8Array, criticality?: 'critical'): Uint8Array {
	const critical = criticality === undefined ? [] : [derBoolean(true)];
	return derSequence(derObjectIdentifier(identifier), ...critical, derOctetString(value));
}
