import type {Asn1Element} from '../../wire/asn1/index.js';
import {readAlgorithmIdentifier, requireNoParameters} from './algorithm-identifier.js';
import {readNested, refuse} from './refusal.js';

export type EcCurve = 'p-256' | 'p-384' | 'p-521';

/** A public key as plain numbers, so that no other parser needs to see a stranger's SubjectPublicKeyInfo. */
export type PublicKey =
	| {readonly kind: EcCurve /** Uncompressed point: 0x04, x, y. */; readonly point: Uint8Array}
	| {readonly kind: 'x25519' | 'ed25519' /** 32 octets. */; readonly point: Uint8Array}
	| {readonly kind: 'rsa' /** Without leading zeros. */; readonly modulus: Uint8Array; readonly exponent: Uint8Array};

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 5480, RFC 8410, RFC 3279 §2.3.1). Undefined for a key that is
 * well formed and outside our list; bounds of size are those of `judgePublicKey`.
 */
export function readPublicKey(subjectPublicKeyInfo: Asn1Element): PublicKey | undefined {
	const cursor = subjectPublicKeyInfo.sequence();
	const algorithm = readAlgorithmIdentifier(cursor.next());
	const octets = cursor.next().bitStringOctets();
	cursor.end();
	if (algorithm.oid === ecPublicKeyOid) {
		const kind =
			algorithm.parameters?.tag === 0x06 ? curveOfOid.get(algorithm.parameters.objectIdentifier()) : undefined;
		return kind === undefined ? undefined : {kind, point: readPoint(kind, octets)};
	}
	if (algorithm.oid === x25519Oid || algorithm.oid === ed25519Oid) {
		requireNoParameters(algorithm);
		return octets.length === 32
			? {kind: algorithm.oid === x25519Oid ? 'x25519' : 'ed25519', point: octets}
			: refuse('MALFORMED', `Expected 32 octets of public key, got ${octets.length}.`);
	}
	if (algorithm.oid === rsaEncryptionOid) {
		algorithm.parameters?.null();
		return readNested(octets, (root) => {
			const key = root.sequence();
			const modulus = key.next().positiveInteger();
			const exponent = key.next().positiveInteger();
			key.end();
			return {kind: 'rsa', modulus, exponent};
		});
	}

	return undefined;
}

/** Checks an uncompressed point for its form; whether it is on the curve is found by whoever computes with it. */
export function readPoint(curve: EcCurve, octets: Uint8Array): Uint8Array {
	if (octets.length !== 1 + 2 * coordinateBytes[curve] || octets[0] !== 0x04) {
		return refuse('UNSUPPORTED', `Expected an uncompressed point of ${curve}.`);
	}

	return octets;
}

/**
 * Refuses keys that are too weak, and RSA numbers made to cost time: `WEAK` below 2048 bits, `UNSUPPORTED` above 8192
 * bits, for even numbers, and for exponents below 3 or above 33 bits.
 */
export function judgePublicKey(key: PublicKey | undefined): PublicKey {
	if (key === undefined) {
		return refuse('UNSUPPORTED', 'Expected a key of P-256, P-384, P-521, Ed25519, X25519 or RSA.');
	}
	if (key.kind !== 'rsa') {
		return key;
	}

	const bits = key.modulus.length * 8 - Math.clz32(key.modulus[0] ?? 0) + 24;
	if (bits < 2048) {
		return refuse('WEAK', `Expected RSA of at least 2048 bits, got ${bits}.`);
	}
	const isOdd = ((key.modulus.at(-1) ?? 0) & (key.exponent.at(-1) ?? 0) & 1) === 1;
	const isExponentInBounds = key.exponent.length <= 4 || (key.exponent.length === 5 && key.exponent[0] === 1);
	const isOne = key.exponent.length === 1 && key.exponent[0] === 1;
	if (bits > 8192 || !isOdd || !isExponentInBounds || isOne) {
		return refuse('UNSUPPORTED', 'Expected RSA of at most 8192 bits with an odd exponent from 3 to 33 bits.');
	}

	return key;
}

export const coordinateBytes: Readonly<Record<EcCurve, number>> = {'p-256': 32, 'p-384': 48, 'p-521': 66};

export const ecPublicKeyOid = '1.2.840.10045.2.1';
export const x25519Oid = '1.3.101.110';
const ed25519Oid = '1.3.101.112';
const rsaEncryptionOid = '1.2.840.113549.1.1.1';

export const curveOfOid: ReadonlyMap<string, EcCurve> = new Map([
	['1.2.840.10045.3.1.7', 'p-256'],
	['1.3.132.0.34', 'p-384'],
	['1.3.132.0.35', 'p-521'],
]);
