import type {Asn1Element} from '../../wire/asn1/index.js';
import {derContext, derInteger, derOctetString, derSequence, tags} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {derAlgorithm, readAlgorithmIdentifier} from './algorithm-identifier.js';
import type {CertificateFacts} from './certificate.js';
import type {IdentifiedBy} from './cms-provider.js';
import {requireVersion} from './content-info.js';
import type {HashName, KeyHashName} from './hash-algorithm.js';
import {derHashAlgorithm, readKeyHashAlgorithm} from './hash-algorithm.js';
import type {KeyIdentifier} from './key-identifier.js';
import {derKeyIdentifier, readKeyIdentifier} from './key-identifier.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {refuse} from './refusal.js';

/** KeyTransRecipientInfo (RFC 5652 §6.2.1) as read; the algorithm is looked at only if it is for us. */
export type KeyTransportRecipient = {
	readonly by: 'key-transport';
	readonly identifier: KeyIdentifier;
	readonly algorithm: AlgorithmIdentifier;
	readonly encryptedKey: Uint8Array;
};

export function readKeyTransportRecipient(element: Asn1Element): KeyTransportRecipient {
	const cursor = element.sequence();
	requireVersion(cursor.next(), 0, 2);
	const identifier = readKeyIdentifier(cursor.next());
	const algorithm = readAlgorithmIdentifier(cursor.next());
	const encryptedKey = cursor.next().octetString();
	cursor.end();
	return {by: 'key-transport', identifier, algorithm, encryptedKey};
}

/** How a content key was padded: RSAES-OAEP with a hash, or RSAES-PKCS1-v1_5. */
export type KeyPadding = KeyHashName | 'pkcs1';

/**
 * The hash of RSAES-OAEP-params (RFC 4055 §4.1): one for OAEP and MGF1, no label. RSA PKCS#1 v1.5 is refused by name
 * where it is not permitted, for what answers to it tell an attacker (RFC 8551 §6).
 */
export function readKeyPadding(algorithm: AlgorithmIdentifier, legacy: LegacyAlgorithms): KeyPadding {
	if (algorithm.oid === rsaEncryption) {
		algorithm.parameters?.null();
		legacy.take('rsa-pkcs1-key-transport', 'Expected RSAES-OAEP, got RSA PKCS#1 v1.5 key transport.');
		return 'pkcs1';
	}
	if (algorithm.oid !== rsaesOaep || algorithm.parameters === undefined) {
		return refuse('UNSUPPORTED', `Expected RSAES-OAEP with parameters, got ${algorithm.oid}.`);
	}

	const cursor = algorithm.parameters.sequence();
	const hashElement = cursor.optional(0xa0)?.explicit(0);
	const maskElement = cursor.optional(0xa1)?.explicit(1);
	const sourceElement = cursor.optional(0xa2)?.explicit(2);
	cursor.end();

	const hash = hashElement === undefined ? 'sha1' : readKeyHashAlgorithm(readAlgorithmIdentifier(hashElement));
	if (readMaskHash(maskElement) !== hash || !isEmptyLabel(sourceElement)) {
		return refuse('UNSUPPORTED', 'Expected RSAES-OAEP with MGF1 of the same hash and no label.');
	}

	return hash;
}

export function derKeyTransportRecipient(parts: {
	readonly certificate: CertificateFacts;
	readonly identifiedBy: IdentifiedBy;
	readonly hash: HashName;
	readonly encryptedKey: Uint8Array;
}): Uint8Array {
	const hash = derHashAlgorithm(parts.hash);
	const identifier = derKeyIdentifier(parts.certificate, parts.identifiedBy);
	return derSequence(
		derInteger(identifier[0] === tags.sequence ? 0 : 2),
		identifier,
		derAlgorithm(rsaesOaep, derSequence(derContext(0, hash), derContext(1, derAlgorithm(mgf1, hash)))),
		derOctetString(parts.encryptedKey),
	);
}

function readMaskHash(element: Asn1Element | undefined): KeyHashName | undefined {
	if (element === undefined) {
		return 'sha1';
	}

	const algorithm = readAlgorithmIdentifier(element);
	return algorithm.oid === mgf1 && algorithm.parameters !== undefined
		? readKeyHashAlgorithm(readAlgorithmIdentifier(algorithm.parameters))
		: undefined;
}

function isEmptyLabel(element: Asn1Element | undefined): boolean {
	if (element === undefined) {
		return true;
	}

	const algorithm = readAlgorithmIdentifier(element);
	return algorithm.oid === specifiedLabel && algorithm.parameters?.octetString().length === 0;
}

const rsaEncryption = '1.2.840.113549.1.1.1';
const rsaesOaep = '1.2.840.113549.1.1.7';
const mgf1 = '1.2.840.113549.1.1.8';
const specifiedLabel = '1.2.840.113549.1.1.9';
