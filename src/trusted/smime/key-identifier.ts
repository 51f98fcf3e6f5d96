import type {Asn1Element} from '../../wire/asn1/index.js';
import {derContext, derContextPrimitive, derOctetString, tags} from '../../wire/asn1/index.js';
import type {CertificateFacts} from './certificate.js';
import {derIssuerAndSerialNumber} from './certificate.js';
import type {IdentifiedBy} from './cms-provider.js';
import {refuse} from './refusal.js';

/** How CMS says whose key it means: by certificate, or by the key's own identifier (RFC 5652 §5.3, §6.2). */
export type KeyIdentifier =
	| {readonly by: 'issuer-and-serial'; readonly issuer: Uint8Array; readonly serialNumber: Uint8Array}
	| {readonly by: 'subject-key-identifier'; readonly subjectKeyIdentifier: Uint8Array};

/** SignerIdentifier or RecipientIdentifier: `[0]` is an OCTET STRING. */
export function readKeyIdentifier(element: Asn1Element): KeyIdentifier {
	return element.tag === tags.sequence
		? readIssuerAndSerial(element)
		: {by: 'subject-key-identifier', subjectKeyIdentifier: element.implicitOctetString(0)};
}

/** KeyAgreeRecipientIdentifier (RFC 5652 §6.2.2): `[0]` is a SEQUENCE that starts with the OCTET STRING. */
export function readKeyAgreeIdentifier(element: Asn1Element): KeyIdentifier {
	if (element.tag === tags.sequence) {
		return readIssuerAndSerial(element);
	}

	const cursor = element.sequence(0xa0);
	const subjectKeyIdentifier = cursor.next().octetString();
	cursor.optional(tags.generalizedTime);
	cursor.optional(tags.sequence);
	cursor.end();
	return {by: 'subject-key-identifier', subjectKeyIdentifier};
}

/** SignerIdentifier or RecipientIdentifier for a certificate; by issuer and serial where it has no identifier of its key. */
export function derKeyIdentifier(certificate: CertificateFacts, by: IdentifiedBy): Uint8Array {
	const {subjectKeyIdentifier} = certificate;
	return by === 'issuer-and-serial' || subjectKeyIdentifier === undefined
		? derIssuerAndSerialNumber(certificate)
		: derContextPrimitive(0, subjectKeyIdentifier);
}

/** KeyAgreeRecipientIdentifier for a certificate. */
export function derKeyAgreeIdentifier(certificate: CertificateFacts, by: IdentifiedBy): Uint8Array {
	const {subjectKeyIdentifier} = certificate;
	return by === 'issuer-and-serial' || subjectKeyIdentifier === undefined
		? derIssuerAndSerialNumber(certificate)
		: derContext(0, derOctetString(subjectKeyIdentifier));
}

/** Names are compared octet by octet: whoever names a certificate copies its issuer. */
export function isNamedBy(certificate: CertificateFacts, identifier: KeyIdentifier): boolean {
	if (identifier.by === 'issuer-and-serial') {
		return (
			Buffer.compare(certificate.serialNumber, identifier.serialNumber) === 0 &&
			Buffer.compare(certificate.issuer, identifier.issuer) === 0
		);
	}

	return (
		certificate.subjectKeyIdentifier !== undefined &&
		Buffer.compare(certificate.subjectKeyIdentifier, identifier.subjectKeyIdentifier) === 0
	);
}

function readIssuerAndSerial(element: Asn1Element): KeyIdentifier {
	const cursor = element.sequence();
	const issuer = cursor.next(tags.sequence).encoded;
	const serialNumber = cursor.next().integer();
	cursor.end();
	return serialNumber.length > 64
		? refuse('MALFORMED', `Expected a serial number of at most 64 octets, got ${serialNumber.length}.`)
		: {by: 'issuer-and-serial', issuer, serialNumber};
}
