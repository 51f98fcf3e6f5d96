import {createHmac} from 'node:crypto';

/** How the ledger knows a key: by the key alone, and by its salt beside it. */
export type KeyFingerprint = {readonly fingerprint: string; readonly saltTag: string};

/**
 * Keyed fingerprints of a master key and its salt: HMAC-SHA-256 under the ledger's secret, 16 octets, hexadecimal.
 * Suites do not enter: AES_CM_128 derives the same session keys for _80 and _32 (PROTOCOL V8b).
 */
export function fingerprintKey(secret: Uint8Array, keyAndSalt: Uint8Array, keyOctets: number): KeyFingerprint {
	return {
		fingerprint: tag(secret, 'key', keyAndSalt.subarray(0, keyOctets)),
		saltTag: tag(secret, 'salt', keyAndSalt.subarray(keyOctets)),
	};
}

function tag(secret: Uint8Array, label: string, bytes: Uint8Array): string {
	return createHmac('sha256', secret).update(`${label}\0`).update(bytes).digest().subarray(0, 16).toString('hex');
}
