import type {Asn1Element} from '../../wire/asn1/index.js';
import {derElement, derInteger, derOctetString, derSequence, sortSetOf, tags} from '../../wire/asn1/index.js';
import type {CipherParameters} from './content-cipher.js';
import {gcmTagBytes, readGcmAlgorithm} from './content-cipher.js';
import {contentTypes, derContentInfo, requireVersion} from './content-info.js';
import {derEncryptedContent, readEncryptedContent} from './encrypted-content.js';
import type {Envelope} from './envelope.js';
import {readRecipientInfos} from './recipient-info.js';
import {readNested, refuse} from './refusal.js';

/** AuthEnvelopedData (RFC 5083 §2.1): AES-GCM only, its tag whole, authenticated attributes as additional data. */
export function readAuthEnvelopedData(content: Asn1Element): Envelope {
	const cursor = content.sequence();
	requireVersion(cursor.next(), 0);
	cursor.optional(0xa0);
	const recipients = cursor.next();
	const encrypted = readEncryptedContent(cursor.next(), readGcmAlgorithm);
	const attributes = cursor.optional(0xa1);
	const tag = cursor.next().octetString();
	cursor.optional(0xa2);
	cursor.end();
	if (tag.length !== gcmTagBytes) {
		return refuse('UNSUPPORTED', `Expected an ICV of ${gcmTagBytes} octets, got ${tag.length}.`);
	}

	return {...encrypted, recipients: readRecipientInfos(recipients), additionalData: derAttributes(attributes), tag};
}

/** ContentInfo with AuthEnvelopedData without attributes. */
export function derAuthEnvelopedData(
	recipients: readonly Uint8Array[],
	parameters: CipherParameters,
	encryptedContent: Uint8Array,
	tag: Uint8Array,
): Uint8Array {
	return derContentInfo(
		contentTypes.authEnvelopedData,
		derSequence(
			derInteger(0),
			derElement(tags.set, ...sortSetOf(recipients)),
			derEncryptedContent(parameters, encryptedContent),
			derOctetString(tag),
		),
	);
}

/** DER of SET OF Attribute: `[1] IMPLICIT` gives way to the universal tag (RFC 5083 §2.2). */
function derAttributes(attributes: Asn1Element | undefined): Uint8Array {
	if (attributes === undefined) {
		return new Uint8Array();
	}

	const encodings = attributes.listOf(0xa1, maxAttributes).map(({encoded}) => encoded);
	for (const encoded of encodings) {
		readNested(encoded, (attribute) => attribute.expect(tags.sequence));
	}

	return derElement(tags.set, ...sortSetOf(encodings));
}

const maxAttributes = 32;
