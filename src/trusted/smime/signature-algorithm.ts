import type {Asn1Element} from '../../wire/asn1/index.js';
import {derContext, derInteger, derSequence} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {
	derAlgorithm,
	derAlgorithmWithNull,
	readAlgorithmIdentifier,
	requireNoParameters,
	requireNullOrNoParameters,
} from './algorithm-identifier.js';
import type {HashName, KeyHashName} from './hash-algorithm.js';
import {derHashAlgorithm, hashBytes, readHashAlgorithm} from './hash-algorithm.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import type {LegacySignatureScheme, PrivateKeyDescription, SignatureScheme} from './private-key-operations.js';
import {refuse} from './refusal.js';

/** A signature algorithm with all that it takes to verify. */
export type SignatureAlgorithm = {
	readonly scheme: SignatureScheme | LegacySignatureScheme;
	/** Octets of salt in RSASSA-PSS (RFC 4056 §2.2); 0 elsewhere. */
	readonly saltLength: number;
};

/** The hash that a scheme puts over the content and over the signed attributes. */
export function hashOfScheme(scheme: SignatureScheme): HashName;
export function hashOfScheme(scheme: SignatureScheme | LegacySignatureScheme): KeyHashName;
export function hashOfScheme(scheme: SignatureScheme | LegacySignatureScheme): KeyHashName {
	return scheme === 'ed25519' ? 'sha512' : (scheme.slice(scheme.lastIndexOf('-') + 1) as KeyHashName);
}

/** True for what is verified by permission and never made. */
export function isLegacyScheme(scheme: SignatureScheme | LegacySignatureScheme): scheme is LegacySignatureScheme {
	return scheme.endsWith('-sha1');
}

/** The kind of key that a scheme needs. */
export function isSchemeForKey(
	scheme: SignatureScheme | LegacySignatureScheme,
	algorithm: PrivateKeyDescription['algorithm'],
): boolean {
	if (algorithm === 'rsa') {
		return scheme.startsWith('rsa-');
	}

	return algorithm === 'ed25519' ? scheme === 'ed25519' : algorithm !== 'x25519' && scheme.startsWith('ecdsa-');
}

/** What a key signs with when nobody says otherwise; undefined where it cannot sign. */
export function naturalScheme(algorithm: PrivateKeyDescription['algorithm']): SignatureScheme | undefined {
	return naturalSchemes[algorithm];
}

/** The scheme of a SignerInfo, from its signatureAlgorithm and its digestAlgorithm, which must go together. */
export function readSignatureAlgorithm(
	algorithm: AlgorithmIdentifier,
	digest: KeyHashName,
	legacy: LegacyAlgorithms,
): SignatureAlgorithm {
	const signature = readSchemeAndSalt(algorithm, digest);
	if (isLegacyScheme(signature.scheme)) {
		legacy.take('sha1-signatures', `Expected a signature with SHA-256 or better, got ${signature.scheme}.`);
	}

	const hash = hashOfScheme(signature.scheme);
	if (hash !== digest) {
		refuse('UNSUPPORTED', `Expected ${hash} as the digest for ${signature.scheme}, got ${digest}.`);
	}

	return signature;
}

/** AlgorithmIdentifier for a SignerInfo of ours; PSS with a salt as long as the hash (RFC 4056 §2.2). */
export function derSignatureAlgorithm(scheme: SignatureScheme): Uint8Array {
	const oid = oidOfScheme.get(scheme);
	if (oid !== undefined) {
		return scheme.startsWith('rsa-') ? derAlgorithmWithNull(oid) : derAlgorithm(oid);
	}

	const hash = hashOfScheme(scheme);
	return derAlgorithm(
		rsassaPss,
		derSequence(
			derContext(0, derHashAlgorithm(hash)),
			derContext(1, derAlgorithm(mgf1, derHashAlgorithm(hash))),
			derContext(2, derInteger(hashBytes[hash])),
		),
	);
}

