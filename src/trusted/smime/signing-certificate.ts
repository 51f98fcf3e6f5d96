import type {Asn1Element} from '../../wire/asn1/index.js';
import {derContext, derOctetString, derSequence, tags} from '../../wire/asn1/index.js';
import {readAlgorithmIdentifier} from './algorithm-identifier.js';
import {type CertificateFacts, derSerialNumber} from './certificate.js';
import {type HashName, readHashAlgorithm} from './hash-algorithm.js';
import {refuse} from './refusal.js';

/** Which certificate a signature says that it was made for (RFC 5035 §3): the first ESSCertIDv2. */
export type SigningCertificate = {
	readonly hash: HashName;
	/** Of the certificate's DER. */
	readonly digest: Uint8Array;
	readonly serialNumber: Uint8Array | undefined;
};

/** Value of a SigningCertificateV2 attribute (RFC 5035 §3). Of certificates further up, and of policies, nothing is kept. */
export function readSigningCertificate(value: Asn1Element): SigningCertificate {
	const cursor = value.sequence();
	const [first] = cursor.next().listOf(tags.sequence, maxCertificates);
	cursor.optional(tags.sequence);
	cursor.end();
	if (first === undefined) {
		return refuse('BAD_ATTRIBUTES', 'Expected a certificate in the signing-certificate attribute, got none.');
	}

	const parts = first.sequence();
	const algorithm = parts.optional(tags.sequence);
	// Where a digest comes first the algorithm was left out: SHA-256 (RFC 5035 §4).
	const hash = algorithm === undefined ? 'sha256' : readHashAlgorithm(readAlgorithmIdentifier(algorithm));
	const digest = parts.next().octetString().slice();
	const issuerSerial = parts.optional(tags.sequence)?.sequence();
	parts.end();
	issuerSerial?.next(tags.sequence);
	const serialNumber = issuerSerial?.next().integer();
	issuerSerial?.end();
	return {hash, digest, serialNumber};
}

/** The same for a certificate of ours, by SHA-256, with its issuer and serial. */
export function derSigningCertificate(certificate: CertificateFacts, sha256: Uint8Array): Uint8Array {
	const generalNames = derSequence(derContext(4, certificate.issuer));
	const issuerSerial = derSequence(generalNames, derSerialNumber(certificate));
	return derSequence(derSequence(derSequence(derOctetString(sha256), issuerSerial)));
}

/** Certificates that one attribute may name. */
const maxCertificates = 16;
