import type {Asn1Element} from '../../wire/asn1/index.js';
import {
	contextConstructed,
	derBitString,
	derContext,
	derInteger,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	tags,
} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {derAlgorithm, readAlgorithmIdentifier, requireNoParameters} from './algorithm-identifier.js';
import type {CertificateFacts} from './certificate.js';
import type {IdentifiedBy} from './cms-provider.js';
import {requireVersion} from './content-info.js';
import type {KeyHashName} from './hash-algorithm.js';
import type {KeyIdentifier} from './key-identifier.js';
import {derKeyAgreeIdentifier, readKeyAgreeIdentifier} from './key-identifier.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {curveOfOid, ecPublicKeyOid, readPoint, x25519Oid} from './public-key.js';
import {refuse} from './refusal.js';

/** Kinds of key that we agree with. */
export type AgreementKind = 'p-256' | 'p-384' | 'p-521' | 'x25519';

/** From a shared secret to the key that wraps the content key: all but the secret. */
export type KeyDerivation = {
	/** `x963`: RFC 5753 §7.2; `hkdf`: RFC 8418 §2.2. */
	readonly function: 'x963' | 'hkdf';
	readonly hash: KeyHashName;
	/** DER of ECC-CMS-SharedInfo. */
	readonly sharedInfo: Uint8Array;
	/** User keying material, which HKDF takes as its salt; empty where there is none. */
	readonly salt: Uint8Array;
	readonly wrap: KeyWrap;
	readonly keyBytes: 16 | 24 | 32;
};

/** AES key wrap (RFC 3394); that of 3DES (RFC 3217 §3) where it is permitted, to unwrap only. */
export type KeyWrap = 'aes' | '3des';

/** KeyAgreeRecipientInfo (RFC 5652 §6.2.2) as read; algorithms are looked at only if it is for us. */
export type KeyAgreeRecipient = {
	readonly by: 'key-agreement';
	readonly originator: Asn1Element;
	readonly userKeyingMaterial: Uint8Array;
	readonly algorithm: AlgorithmIdentifier;
	readonly keys: readonly {readonly identifier: KeyIdentifier; readonly encryptedKey: Uint8Array}[];
};

export function readKeyAgreeRecipient(element: Asn1Element, maxKeys: number): KeyAgreeRecipient {
	const cursor = element.sequence(contextConstructed(1));
	requireVersion(cursor.next(), 3);
	const originator = cursor.next().explicit(0);
	const userKeyingMaterial = cursor.optional(0xa1)?.explicit(1).octetString() ?? new Uint8Array();
	const algorithm = readAlgorithmIdentifier(cursor.next());
	const keys = cursor.next().listOf(tags.sequence, maxKeys);
	cursor.end();
	return {
		by: 'key-agreement',
		originator,
		userKeyingMaterial,
		algorithm,
		keys: keys.map((key) => {
			const fields = key.sequence();
			const identifier = readKeyAgreeIdentifier(fields.next());
			const encryptedKey = fields.next().octetString();
			fields.end();
			return {identifier, encryptedKey};
		}),
	};
}

/** What agreeing with this originator takes, for a key of ours of `kind`. */
export function readAgreement(
	recipient: KeyAgreeRecipient,
	kind: AgreementKind,
	legacy: LegacyAlgorithms,
): {readonly peerPublicKey: Uint8Array; readonly derivation: KeyDerivation} {
	const scheme = schemes.find(({oid}) => oid === recipient.algorithm.oid);
	if (scheme === undefined || (scheme.function === 'hkdf' && kind !== 'x25519')) {
		return refuse('UNSUPPORTED', `Expected a key agreement that we take for ${kind}, got ${recipient.algorithm.oid}.`);
	}

	const wrap = readWrapAlgorithm(recipient.algorithm.parameters, legacy);
	if (recipient.userKeyingMaterial.length > maxUserKeyingMaterialBytes) {
		return refuse('MALFORMED', `Expected at most ${maxUserKeyingMaterialBytes} octets of user keying material.`);
	}

	return {
		peerPublicKey: readOriginatorKey(recipient.originator, kind),
		derivation: derivation(scheme, wrap, recipient.userKeyingMaterial),
	};
}

/** Derivation for a recipient of ours-to-be; the wrapping key is as long as the key that it wraps. */
export function chooseDerivation(kind: AgreementKind, contentKeyBytes: number): KeyDerivation {
	return derivation(schemeFor[kind], wrapFor(contentKeyBytes), new Uint8Array());
}

export function derKeyAgreeRecipient(parts: {
	readonly kind: AgreementKind;
	readonly certificate: CertificateFacts;
	readonly identifiedBy: IdentifiedBy;
	readonly ephemeralPublicKey: Uint8Array;
	readonly keyBytes: number;
	readonly encryptedKey: Uint8Array;
}): Uint8Array {
	const wrap = wrapFor(parts.keyBytes);
	const identifier = derKeyAgreeIdentifier(parts.certificate, parts.identifiedBy);
	const originatorAlgorithm = derAlgorithm(parts.kind === 'x25519' ? x25519Oid : ecPublicKeyOid);
	return derContext(
		1,
		derInteger(3),
		derContext(0, derContext(1, originatorAlgorithm, derBitString(parts.ephemeralPublicKey))),
		derSequence(derObjectIdentifier(schemeFor[parts.kind].oid), derAlgorithm(wrap.oid)),
		derSequence(derSequence(identifier, derOctetString(parts.encryptedKey))),
	);
}

