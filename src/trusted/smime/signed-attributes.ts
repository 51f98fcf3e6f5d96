import type {Asn1Element} from '../../wire/asn1/index.js';
import {
	derElement,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	derSetOf,
	derTime,
	sortSetOf,
	tags,
} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {isSameAlgorithm, readAlgorithmIdentifier} from './algorithm-identifier.js';
import type {ContentCipher} from './cms-provider.js';
import {contentTypes} from './content-info.js';
import {readNested, refuse} from './refusal.js';
import {readSigningCertificate, type SigningCertificate} from './signing-certificate.js';
import {derCapabilities, readCapabilities} from './smime-capabilities.js';

/** What the signed attributes of one SignerInfo say (RFC 5652 §11). */
export type SignedAttributes = {
	/** DER of SET OF Attribute: what the signature is over (RFC 5652 §5.4). */
	readonly toBeSigned: Uint8Array;
	readonly messageDigest: Uint8Array;
	readonly signingTimeMs: number | undefined;
	/** Undefined where the signature does not say which certificate it is made for. */
	readonly signingCertificate: SigningCertificate | undefined;
	/** Content ciphers that the signer says it opens, best first; undefined where it says nothing. */
	readonly capabilities: readonly ContentCipher[] | undefined;
};

/**
 * Reads `signedAttrs`, each attribute in DER as RFC 5652 §5.3 asks, whatever the rest of the message is in. content-type
 * and message-digest must be there once; signing-time, CMSAlgorithmProtection (RFC 6211), SigningCertificateV2 (RFC 5035) and
 * SMIMECapabilities (RFC 8551 §2.5.2) at most once.
 */
export function readSignedAttributes(
	signedAttributes: Asn1Element,
	expected: {readonly digest: AlgorithmIdentifier; readonly signature: AlgorithmIdentifier},
): SignedAttributes {
	const encodings = signedAttributes.listOf(0xa0, maxAttributes).map((attribute) => attribute.encoded);
	const attributes = encodings.map((encoded) => readNested(encoded, readAttribute));

	const contentType = oneValue(attributes, attributeTypes.contentType) ?? missing('content-type');
	if (contentType.objectIdentifier() !== contentTypes.data) {
		refuse('BAD_ATTRIBUTES', 'Expected the content-type attribute to name id-data, as the content does.');
	}

	const protection = oneValue(attributes, attributeTypes.algorithmProtection);
	if (protection !== undefined) {
		checkAlgorithmProtection(protection, expected);
	}

	const messageDigest = oneValue(attributes, attributeTypes.messageDigest) ?? missing('message-digest');
	const signingCertificate = oneValue(attributes, attributeTypes.signingCertificate);
	const capabilities = oneValue(attributes, attributeTypes.capabilities);
	return {
		toBeSigned: derElement(tags.set, ...sortSetOf(encodings)),
		messageDigest: messageDigest.octetString().slice(),
		signingTimeMs: readTime(oneValue(attributes, attributeTypes.signingTime)),
		signingCertificate: signingCertificate && readSigningCertificate(signingCertificate),
		capabilities: capabilities && readCapabilities(capabilities),
	};
}

/**
 * Looks at `unsignedAttrs` for one thing: those that must be signed are not to stand here (RFC 5652 §11.1 to §11.3, RFC
 * 6211 §2, RFC 5035 §3, RFC 8551 §2.5.2). What else is there anybody may have put there, and it counts for nothing.
 */
export function refuseMisplacedAttributes(unsignedAttributes: Asn1Element | undefined): void {
	const mustBeSigned: readonly string[] = Object.values(attributeTypes);
	for (const attribute of unsignedAttributes?.listOf(0xa1, maxAttributes) ?? []) {
		const type = attribute.sequence().next().objectIdentifier();
		if (mustBeSigned.includes(type)) {
			refuse('BAD_ATTRIBUTES', `Expected attribute ${type} among the signed ones only.`);
		}
	}
}

