/** Identifier octets (X.690 §8.1.2) as they stand in an encoding: class, constructed bit and number in one octet. */
export const tags = {
	boolean: 0x01,
	integer: 0x02,
	bitString: 0x03,
	octetString: 0x04,
	null: 0x05,
	objectIdentifier: 0x06,
	utf8String: 0x0c,
	printableString: 0x13,
	ia5String: 0x16,
	utcTime: 0x17,
	generalizedTime: 0x18,
	sequence: 0x30,
	set: 0x31,
} as const;

/** Identifier octet of a constructed context-specific tag: `[number]` before a SEQUENCE, a SET or an EXPLICIT value. */
export function contextConstructed(number: number): number {
	return 0xa0 | checkNumber(number);
}

/** Identifier octet of a primitive context-specific tag: `[number] IMPLICIT` before a string or a number. */
export function contextPrimitive(number: number): number {
	return 0x80 | checkNumber(number);
}

function checkNumber(number: number): number {
	if (!Number.isInteger(number) || number < 0 || number > 30) {
		throw new RangeError(`Expected a tag number from 0 to 30, got ${number}.`);
	}

	return number;
}
