import type {JsonWebKey, KeyObject} from 'node:crypto';
import {
	constants,
	createECDH,
	createPublicKey,
	diffieHellman,
	generateKeyPairSync,
	privateDecrypt,
	publicEncrypt,
	sign,
	verify,
} from 'node:crypto';
import {BoundedMap} from '../../base/bounded-map.js';
import {toHex} from '../../base/bytes.js';
import {parseEcdsaSignature} from './ecdsa-signature.js';
import type {KeyHashName} from './hash-algorithm.js';
import {hasImplicitRejection} from './implicit-rejection.js';
import type {AgreementKind} from './key-agree.js';
import type {LegacySignatureScheme, SignatureScheme} from './private-key-operations.js';
import type {PublicKey} from './public-key.js';
import {coordinateBytes} from './public-key.js';
import {hashOfScheme} from './signature-algorithm.js';

/** One piece of public-key work. Plain data: it crosses to a worker thread. */
export type CryptoJob =
	| {readonly do: 'sign'; readonly keyId: string; readonly scheme: SignatureScheme; readonly data: Uint8Array}
	| {readonly do: 'agree'; readonly keyId: string; readonly peerPublicKey: Uint8Array}
	| {readonly do: 'decrypt-oaep'; readonly keyId: string; readonly hash: KeyHashName; readonly data: Uint8Array}
	| {readonly do: 'decrypt-pkcs1'; readonly keyId: string; readonly data: Uint8Array}
	| {readonly do: 'encrypt-oaep'; readonly key: PublicKey; readonly hash: KeyHashName; readonly data: Uint8Array}
	| {readonly do: 'agree-ephemeral'; readonly kind: AgreementKind; readonly peerPublicKey: Uint8Array}
	| {
			readonly do: 'verify';
			readonly key: PublicKey;
			readonly scheme: SignatureScheme | LegacySignatureScheme;
			readonly saltLength: number;
			readonly data: Uint8Array;
			readonly signature: Uint8Array;
	  };

type VerifyJob = Extract<CryptoJob, {readonly do: 'verify'}>;

/** What comes of a job: octets, or none where a signature did not verify. Throws where the numbers do not work out. */
export function runCryptoJob(job: CryptoJob, privateKeys: ReadonlyMap<string, KeyObject>): Uint8Array[] {
	switch (job.do) {
		case 'sign':
			return [signWith(privateKey(privateKeys, job.keyId), job.scheme, job.data)];
		case 'agree': {
			const ownKey = privateKey(privateKeys, job.keyId);
			const publicKey = importPublicKey(peerOf(ownKey, job.peerPublicKey));
			return [diffieHellman({privateKey: ownKey, publicKey})];
		}
		case 'decrypt-oaep': {
			const key = privateKey(privateKeys, job.keyId);
			return [privateDecrypt({key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: job.hash}, job.data)];
		}
		case 'decrypt-pkcs1': {
			if (!hasImplicitRejection) {
				throw new RangeError('Expected an OpenSSL that rejects implicitly.');
			}

			const key = privateKey(privateKeys, job.keyId);
			return [privateDecrypt({key, padding: constants.RSA_PKCS1_PADDING}, job.data)];
		}
		case 'encrypt-oaep': {
			const key = importKeyOfCertificate(job.key);
			return [publicEncrypt({key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: job.hash}, job.data)];
		}
		case 'agree-ephemeral':
			return agreeEphemeral(job.kind, job.peerPublicKey);
		case 'verify':
			return isVerified(job) ? [new Uint8Array()] : [];
	}
}

function privateKey(keys: ReadonlyMap<string, KeyObject>, keyId: string): KeyObject {
	const key = keys.get(keyId);
	if (key === undefined) {
		throw new RangeError('Expected the identifier of one of our keys.');
	}

	return key;
}

function signWith(key: KeyObject, scheme: SignatureScheme, data: Uint8Array): Uint8Array {
	if (scheme === 'ed25519') {
		return sign(null, data, key);
	}

	const hash = hashOfScheme(scheme);
	return scheme.startsWith('rsa-pss')
		? sign(hash, data, {key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST})
		: sign(hash, data, key);
}

