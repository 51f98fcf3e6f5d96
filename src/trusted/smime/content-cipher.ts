import {derInteger, derOctetString, derSequence} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {derAlgorithm} from './algorithm-identifier.js';
import type {Decrypted} from './cms-provider.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {refuse} from './refusal.js';

/** What we open: all that we write, and 3DES where it is permitted. */
export type OpenedCipher = Decrypted['cipher'];

/** A content cipher with all that it takes to decrypt, but the key. */
export type CipherParameters = {
	readonly cipher: OpenedCipher;
	/** Nonce of GCM, IV of CBC. */
	readonly iv: Uint8Array;
};

export const contentKeyBytes: Readonly<Record<OpenedCipher, number>> = {
	'AES-128-GCM': 16,
	'AES-256-GCM': 32,
	'AES-128-CBC': 16,
	'AES-192-CBC': 24,
	'AES-256-CBC': 32,
	'3DES-CBC': 24,
};

export const gcmTagBytes = 16;

export function isAuthenticated(cipher: OpenedCipher): boolean {
	return cipher.endsWith('-GCM');
}

export function ivBytes(cipher: OpenedCipher): number {
	return isAuthenticated(cipher) ? gcmNonceBytes : blockBytesOf(cipher);
}

/** Octets of a block of the cipher under CBC. */
export function blockBytesOf(cipher: OpenedCipher): number {
	return cipher === '3DES-CBC' ? 8 : 16;
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

/** AES-CBC for EnvelopedData (RFC 3565 §4.1), 3DES-CBC where it is permitted (RFC 3370 §5.1): an IV as long as a block. */
export function readCbcAlgorithm(algorithm: AlgorithmIdentifier, legacy: LegacyAlgorithms): CipherParameters {
	const cipher = cbcOfOid.get(algorithm.oid);
	if (cipher === undefined || algorithm.parameters === undefined) {
		return refuseCipher(algorithm, 'AES-128-CBC, AES-192-CBC or AES-256-CBC');
	}
	if (cipher === '3DES-CBC') {
		legacy.take('3des', 'Expected AES-128-CBC, AES-192-CBC or AES-256-CBC, got 3DES.');
	}

	const iv = algorithm.parameters.octetString();
	return iv.length === blockBytesOf(cipher)
		? {cipher, iv}
		: refuse('UNSUPPORTED', `Expected an IV of ${blockBytesOf(cipher)} octets, got ${iv.length}.`);
}

export function derCipherAlgorithm({cipher, iv}: CipherParameters): Uint8Array {
	return isAuthenticated(cipher)
		? derAlgorithm(oidOfCipher[cipher], derSequence(derOctetString(iv), derInteger(gcmTagBytes)))
		: derAlgorithm(oidOfCipher[cipher], derOctetString(iv));
}

/** Pads to whole blocks of AES (RFC 5652 §6.3). */
export function padBlocks(content: Uint8Array): Uint8Array {
	const blockBytes = 16;
	const count = blockBytes - (content.length % blockBytes);
	const padded = new Uint8Array(content.length + count).fill(count);
	padded.set(content);
	return padded;
}

/** Takes the padding off; undefined where it is wrong. The time does not tell where. */
export function unpadBlocks(padded: Uint8Array, blockBytes = 16): Uint8Array | undefined {
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

const gcmNonceBytes = 12;
const defaultTagBytes = 12;

/** NIST's arcs for AES (RFC 3565 §4.1, RFC 5084 §3.2). */
export const oidOfCipher: Readonly<Record<OpenedCipher, string>> = {
	'AES-128-CBC': '2.16.840.1.101.3.4.1.2',
	'AES-128-GCM': '2.16.840.1.101.3.4.1.6',
	'AES-192-CBC': '2.16.840.1.101.3.4.1.22',
	'AES-256-CBC': '2.16.840.1.101.3.4.1.42',
	'AES-256-GCM': '2.16.840.1.101.3.4.1.46',
	'3DES-CBC': '1.2.840.113549.3.7',
};

const cipherOfOid = Object.entries(oidOfCipher).map(([cipher, oid]) => [oid, cipher as OpenedCipher] as const);
const gcmOfOid = new Map(cipherOfOid.filter(([, cipher]) => isAuthenticated(cipher)));
const cbcOfOid = new Map(cipherOfOid.filter(([, cipher]) => !isAuthenticated(cipher)));

/** DES-CBC, 3DES-CBC, RC2-CBC. */
const weakCiphers: ReadonlySet<string> = new Set(['1.3.14.3.2.7', '1.2.840.113549.3.7', '1.2.840.113549.3.2']);
