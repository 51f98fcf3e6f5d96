import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto';
import {SallyportError} from '../../base/error.js';
import {readRevocationList} from '../../trusted/certificates/revocation-list.js';
import {readAsn1} from '../../wire/asn1/index.js';
import {pemToDer} from '../../wire/asn1/pem.js';
import {readGivenFile} from '../files.js';

/** One thing that lies in a file: a title and its figures, all of them public. */
export type Inspected = {readonly kind: string; readonly fields: Readonly<Record<string, string>>};

/** Says what a PEM or DER file holds: certificates, revocation lists, keys by their kind. Throws `SallyportError` NOTHING_KNOWN. */
export function inspectFile(path: string): readonly Inspected[] {
	const octets = readGivenFile(path);
	const text = octets.toString('latin1');
	const found = text.includes('-----BEGIN ') ? inspectPem(text) : inspectDer(octets);
	if (found.length === 0) {
		throw new SallyportError(
			'NOTHING_KNOWN',
			`Expected certificates, revocation lists or private keys in PEM or DER in ${path}, got none.`,
		);
	}

	return found;
}

function inspectPem(text: string): readonly Inspected[] {
	const blocks = (label: string) => {
		const read = pemToDer(text, label);
		return read.ok ? read.value : [];
	};
	return [
		...blocks('CERTIFICATE').flatMap(inspectCertificate),
		...blocks('X509 CRL').flatMap(inspectList),
		...(/-----BEGIN ENCRYPTED PRIVATE KEY-----/.test(text)
			? [{kind: 'private key', fields: {protection: 'encrypted (PKCS #8)'}}]
			: []),
		...blocks('PRIVATE KEY').map(inspectKey),
	];
}

function inspectDer(octets: Uint8Array): readonly Inspected[] {
	const certificate = inspectCertificate(octets);
	if (certificate.length > 0) {
		return certificate;
	}

	const list = inspectList(octets);
	return list.length > 0 ? list : inspectPkcs12(octets);
}

function inspectCertificate(der: Uint8Array): readonly Inspected[] {
	try {
		const certificate = new X509Certificate(der);
		return [
			{
				kind: certificate.ca ? 'authority' : 'certificate',
				fields: {
					subject: lineOf(certificate.subject),
					issuer: lineOf(certificate.issuer),
					'serial number': certificate.serialNumber,
					'valid from': new Date(certificate.validFrom).toISOString(),
					'valid until': new Date(certificate.validTo).toISOString(),
					...(certificate.subjectAltName !== undefined && {names: lineOf(certificate.subjectAltName)}),
					...(certificate.keyUsage !== undefined && {'extended key usage': certificate.keyUsage.join(', ')}),
					key: kindOf(certificate.publicKey),
					fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
				},
			},
		];
	} catch {
		return [];
	}
}

function inspectList(der: Uint8Array): readonly Inspected[] {
	const list = readRevocationList(der);
	return list.ok
		? [
				{
					kind: list.value.isDelta ? 'delta revocation list' : 'revocation list',
					fields: {
						number: list.value.number === '' ? 'none' : BigInt(`0x${list.value.number}`).toString(),
						'current from': new Date(list.value.thisUpdateMs).toISOString(),
						'current until': new Date(list.value.nextUpdateMs).toISOString(),
						revoked: list.value.revoked.map(({serialNumber}) => serialNumber.toUpperCase()).join(', ') || 'none',
					},
				},
			]
		: [];
}

/** Nothing of the key but what kind it is. */
function inspectKey(der: Uint8Array): Inspected {
	try {
		const key = createPrivateKey({key: Buffer.from(der), format: 'der', type: 'pkcs8'});
		return {kind: 'private key', fields: {protection: 'none', key: kindOf(key)}};
	} catch {
		return {kind: 'private key', fields: {protection: 'none', key: 'unreadable'}};
	}
}

function kindOf({asymmetricKeyType, asymmetricKeyDetails: {namedCurve, modulusLength} = {}}: KeyObject): string {
	return [asymmetricKeyType ?? 'unknown', namedCurve ?? modulusLength].filter(Boolean).join(' ');
}

/** A file of RFC 7292 §4 begins with version 3; what is in it needs a passphrase. */
function inspectPkcs12(octets: Uint8Array): readonly Inspected[] {
	const version = readAsn1(octets, 'ber', (root) => root.sequence().next().smallInteger());
	return version.ok && version.value === 3
		? [{kind: 'PKCS #12', fields: {protection: 'encrypted; `sallyport cert import` opens it'}}]
		: [];
}

/** What a stranger wrote, on one line and without control characters. */
function lineOf(text: string): string {
	return text.replaceAll('\n', ', ').replace(/[^ -~]/g, '?');
}
