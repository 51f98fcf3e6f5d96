import {derInteger, derOctetString, derSequence} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {derAlgorithm} from './algorithm-identifier.js';
import type {ContentCipher} from './cms-provider.js';
import {refuse} from './refusal.js';

/** A content cipher with all that it takes to decrypt, but the key. */
export type CipherParameters = {
	readonly cipher: ContentCipher /** Nonce of GCM, IV of CBC. */;
	readonly iv: Uint8Array;
};

export const contentKeyBytes: Readonly<Record<ContentCipher, number>> = {
	'AES-128-GCM': 16,
	'AES-256-GCM': 32,
	'AES-128-CBC': 16,
	'AES-192-CBC': 24,
	'AES-256-CBC': 32,
};

export const gcmTagBytes = 16;

export function isAuthenticated(cipher: ContentCipher): boolean {
	return cipher.endsWith('-GCM');
}

export function ivBytes(cipher: ContentCipher): number {
	return isAuthenticated(cipher) ? gcmNonceBytes : blockBytes;
}

/**
 * AES-GCM for AuthEnvelopedData (RFC 5084 §3.2): a nonce of 12 octets and an ICV of 16, said outright. The default of
 * the ICV length is 12; a message that leaves it out says 12 and is refused.
 */
export function readGcmAlgorithm(algorithm: AlgorithmIdentifier): CipherParameters {
	const cipher = gcmOfOid.get(algorithm.oid);
	if (cipher === undefined || algorithm.parameters === undefined) {
		return refuseCipher(algorithm, 'AES-128-GCM or AES-256-GCM');
	}

	const cursor = algorithm.parameters.sequence();
	const iv = cursor.next().octetString();
	const tagBytes = cursor.nextIfAny()?.smallInteger() ?? defaultTagBytes;
	cursor.end();
	return iv.length !== gcmNonceBytes || tagBytes !== gcmTagBytes
		? refuse('UNSUPPORTED', `Expected a nonce of 12 octets and an ICV of 16, got ${iv.length} and ${tagBytes}.`)
		: {cipher, iv};
}

/** AES-CBC for EnvelopedData (RFC 3565 §4.1): an IV of 16 octets. */
export function readCbcAlgorithm(algorithm: AlgorithmIdentifier): CipherParameters {
	const cipher = cbcOfOid.get(algorithm.oid);
	if (cipher === undefined || algorithm.parameters === undefined) {
		return refuseCipher(algorithm, 'AES-128-CBC, AES-192-CBC or AES-256-CBC');
	}

	const iv = algorithm.parameters.octetString();
	return iv.length === blockBytes
		? {cipher, iv}
		: refuse('UNSUPPORTED', `Expected an IV of 16 octets, got ${iv.length}.`);
}

export function derCipherAlgorithm({cipher, iv}: CipherParameters): Uint8Array {
	return isAuthenticated(cipher)
		? derAlgorithm(oidOfCipher[cipher], derSequence(derOctetString(iv), derInteger(gcmTagBytes)))
		: derAlgorithm(oidOfCipher[cipher], derOctetString(iv));
}

/** Pads to whole blocks (RFC 5652 §6.3). */
export function padBlocks(content: Uint8Array): Uint8Array {
	const count = blockBytes - (content.length % blockBytes);
	const padded = new Uint8Array(content.length + count).fill(count);
	padded.set(content);
	return padded;
}

/** Takes the padding off; undefined where it is wrong. The time does not tell where. */
export function unpadBlocks(padded: Uint8Array): Uint8Array | undefined {
	const count = padded.at(-1) ?? 0;
	let faults = padded.length < blockBytes || count < 1 || count > blockBytes ? 1 : 0;
	for (let index = 1; index <= blockBytes; index++) {
		const isPadding = index <= count ? 0xff : 0;
		faults |= isPadding & ((padded[padded.length - index] ?? 0) ^ count);
	}

	return faults === 0 ? padded.subarray(0, padded.length - count) : undefined;
}

function refuseCipher(algorithm: AlgorithmIdentifier, expected: string): never {
	return weakCiphers.has(algorithm.oid)
		? refuse('WEAK', `Expected ${expected}, got DES, 3DES or RC2.`)
		: refuse('UNSUPPORTED', `Expected ${expected} with parameters, got ${algorithm.oid}.`);
}

const blockBytes = 16;
const gcmNonceBytes = 12;
const defaultTagBytes = 12;

/** NIST's arcs for AES (RFC 3565 §4.1, RFC 5084 §3.2). */
const oidOfCipher: Readonly<Record<ContentCipher, string>> = {
	'AES-128-CBC': '2.16.840.1.101.3.4.1.2',
	'AES-128-GCM': '2.16.840.1.101.3.4.1.6',
	'AES-192-CBC': '2.16.840.1.101.3.4.1.22',
	'AES-256-CBC': '2.16.840.1.101.3.4.1.42',
	'AES-256-GCM': '2.16.840.1.101.3.4.1.46',
};

const cipherOfOid = Object.entries(oidOfCipher).map(([cipher, oid]) => [oid, cipher as ContentCipher] as const);
const gcmOfOid = new Map(cipherOfOid.filter(([, cipher]) => isAuthenticated(cipher)));
const cbcOfOid = new Map(cipherOfOid.filter(([, cipher]) => !isAuthenticated(cipher)));

/** DES-CBC, 3DES-CBC, RC2-CBC. */
const weakCiphers: ReadonlySet<string> = new Set(['1.3.14.3.2.7', '1.2.840.113549.3.7', '1.2.840.113549.3.2']);