/** OriginatorPublicKey; static keys named by certificate are not taken (RFC 5753 §3.1.1 makes it ephemeral). */
function readOriginatorKey(originator: Asn1Element, kind: AgreementKind): Uint8Array {
	if (originator.tag !== contextConstructed(1)) {
		return refuse('UNSUPPORTED', 'Expected the public key of an ephemeral originator.');
	}

	const cursor = originator.sequence(contextConstructed(1));
	const algorithm = readAlgorithmIdentifier(cursor.next());
	const octets = cursor.next().bitStringOctets();
	cursor.end();
	if (kind === 'x25519') {
		requireNoParameters(algorithm);
		return algorithm.oid === x25519Oid && octets.length === 32
			? octets
			: refuse('UNSUPPORTED', 'Expected an originator key of X25519.');
	}

	const {parameters} = algorithm;
	const isOurCurve =
		parameters === undefined ||
		parameters.tag === tags.null ||
		(parameters.tag === tags.objectIdentifier && curveOfOid.get(parameters.objectIdentifier()) === kind);
	return algorithm.oid === ecPublicKeyOid && isOurCurve
		? readPoint(kind, octets)
		: refuse('UNSUPPORTED', `Expected an originator key of ${kind}.`);
}

/**
 * KeyWrapAlgorithm, the parameters of the key agreement: AES key wrap without parameters (RFC 3565 §2.3.2), 3DES key wrap
 * with NULL (RFC 3370 §4.3.1).
 */
function readWrapAlgorithm(parameters: Asn1Element | undefined, legacy: LegacyAlgorithms): Wrap {
	if (parameters === undefined) {
		return refuse('UNSUPPORTED', 'Expected a key wrap algorithm as the parameters of the key agreement, got none.');
	}

	const algorithm = readAlgorithmIdentifier(parameters);
	if (algorithm.oid === tripleDesWrap.oid) {
		legacy.take('3des', 'Expected AES key wrap, got 3DES key wrap.');
		algorithm.parameters?.null();
		return {...tripleDesWrap, parameters: algorithm.parameters?.encoded};
	}

	requireNoParameters(algorithm);
	const wrap = wraps.find(({oid}) => oid === algorithm.oid);
	return wrap ?? refuse('UNSUPPORTED', `Expected AES key wrap, got ${algorithm.oid}.`);
}

/** ECC-CMS-SharedInfo (RFC 5753 §7.2). */
function derivation(scheme: Scheme, wrap: Wrap, userKeyingMaterial: Uint8Array): KeyDerivation {
	const keyBits = Buffer.alloc(4);
	keyBits.writeUInt32BE(wrap.keyBytes * 8);
	const entityInfo = userKeyingMaterial.length > 0 ? [derContext(0, derOctetString(userKeyingMaterial))] : [];
	return {
		function: scheme.function,
		hash: scheme.hash,
		sharedInfo: derSequence(
			derAlgorithm(wrap.oid, ...(wrap.parameters ? [wrap.parameters] : [])),
			...entityInfo,
			derContext(2, derOctetString(keyBits)),
		),
		salt: userKeyingMaterial,
		wrap: wrap.oid === tripleDesWrap.oid ? '3des' : 'aes',
		keyBytes: wrap.keyBytes,
	};
}

function wrapFor(contentKeyBytes: number): Wrap {
	return wraps.find(({keyBytes}) => keyBytes === contentKeyBytes) ?? wraps[2];
}

type Scheme = {readonly oid: string; readonly function: 'x963' | 'hkdf'; readonly hash: KeyHashName};
type Wrap = {
	readonly oid: string;
	readonly keyBytes: 16 | 24 | 32;
	/** As they were sent: they are part of what the key is derived from. */
	readonly parameters?: Uint8Array | undefined;
};

const schemeFor = {
	'p-256': {oid: '1.3.132.1.11.1', function: 'x963', hash: 'sha256'},
	'p-384': {oid: '1.3.132.1.11.2', function: 'x963', hash: 'sha384'},
	'p-521': {oid: '1.3.132.1.11.3', function: 'x963', hash: 'sha512'},
	x25519: {oid: '1.2.840.113549.1.9.16.3.19', function: 'hkdf', hash: 'sha256'},
} as const satisfies Record<AgreementKind, Scheme>;

/**
 * dhSinglePass-stdDH (RFC 5753 §7.1.4) and its HKDF forms (RFC 8418 §2.2). SHA-1 is read and never written: OpenSSL
 * takes it unless told otherwise, and a key derivation does not rest on collisions.
 */
const schemes: readonly Scheme[] = [
	...Object.values(schemeFor),
	{oid: '1.3.133.16.840.63.0.2', function: 'x963', hash: 'sha1'},
	{oid: '1.2.840.113549.1.9.16.3.20', function: 'hkdf', hash: 'sha384'},
	{oid: '1.2.840.113549.1.9.16.3.21', function: 'hkdf', hash: 'sha512'},
];

const wraps = [
	{oid: '2.16.840.1.101.3.4.1.5', keyBytes: 16},
	{oid: '2.16.840.1.101.3.4.1.25', keyBytes: 24},
	{oid: '2.16.840.1.101.3.4.1.45', keyBytes: 32},
] as const satisfies readonly Wrap[];

const tripleDesWrap = {oid: '1.2.840.113549.1.9.16.3.6', keyBytes: 24} as const satisfies Wrap;

const maxUserKeyingMaterialBytes = 256;
