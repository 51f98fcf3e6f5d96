import {createHash, hkdfSync} from 'node:crypto';
import {hashBytes} from './hash-algorithm.js';
import type {KeyDerivation} from './key-agree.js';

/** Key-encryption key from a shared secret: ANSI-X9.63-KDF (RFC 5753 §7.2, SEC 1 §3.6.1) or HKDF (RFC 8418 §2.2). */
export function deriveKey(derivation: Omit<KeyDerivation, 'wrap'>, sharedSecret: Uint8Array): Uint8Array {
	const {hash, sharedInfo, salt, keyBytes} = derivation;
	if (derivation.function === 'hkdf') {
		return new Uint8Array(hkdfSync(hash, sharedSecret, salt, sharedInfo, keyBytes));
	}

	const blocks: Uint8Array[] = [];
	for (let counter = 1; blocks.length * hashBytes[hash] < keyBytes; counter++) {
		const count = Buffer.alloc(4);
		count.writeUInt32BE(counter);
		blocks.push(createHash(hash).update(sharedSecret).update(count).update(sharedInfo).digest());
	}

	return new Uint8Array(Buffer.concat(blocks).subarray(0, keyBytes));
}
