import {readAsn1} from '../../wire/asn1/index.js';

/**
 * ECDSA-Sig-Value (RFC 3279 §2.2.3) as r and s side by side, each of `size` octets. Undefined for anything but DER of
 * two positive numbers that fit. (r, n-s) verifies as well as (r, s): signatures identify nothing.
 */
export function parseEcdsaSignature(signature: Uint8Array, size: number): Uint8Array | undefined {
	const read = readAsn1(signature, 'der', (root) => {
		const cursor = root.sequence();
		const numbers = [cursor.next().positiveInteger(), cursor.next().positiveInteger()];
		cursor.end();
		return numbers;
	});
	if (!read.ok || read.value.some((number) => number.length > size)) {
		return undefined;
	}

	const numbers = new Uint8Array(2 * size);
	for (const [index, number] of read.value.entries()) {
		numbers.set(number, (index + 1) * size - number.length);
	}

	return numbers;
}
