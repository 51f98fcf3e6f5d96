/**
 * True when the octets are one pattern repeated at least twice (all zero and all ones among them): no random key of 16
 * octets is, but for one in 2^64.
 */
export function isWeakKey(key: Uint8Array): boolean {
	for (let period = 1; period <= key.length / 2; period++) {
		if (key.every((octet, index) => index < period || octet === key[index - period])) {
			return true;
		}
	}

	return false;
}

/**
 * True when every octet is printable ASCII, as of a passphrase that somebody typed: less than 2^-22 of random keys
 * of 16 octets look so. A policy may ask; the reader does not.
 */
export function looksLikePassphrase(key: Uint8Array): boolean {
	return key.length > 0 && key.every((octet) => octet >= 0x20 && octet <= 0x7e);
}