/** A key that is none (a point off its curve) verifies nothing. */
function isVerified(job: VerifyJob): boolean {
	try {
		return verifyWith(job);
	} catch {
		return false;
	}
}

function verifyWith(job: VerifyJob): boolean {
	const {key: publicKey, scheme, data, signature} = job;
	const key = importKeyOfCertificate(publicKey);
	if (scheme === 'ed25519') {
		return verify(null, data, key, signature);
	}

	const hash = hashOfScheme(scheme);
	if (scheme.startsWith('rsa-pss')) {
		const {saltLength} = job;
		return verify(hash, data, {key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength}, signature);
	}
	if (publicKey.kind === 'rsa' || publicKey.kind === 'x25519' || publicKey.kind === 'ed25519') {
		return verify(hash, data, key, signature);
	}

	const numbers = parseEcdsaSignature(signature, coordinateBytes[publicKey.kind]);
	return numbers !== undefined && verify(hash, data, {key, dsaEncoding: 'ieee-p1363'}, numbers);
}

function agreeEphemeral(kind: AgreementKind, peerPublicKey: Uint8Array): Uint8Array[] {
	if (kind === 'x25519') {
		const {publicKey, privateKey} = generateKeyPairSync('x25519');
		const point = Buffer.from(publicKey.export({format: 'jwk'}).x ?? '', 'base64url');
		return [point, diffieHellman({privateKey, publicKey: importKeyOfCertificate({kind, point: peerPublicKey})})];
	}

	// Half the time of key objects, and checks the point just as well.
	const ephemeral = createECDH(namedCurves[kind]);
	return [ephemeral.generateKeys(), ephemeral.computeSecret(peerPublicKey)];
}

/** The other side's key is taken for one of the same curve as ours. */
function peerOf(ownKey: KeyObject, point: Uint8Array): PublicKey {
	if (ownKey.asymmetricKeyType === 'x25519') {
		return {kind: 'x25519', point};
	}

	const curve = ownKey.asymmetricKeyDetails?.namedCurve;
	return {kind: curves.find((kind) => namedCurves[kind] === curve) ?? 'p-256', point};
}

/** Points that are not on their curve and numbers that OpenSSL refuses throw. */
function importPublicKey(key: PublicKey): KeyObject {
	return createPublicKey({key: toJsonWebKey(key), format: 'jwk'});
}

/** As `importPublicKey`, and keeps it: the keys of certificates come back, those of ephemeral originators do not. */
function importKeyOfCertificate(key: PublicKey): KeyObject {
	const name =
		key.kind === 'rsa' ? `rsa ${toHex(key.exponent)} ${toHex(key.modulus)}` : `${key.kind} ${toHex(key.point)}`;
	const known = importedKeys.get(name);
	if (known !== undefined) {
		return known;
	}

	const imported = importPublicKey(key);
	importedKeys.set(name, imported);
	return imported;
}

function toJsonWebKey(key: PublicKey): JsonWebKey {
	switch (key.kind) {
		case 'rsa':
			return {kty: 'RSA', n: base64url(key.modulus), e: base64url(key.exponent)};
		case 'x25519':
		case 'ed25519':
			return {kty: 'OKP', crv: key.kind === 'x25519' ? 'X25519' : 'Ed25519', x: base64url(key.point)};
		default: {
			const size = coordinateBytes[key.kind];
			const [x, y] = [key.point.subarray(1, 1 + size), key.point.subarray(1 + size)];
			return {kty: 'EC', crv: key.kind.toUpperCase(), x: base64url(x), y: base64url(y)};
		}
	}
}

function base64url(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

const importedKeys = new BoundedMap<string, KeyObject>(256);
const namedCurves = {'p-256': 'prime256v1', 'p-384': 'secp384r1', 'p-521': 'secp521r1'} as const;
const curves = ['p-256', 'p-384', 'p-521'] as const;
