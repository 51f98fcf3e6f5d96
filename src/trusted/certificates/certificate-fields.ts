import {fail, ok, type Result} from '../../base/result.js';
import {type Asn1Element, contextConstructed, readAsn1} from '../../wire/asn1/index.js';
import {readCertificateBody} from '../smime/certificate-body.js';
import {judgePublicKey, readPublicKey} from '../smime/public-key.js';
import {attempt} from '../smime/refusal.js';
import type {CertificateFailure} from './certificate-validator.js';
import {type Extensions, readExtensions} from './extensions.js';

/** Parts of a certificate (RFC 5280 §4.1) as they stand in its DER. */
export type CertificateFields = {
	/** DER of the subject's Name. */
	readonly subject: Uint8Array;
	readonly extensions: Extensions;
};

/**
 * Reads a certificate that may come from a stranger and refuses whatever OpenSSL need not see: other encodings than DER,
 * versions other than 3, doubled extensions, and keys that CMS would not take either (`judgePublicKey`).
 */
export function readCertificateFields(der: Uint8Array): Result<CertificateFields, CertificateFailure> {
	const read = readAsn1(der, 'der', readCertificate, limits);
	if (!read.ok) {
		return fail('MALFORMED', `Expected a DER certificate. ${read.failure.message}`);
	}

	const {fields, version, key} = read.value;
	if (version !== 2) {
		return fail('MALFORMED', `Expected an X.509 certificate of version 3, got ${version + 1}.`);
	}

	if (fields === undefined) {
		return fail('MALFORMED', 'Expected each extension at most once.');
	}

	return key.ok ? ok(fields) : fail(key.failure.code === 'MALFORMED' ? 'MALFORMED' : 'WEAK_KEY', key.failure.message);
}

function readCertificate(root: Asn1Element) {
	const body = readCertificateBody(root);
	body.serialNumber.positiveInteger();
	const version = body.version?.sequence(contextConstructed(0)).next().smallInteger() ?? 0;
	const key = attempt(() => judgePublicKey(readPublicKey(body.subjectPublicKeyInfo)));
	const extensions = readExtensions(body.extensions?.explicit(3), maxExtensions);
	return {version, key, fields: extensions && {subject: body.subject.encoded, extensions}};
}

const limits = {maxBytes: 16 * 1024, maxDepth: 16, maxElements: 2048};
const maxExtensions = 64;
