/** Lower-case hexadecimal of `bytes`. */
export function toHex(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Bytes of a hexadecimal string. Throws `RangeError` on anything that is not pairs of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
	if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) {
		throw new RangeError(`Expected pairs of hexadecimal digits, got ${text.length} characters.`);
	}

	return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** True when both hold the same octets. Not constant in time: for public data only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	return Buffer.compare(a, b) === 0;
}

/** Overwrites `bytes` with zeros. Copies that the engine made elsewhere are out of its reach. */
export function wipe(bytes: Uint8Array): void {
	bytes.fill(0);
}
