import type {Asn1Element} from '../../wire/asn1/index.js';
import {
	derContext,
	derElement,
	derInteger,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	derSetOf,
	sortSetOf,
	tags,
} from '../../wire/asn1/index.js';
import {readAlgorithmIdentifier} from './algorithm-identifier.js';
import type {CertificateFacts} from './certificate.js';
import type {IdentifiedBy} from './cms-provider.js';
import {contentTypes, derContentInfo, readContentInfo, requireData, requireVersion} from './content-info.js';
import type {KeyHashName} from './hash-algorithm.js';
import {readDigestAlgorithm} from './hash-algorithm.js';
import type {KeyIdentifier} from './key-identifier.js';
import {derKeyIdentifier, readKeyIdentifier} from './key-identifier.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {refuse} from './refusal.js';
import type {SignatureAlgorithm} from './signature-algorithm.js';
import {readSignatureAlgorithm} from './signature-algorithm.js';
import type {SignedAttributes} from './signed-attributes.js';
import {readSignedAttributes, refuseMisplacedAttributes} from './signed-attributes.js';

/** SignedData (RFC 5652 §5.1) as read; nothing in it has been verified. */
export type SignedData = {
	/** Undefined where the content is detached. */
	readonly content: Uint8Array | undefined;
	/** DER of each X.509 certificate that came along. */
	readonly certificates: readonly Uint8Array[];
	readonly signers: readonly SignerInfo[];
};

/** SignerInfo (RFC 5652 §5.3), without its unsigned attributes: anybody may have put them there. */
export type SignerInfo = {
	readonly identifier: KeyIdentifier;
	readonly digest: KeyHashName;
	readonly attributes: SignedAttributes;
	readonly algorithm: SignatureAlgorithm;
	readonly signature: Uint8Array;
};

/** Reads a ContentInfo with SignedData; certificates and signers are counted before any of them is read. */
export function readSignedData(root: Asn1Element, legacy: LegacyAlgorithms): SignedData {
	const {contentType, content} = readContentInfo(root);
	if (contentType !== contentTypes.signedData) {
		return refuse('UNSUPPORTED', `Expected SignedData, got ${contentType}.`);
	}

	const cursor = content.sequence();
	requireVersion(cursor.next(), 1, 3, 4, 5);
	cursor.next().listOf(tags.set, maxSigners);
	const encapsulated = readEncapsulatedContent(cursor.next());
	const certificates = cursor.optional(0xa0)?.listOf(0xa0, maxCertificates) ?? [];
	cursor.optional(0xa1)?.listOf(0xa1, maxRevocationLists);
	const signers = cursor.next().listOf(tags.set, maxSigners);
	cursor.end();
	if (signers.length === 0) {
		return refuse('UNSUPPORTED', 'Expected at least one signer, got none.');
	}

	return {
		content: encapsulated,
		certificates: certificates.filter(({tag}) => tag === tags.sequence).map(({encoded}) => encoded.slice()),
		signers: signers.map((signer) => readSignerInfo(signer, legacy)),
	};
}

/** One signer of ours, all but the signature worked out beforehand. */
export type SignerParts = {
	readonly certificate: CertificateFacts;
	readonly identifiedBy: IdentifiedBy;
	readonly digestAlgorithm: Uint8Array;
	readonly signatureAlgorithm: Uint8Array;
	/** DER of SET OF Attribute. */
	readonly signedAttributes: Uint8Array;
	readonly signature: Uint8Array;
};

/** ContentInfo with SignedData; `certificates` are those of the signers and of their chains. */
export function derSignedData(parts: {
	/** Undefined leaves the content out. */
	readonly content: Uint8Array | undefined;
	readonly certificates: readonly Uint8Array[];
	readonly signers: readonly SignerParts[];
}): Uint8Array {
	const {content, certificates, signers} = parts;
	const infos = signers.map(derSignerInfo);
	const digests = new Map(
		signers.map(({digestAlgorithm}) => [Buffer.from(digestAlgorithm).toString('hex'), digestAlgorithm]),
	);
	const encapsulated = content === undefined ? [] : [derContext(0, derOctetString(content))];
	// Version 3 where a signer is named by key identifier (RFC 5652 §5.1).
	const version = infos.every((info) => info.version === 1) ? 1 : 3;
	return derContentInfo(
		contentTypes.signedData,
		derSequence(
			derInteger(version),
			derSetOf(...digests.values()),
			derSequence(derObjectIdentifier(contentTypes.data), ...encapsulated),
			derElement(0xa0, ...sortSetOf(certificates)),
			derSetOf(...infos.map(({encoded}) => encoded)),
		),
	);
}

function derSignerInfo(parts: SignerParts): {readonly version: number; readonly encoded: Uint8Array} {
	const attributes = parts.signedAttributes.slice();
	attributes[0] = 0xa0;
	const identifier = derKeyIdentifier(parts.certificate, parts.identifiedBy);
	const version = identifier[0] === tags.sequence ? 1 : 3;
	const encoded = derSequence(
		derInteger(version),
		identifier,
		parts.digestAlgorithm,
		attributes,
		parts.signatureAlgorithm,
		derOctetString(parts.signature),
	);
	return {version, encoded};
}

function readEncapsulatedContent(element: Asn1Element): Uint8Array | undefined {
	const cursor = element.sequence();
	requireData(cursor.next().objectIdentifier());
	const content = cursor.optional(0xa0)?.explicit(0).octetString();
	cursor.end();
	return content;
}

function readSignerInfo(element: Asn1Element, legacy: LegacyAlgorithms): SignerInfo {
	const cursor = element.sequence();
	requireVersion(cursor.next(), 1, 3);
	const identifier = readKeyIdentifier(cursor.next());
	const digestAlgorithm = readAlgorithmIdentifier(cursor.next());
	const digest = readDigestAlgorithm(digestAlgorithm, legacy);
	const signedAttributes = cursor.optional(0xa0) ?? refuse('BAD_ATTRIBUTES', 'Expected signed attributes, got none.');
	const signatureAlgorithm = readAlgorithmIdentifier(cursor.next());
	const algorithm = readSignatureAlgorithm(signatureAlgorithm, digest, legacy);
	const signature = cursor.next().octetString();
	refuseMisplacedAttributes(cursor.optional(0xa1));
	cursor.end();
	if (signature.length > maxSignatureBytes) {
		return refuse('MALFORMED', `Expected a signature of at most ${maxSignatureBytes} octets, got ${signature.length}.`);
	}

	const attributes = readSignedAttributes(signedAttributes, {digest: digestAlgorithm, signature: signatureAlgorithm});
	return attributes.toBeSigned.length > maxSignedAttributesBytes
		? refuse('MALFORMED', `Expected at most ${maxSignedAttributesBytes} octets of signed attributes.`)
		: {identifier, digest, attributes, algorithm, signature};
}

const maxSigners = 16;
const maxCertificates = 32;
const maxRevocationLists = 16;
const maxSignatureBytes = 1024;
const maxSignedAttributesBytes = 65_536;