/** DER of SET OF Attribute for a signature of ours, with the algorithms protected (RFC 6211). */
export function derSignedAttributes(attributes: {
	readonly messageDigest: Uint8Array;
	readonly signingTimeMs: number;
	readonly digestAlgorithm: Uint8Array;
	readonly signatureAlgorithm: Uint8Array;
	/** Value of SigningCertificateV2; left out where absent. */
	readonly signingCertificate?: Uint8Array;
	/** For SMIMECapabilities; left out where absent. */
	readonly capabilities?: readonly ContentCipher[];
}): Uint8Array {
	const signatureAlgorithm = attributes.signatureAlgorithm.slice();
	signatureAlgorithm[0] = 0xa1;
	const {signingCertificate, capabilities} = attributes;
	return derSetOf(
		derAttribute(attributeTypes.contentType, derObjectIdentifier(contentTypes.data)),
		derAttribute(attributeTypes.signingTime, derTime(attributes.signingTimeMs)),
		derAttribute(attributeTypes.messageDigest, derOctetString(attributes.messageDigest)),
		derAttribute(attributeTypes.algorithmProtection, derSequence(attributes.digestAlgorithm, signatureAlgorithm)),
		...(signingCertificate ? [derAttribute(attributeTypes.signingCertificate, signingCertificate)] : []),
		...(capabilities ? [derAttribute(attributeTypes.capabilities, derCapabilities(capabilities))] : []),
	);
}

type Attribute = {readonly type: string; readonly values: readonly Asn1Element[]};

function readAttribute(element: Asn1Element): Attribute {
	const cursor = element.sequence();
	const type = cursor.next().objectIdentifier();
	const values = cursor.next().listOf(tags.set, maxAttributeValues);
	cursor.end();
	return {type, values};
}

function derAttribute(type: string, value: Uint8Array): Uint8Array {
	return derSequence(derObjectIdentifier(type), derSetOf(value));
}

/** The one value of the one attribute of a type; undefined where there is no such attribute. */
function oneValue(attributes: readonly Attribute[], type: string): Asn1Element | undefined {
	const [attribute, ...more] = attributes.filter((candidate) => candidate.type === type);
	if (attribute === undefined) {
		return undefined;
	}

	const [value] = attribute.values;
	return value === undefined || attribute.values.length > 1 || more.length > 0
		? refuse('BAD_ATTRIBUTES', `Expected attribute ${type} once, with one value.`)
		: value;
}

function missing(name: string): never {
	return refuse('BAD_ATTRIBUTES', `Expected a ${name} attribute, got none.`);
}

function readTime(value: Asn1Element | undefined): number | undefined {
	if (value !== undefined && value.tag !== tags.utcTime && value.tag !== tags.generalizedTime) {
		refuse('BAD_ATTRIBUTES', 'Expected a UTCTime or GeneralizedTime as the signing-time.');
	}

	return value?.time();
}

/** CMSAlgorithmProtection (RFC 6211 §2): `[1]` for signatures, `[2]` for MACs, which has no place here. */
function checkAlgorithmProtection(
	value: Asn1Element,
	expected: {readonly digest: AlgorithmIdentifier; readonly signature: AlgorithmIdentifier},
): void {
	const cursor = value.sequence();
	const digest = readAlgorithmIdentifier(cursor.next());
	const signature = readAlgorithmIdentifier(cursor.next(), 0xa1);
	cursor.end();
	if (!isSameAlgorithm(digest, expected.digest) || !isSameAlgorithm(signature, expected.signature)) {
		refuse('BAD_ATTRIBUTES', 'Expected the protected algorithms to be those of the SignerInfo (RFC 6211).');
	}
}

const attributeTypes = {
	contentType: '1.2.840.113549.1.9.3',
	messageDigest: '1.2.840.113549.1.9.4',
	signingTime: '1.2.840.113549.1.9.5',
	algorithmProtection: '1.2.840.113549.1.9.52',
	signingCertificate: '1.2.840.113549.1.9.16.2.47',
	capabilities: '1.2.840.113549.1.9.15',
} as const;

const maxAttributes = 32;
const maxAttributeValues = 16;
