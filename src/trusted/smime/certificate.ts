import type {Result} from '../../base/result.js';
import {fail} from '../../base/result.js';
import type {Asn1Cursor, Asn1Element} from '../../wire/asn1/index.js';
import {derElement, derSequence, tags} from '../../wire/asn1/index.js';
import {readCertificateBody} from './certificate-body.js';
import type {CmsFailure} from './cms-provider.js';
import type {PublicKey} from './public-key.js';
import {readPublicKey} from './public-key.js';
import {readNested, readStructure, refuse} from './refusal.js';

/** What CMS needs to know of a certificate. Says nothing about whether it means anything. */
export type CertificateFacts = {
	readonly der: Uint8Array;
	/** DER of the issuer's Name. */
	readonly issuer: Uint8Array;
	/** Contents octets of the serial number. */
	readonly serialNumber: Uint8Array;
	readonly subjectKeyIdentifier: Uint8Array | undefined;
	/** Undefined for a kind of key outside our list. */
	readonly publicKey: PublicKey | undefined;
};

/** Reads an X.509 certificate (RFC 5280 §4.1) of at most 16 KiB strictly as DER. Checks no signature and no dates. */
export function readCertificate(der: Uint8Array): Result<CertificateFacts, CmsFailure> {
	if (der.length > maxCertificateBytes) {
		return fail('MALFORMED', `Expected a certificate of at most ${maxCertificateBytes} octets, got ${der.length}.`);
	}

	return readStructure(der, 'der', (root) => readFields(der, root));
}

/** IssuerAndSerialNumber (RFC 5652 §10.2.4). */
export function derIssuerAndSerialNumber(certificate: CertificateFacts): Uint8Array {
	return derSequence(certificate.issuer, derSerialNumber(certificate));
}

/** CertificateSerialNumber (RFC 5280 §4.1.2.2) as it stands in the certificate. */
export function derSerialNumber({serialNumber}: CertificateFacts): Uint8Array {
	return derElement(tags.integer, serialNumber);
}

function readFields(der: Uint8Array, root: Asn1Element): CertificateFacts {
	const body = readCertificateBody(root);
	const serialNumber = body.serialNumber.integer();
	if (serialNumber.length > maxSerialBytes) {
		return refuse('MALFORMED', `Expected a serial number of at most ${maxSerialBytes} octets.`);
	}

	return {
		der,
		issuer: body.issuer.encoded,
		serialNumber,
		subjectKeyIdentifier: readSubjectKeyIdentifier(body.extensions?.explicit(3)),
		publicKey: readPublicKey(body.subjectPublicKeyInfo),
	};
}

function readSubjectKeyIdentifier(extensions: Asn1Element | undefined): Uint8Array | undefined {
	for (const element of extensions?.listOf(tags.sequence, maxExtensions) ?? []) {
		const extension: Asn1Cursor = element.sequence();
		const oid = extension.next().objectIdentifier();
		extension.optional(tags.boolean);
		const value = extension.next().octetString();
		extension.end();
		if (oid === subjectKeyIdentifierOid) {
			return readNested(value, (root) => root.octetString());
		}
	}

	return undefined;
}

const maxCertificateBytes = 16_384;
const maxSerialBytes = 64;
const maxExtensions = 64;
const subjectKeyIdentifierOid = '2.5.29.14';