function readSchemeAndSalt(algorithm: AlgorithmIdentifier, digest: KeyHashName): SignatureAlgorithm {
	const {oid} = algorithm;
	if (oid === rsassaPss) {
		return readPss(algorithm.parameters);
	}
	if (oid === rsaEncryption) {
		requireNullOrNoParameters(algorithm);
		return {scheme: `rsa-pkcs1-${digest}`, saltLength: 0};
	}

	const scheme = schemeOfOid.get(oid);
	if (scheme === undefined) {
		return weakSignatures.has(oid)
			? refuse('WEAK', `Expected a signature with SHA-256 or better, got ${oid}.`)
			: refuse('UNSUPPORTED', `Expected a signature algorithm that we take, got ${oid}.`);
	}
	if (scheme.startsWith('rsa-')) {
		requireNullOrNoParameters(algorithm);
	} else {
		requireNoParameters(algorithm);
	}

	return {scheme, saltLength: 0};
}

/** RSASSA-PSS-params (RFC 4055 §3.1): one hash for all, an explicit salt length, the common trailer. */
function readPss(parameters: Asn1Element | undefined): SignatureAlgorithm {
	if (parameters === undefined) {
		return refuse('UNSUPPORTED', 'Expected parameters for RSASSA-PSS.');
	}

	const cursor = parameters.sequence();
	const hash = cursor.optional(0xa0)?.explicit(0);
	const mask = cursor.optional(0xa1)?.explicit(1);
	const salt = cursor.optional(0xa2)?.explicit(2);
	const trailer = cursor.optional(0xa3)?.explicit(3);
	cursor.end();
	if (hash === undefined || mask === undefined) {
		return refuse('WEAK', 'Expected SHA-256 or better in RSASSA-PSS, got its default, SHA-1.');
	}

	const name = readHashAlgorithm(readAlgorithmIdentifier(hash));
	const maskAlgorithm = readAlgorithmIdentifier(mask);
	const saltLength = salt?.smallInteger() ?? 20;
	if (
		maskAlgorithm.oid !== mgf1 ||
		maskAlgorithm.parameters === undefined ||
		readHashAlgorithm(readAlgorithmIdentifier(maskAlgorithm.parameters)) !== name ||
		saltLength < 20 ||
		saltLength > maxSaltBytes ||
		(trailer?.smallInteger() ?? 1) !== 1
	) {
		return refuse('UNSUPPORTED', 'Expected RSASSA-PSS with MGF1 of the same hash and a salt of 20 to 1024 octets.');
	}

	return {scheme: `rsa-pss-${name}`, saltLength};
}

const rsaEncryption = '1.2.840.113549.1.1.1';
const rsassaPss = '1.2.840.113549.1.1.10';
const mgf1 = '1.2.840.113549.1.1.8';
const maxSaltBytes = 1024;

const naturalSchemes: Readonly<Record<PrivateKeyDescription['algorithm'], SignatureScheme | undefined>> = {
	'p-256': 'ecdsa-sha256',
	'p-384': 'ecdsa-sha384',
	'p-521': 'ecdsa-sha512',
	ed25519: 'ed25519',
	x25519: undefined,
	rsa: 'rsa-pkcs1-sha256',
};

/** RFC 5758 §3.2, RFC 8410 §3, RFC 4055 §5; RSASSA-PSS stands apart for its parameters. */
const schemeOfOid: ReadonlyMap<string, SignatureScheme | LegacySignatureScheme> = new Map<
	string,
	SignatureScheme | LegacySignatureScheme
>([
	['1.2.840.10045.4.3.2', 'ecdsa-sha256'],
	['1.2.840.10045.4.3.3', 'ecdsa-sha384'],
	['1.2.840.10045.4.3.4', 'ecdsa-sha512'],
	['1.3.101.112', 'ed25519'],
	['1.2.840.113549.1.1.11', 'rsa-pkcs1-sha256'],
	['1.2.840.113549.1.1.12', 'rsa-pkcs1-sha384'],
	['1.2.840.113549.1.1.13', 'rsa-pkcs1-sha512'],
	['1.2.840.113549.1.1.5', 'rsa-pkcs1-sha1'],
	['1.2.840.10045.4.1', 'ecdsa-sha1'],
]);

const oidOfScheme = new Map([...schemeOfOid].map(([oid, scheme]) => [scheme, oid]));

/** MD2 and MD5 with RSA, DSA with SHA-1: nobody may permit them. */
const weakSignatures: ReadonlySet<string> = new Set([
	'1.2.840.113549.1.1.2',
	'1.2.840.113549.1.1.4',
	'1.2.840.10040.4.3',
]);
