import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {parameterValue} from '../sip/grammar.js';
import {type ContentType, parseContentType} from './content-type.js';
import {type MimeEntity, type MimeFailureCode, mimeHeader, writeMimeEntity} from './entity.js';
import {parseMultipart, writeMultipart} from './multipart.js';
import {decodeContent, encodeBase64} from './transfer-encoding.js';

/** Digests that `micalg` names (RFC 8551 §3.5.3.2). */
export type MicAlgorithm = 'sha-256' | 'sha-384' | 'sha-512';

/** A signed entity in either form of RFC 8551 §3.5, taken apart; nothing of it is believed yet. */
export type SignedEntityOctets = {
	/** CMS with SignedData. */
	readonly contentInfo: Uint8Array;
	/** Of multipart/signed: the exact octets of the first part, which are what was signed (RFC 1847 §2.1). */
	readonly detached?: Uint8Array;
	/** Of multipart/signed: what `micalg` says, lower case; empty where it says nothing. */
	readonly micAlgorithms: readonly string[];
};

export type SignedEntityFailure = CodedFailure<MimeFailureCode | 'NOT_SIGNED'>;

/** What an entity is to S/MIME (RFC 8551 §3): `other` for all that it does not know. */
export type SmimeKind = 'enveloped' | 'signed-data' | 'multipart-signed' | 'multipart' | 'other';

/**
 * Says by its Content-Type what an entity is. `application/x-pkcs7-mime` is the old name of the type (RFC 8551 §3.2);
 * without `smime-type` the CMS itself tells, and `enveloped` is what SIP sends so.
 */
export function smimeKind(entity: MimeEntity): SmimeKind {
	const {type = '', subtype = '', params = []} = contentTypeOf(entity) ?? {};
	if (type === 'multipart') {
		return subtype === 'signed' ? 'multipart-signed' : 'multipart';
	}

	if (type !== 'application' || !/^(?:x-)?pkcs7-mime$/.test(subtype)) {
		return 'other';
	}

	return parameterValue(params, 'smime-type')?.toLowerCase() === 'signed-data' ? 'signed-data' : 'enveloped';
}

/**
 * Takes a signed entity apart: application/pkcs7-mime with the content inside (RFC 8551 §3.5.2), or multipart/signed with it
 * beside (§3.5.3), whose `protocol` and second part must be of a CMS signature. Never throws.
 */
export function readSignedEntity(entity: MimeEntity): Result<SignedEntityOctets, SignedEntityFailure> {
	const contentType = contentTypeOf(entity);
	const {type = '', subtype = '', params = []} = contentType ?? {};
	if (type === 'application' && /^(?:x-)?pkcs7-mime$/.test(subtype)) {
		const isSigned = (parameterValue(params, 'smime-type') ?? 'signed-data').toLowerCase() === 'signed-data';
		const contentInfo = decodeContent(entity);
		return contentInfo.ok && isSigned
			? ok({contentInfo: contentInfo.value, micAlgorithms: []})
			: notSigned(contentInfo);
	}

	const protocol = parameterValue(params, 'protocol')?.toLowerCase() ?? '';
	if (type !== 'multipart' || subtype !== 'signed' || !signatureTypes.has(protocol)) {
		return notSigned();
	}

	const multipart = parseMultipart(entity);
	if (!multipart.ok) {
		return multipart;
	}

	const [content, signature, ...others] = multipart.value.parts;
	const signatureType = signature && contentTypeOf(signature);
	if (!content || !signature || others.length > 0 || !signatureTypes.has(nameOf(signatureType))) {
		return notSigned();
	}

	const contentInfo = decodeContent(signature);
	const micAlgorithms = (parameterValue(params, 'micalg') ?? '')
		.toLowerCase()
		.split(',')
		.map((name) => name.trim())
		.filter((name) => name !== '');
	return contentInfo.ok ? ok({contentInfo: contentInfo.value, detached: content.octets, micAlgorithms}) : contentInfo;
}

/**
 * True where `micalg` contradicts a signature with `hash` (RFC 8551 §3.5.3.2). Names that we do not know contradict
 * nothing: a receiver is to put up with them.
 */
export function isMicContradicted(
	micAlgorithms: readonly string[],
	hash: 'sha1' | 'sha256' | 'sha384' | 'sha512',
): boolean {
	const known = micAlgorithms.filter((name) => knownMicAlgorithms.has(name)).map((name) => name.replace('-', ''));
	return known.length > 0 && known.length === micAlgorithms.length && !known.includes(hash);
}

/** `multipart/signed` of a whole entity and the detached CMS over its octets (RFC 8551 §3.5.3), all in binary as SIP carries it. */
export function writeMultipartSigned(
	content: Uint8Array,
	signature: Uint8Array,
	{micAlgorithm, boundary}: {readonly micAlgorithm: MicAlgorithm; readonly boundary: string},
	{base64 = false}: {readonly base64?: boolean} = {},
): MimeEntity {
	const signaturePart = writeMimeEntity({
		headers: [
			{name: 'Content-Type', value: 'application/pkcs7-signature;name=smime.p7s'},
			{name: 'Content-Disposition', value: 'attachment;handling=required;filename=smime.p7s'},
			{name: 'Content-Transfer-Encoding', value: base64 ? 'base64' : 'binary'},
		],
		body: base64 ? encodeBase64(signature) : signature,
	});
	const protocol = 'protocol="application/pkcs7-signature"';
	return {
		headers: [
			{name: 'Content-Type', value: `multipart/signed;${protocol};micalg=${micAlgorithm};boundary="${boundary}"`},
		],
		body: writeMultipart([content, signaturePart], boundary),
	};
}

/** `application/pkcs7-mime` around CMS (RFC 8551 §3.2), in binary as SIP carries it or in base64 for mail and files. */
export function writePkcs7Mime(
	contentInfo: Uint8Array,
	smimeType: 'signed-data' | 'enveloped-data' | 'authEnveloped-data',
	{base64 = false}: {readonly base64?: boolean} = {},
): MimeEntity {
	return {
		headers: [
			{name: 'Content-Type', value: `application/pkcs7-mime;smime-type=${smimeType};name=smime.p7m`},
			{name: 'Content-Transfer-Encoding', value: base64 ? 'base64' : 'binary'},
		],
		body: base64 ? encodeBase64(contentInfo) : contentInfo,
	};
}

function contentTypeOf(entity: MimeEntity): ContentType | undefined {
	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? '');
	return contentType.ok ? contentType.value : undefined;
}

function nameOf(contentType: ContentType | undefined): string {
	return contentType ? `${contentType.type}/${contentType.subtype}` : '';
}

function notSigned(content?: Result<unknown, CodedFailure<MimeFailureCode>>): Result<never, SignedEntityFailure> {
	return content?.ok === false
		? content
		: fail(
				'NOT_SIGNED',
				'Expected application/pkcs7-mime with signed-data, or multipart/signed of content and CMS signature.',
			);
}

const signatureTypes: ReadonlySet<string> = new Set(['application/pkcs7-signature', 'application/x-pkcs7-signature']);
/** With and without the hyphen: older agents write `sha256` (RFC 8551 §3.5.3.2). */
const knownMicAlgorithms: ReadonlySet<string> = new Set([
	...['md5', 'sha1', 'sha-1', 'sha224', 'sha-224'],
	...['sha256', 'sha-256', 'sha384', 'sha-384', 'sha512', 'sha-512'],
]);
