import {fail, ok, type Result} from '../../base/result.js';
import {
	type Asn1Cursor,
	type Asn1Element,
	contextConstructed,
	contextPrimitive,
	readAsn1,
	tags,
} from '../../wire/asn1/index.js';
import type {CertificateFailure} from './certificate-validator.js';

/** Parts of a certificate (RFC 5280 §4.1) as they stand in its DER. */
export type CertificateFields = {
	/** DER of the subject's Name. */
	readonly subject: Uint8Array;
	/** Contents of extnValue by dotted object identifier. */
	readonly extensions: ReadonlyMap<string, Uint8Array>;
};

/**
 * Reads a certificate that may come from a stranger and refuses whatever OpenSSL need not see: other encodings than DER,
 * versions other than 3, doubled extensions, and keys other than named curves and RSA of bounded cost
 * (modulus ≤ 8192 bits, exponent ≤ 64 bits).
 */
export function readCertificateFields(der: Uint8Array): Result<CertificateFields, CertificateFailure> {
	const read = readAsn1(der, 'der', readCertificate, limits);
	if (!read.ok) {
		return fail('MALFORMED', `Expected a DER certificate. ${read.failure.message}`);
	}

	const {fields, version, keyFault} = read.value;
	if (version !== 2) {
		return fail('MALFORMED', `Expected an X.509 certificate of version 3, got ${version + 1}.`);
	}

	if (fields === undefined) {
		return fail('MALFORMED', 'Expected each extension at most once.');
	}

	return keyFault === undefined ? ok(fields) : fail('WEAK_KEY', keyFault);
}

function readCertificate(root: Asn1Element) {
	const certificate = root.sequence();
	const body = certificate.next().sequence();
	certificate.next(tags.sequence);
	certificate.next(tags.bitString);
	certificate.end();

	const version = body.optional(contextConstructed(0))?.sequence(contextConstructed(0)).next().smallInteger() ?? 0;
	body.next().positiveInteger();
	body.next(tags.sequence);
	body.next(tags.sequence);
	body.next(tags.sequence);
	const subject = body.next(tags.sequence).encoded;
	const keyFault = faultOfKey(body.next().sequence());
	body.optional(contextPrimitive(1));
	body.optional(contextPrimitive(2));
	const extensions = readExtensions(body.optional(contextConstructed(3)));
	body.end();
	return {version, keyFault, fields: extensions && {subject, extensions}};
}

/** Undefined where one comes twice. */
function readExtensions(element: Asn1Element | undefined): Map<string, Uint8Array> | undefined {
	const extensions = new Map<string, Uint8Array>();
	const list = element?.explicit(3).listOf(tags.sequence, maxExtensions) ?? [];
	for (const item of list) {
		const extension = item.sequence();
		const identifier = extension.next().objectIdentifier();
		extension.optional(tags.boolean)?.boolean();
		extensions.set(identifier, extension.next().octetString());
		extension.end();
	}

	return extensions.size === list.length ? extensions : undefined;
}

/** Reads a SubjectPublicKeyInfo; says what is wrong with its key. */
function faultOfKey(subjectPublicKeyInfo: Asn1Cursor): string | undefined {
	const algorithm = subjectPublicKeyInfo.next().sequence();
	const identifier = algorithm.next().objectIdentifier();
	const parameters = algorithm.nextIfAny();
	const key = subjectPublicKeyInfo.next().bitStringOctets();
	subjectPublicKeyInfo.end();
	if (rsaAlgorithms.has(identifier)) {
		return isBoundedRsaKey(key)
			? undefined
			: `Expected an RSA key of at most ${maxModulusOctets * 8} bits with an exponent of at most ${maxExponentOctets * 8}.`;
	}

	const isNamedCurve =
		identifier === ecPublicKey &&
		parameters?.tag === tags.objectIdentifier &&
		curves.has(parameters.objectIdentifier());
	return isNamedCurve || curves.has(identifier)
		? undefined
		: 'Expected a key on P-256, P-384, P-521, Curve25519 or Edwards25519, or of RSA.';
}

function isBoundedRsaKey(key: Uint8Array): boolean {
	const isBounded = readAsn1(key, 'der', (root) => {
		const numbers = root.sequence();
		const modulus = numbers.next().positiveInteger();
		const exponent = numbers.next().positiveInteger();
		numbers.end();
		return modulus.length <= maxModulusOctets && exponent.length <= maxExponentOctets;
	});
	return isBounded.ok && isBounded.value;
}

const limits = {maxBytes: 16 * 1024, maxDepth: 16, maxElements: 2048};
const maxExtensions = 64;
const maxModulusOctets = 1024;
const maxExponentOctets = 8;
const ecPublicKey = '1.2.840.10045.2.1';
/** rsaEncryption and id-RSASSA-PSS (RFC 4055). */
const rsaAlgorithms: ReadonlySet<string> = new Set(['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.10']);
/** P-256, P-384, P-521 (RFC 5480 §2.1.1.1), X25519 and Ed25519 (RFC 8410 §3), which are algorithms themselves. */
const curves: ReadonlySet<string> = new Set([
	'1.2.840.10045.3.1.7',
	'1.3.132.0.34',
	'1.3.132.0.35',
	'1.3.101.110',
	'1.3.101.112',
]);
