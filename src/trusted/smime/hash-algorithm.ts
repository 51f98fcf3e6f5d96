import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {derAlgorithm, requireNullOrNoParameters} from './algorithm-identifier.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {refuse} from './refusal.js';

/** Hashes for digests and signatures (RFC 5754 §2). */
export type HashName = 'sha256' | 'sha384' | 'sha512';

/** SHA-1 too: as a mask or key derivation function, where collisions do no harm, and under signatures that a policy permits. */
export type KeyHashName = HashName | 'sha1';

export const hashBytes: Readonly<Record<KeyHashName, number>> = {sha1: 20, sha256: 32, sha384: 48, sha512: 64};

/** A hash that may stand under any signature. */
export function readHashAlgorithm(algorithm: AlgorithmIdentifier): HashName {
	const hash = readKeyHashAlgorithm(algorithm);
	return hash === 'sha1' ? refuse('WEAK', sha1Refusal) : hash;
}

/** The digest of a SignerInfo: SHA-1 only where it is permitted. */
export function readDigestAlgorithm(algorithm: AlgorithmIdentifier, legacy: LegacyAlgorithms): KeyHashName {
	const hash = readKeyHashAlgorithm(algorithm);
	if (hash === 'sha1') {
		legacy.take('sha1-signatures', sha1Refusal);
	}

	return hash;
}

/** A hash that may stand inside OAEP. */
export function readKeyHashAlgorithm(algorithm: AlgorithmIdentifier): KeyHashName {
	requireNullOrNoParameters(algorithm);
	const hash = hashOfOid.get(algorithm.oid);
	if (hash === undefined) {
		return weakHashes.has(algorithm.oid)
			? refuse('WEAK', 'Expected SHA-256 or better, got MD2 or MD5.')
			: refuse('UNSUPPORTED', `Expected SHA-256, SHA-384 or SHA-512, got ${algorithm.oid}.`);
	}

	return hash;
}

/** Without parameters, as RFC 5754 §2 asks of those who write. */
export function derHashAlgorithm(hash: KeyHashName): Uint8Array {
	return derAlgorithm(oidOfHash[hash]);
}

export const oidOfHash: Readonly<Record<KeyHashName, string>> = {
	sha1: '1.3.14.3.2.26',
	sha256: '2.16.840.1.101.3.4.2.1',
	sha384: '2.16.840.1.101.3.4.2.2',
	sha512: '2.16.840.1.101.3.4.2.3',
};

const sha1Refusal = 'Expected SHA-256 or better for a signature, got SHA-1.';

const hashOfOid = new Map(Object.entries(oidOfHash).map(([hash, oid]) => [oid, hash as KeyHashName]));

const weakHashes: ReadonlySet<string> = new Set(['1.2.840.113549.2.2', '1.2.840.113549.2.5']);
