import type {Asn1Element} from '../../wire/asn1/index.js';
import {derElement, derInteger, derSequence, sortSetOf, tags} from '../../wire/asn1/index.js';
import type {CipherParameters} from './content-cipher.js';
import {readCbcAlgorithm} from './content-cipher.js';
import {contentTypes, derContentInfo, requireVersion} from './content-info.js';
import {derEncryptedContent, readEncryptedContent} from './encrypted-content.js';
import type {Envelope} from './envelope.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import {readRecipientInfos} from './recipient-info.js';

/** EnvelopedData (RFC 5652 §6.1): CBC only, which authenticates nothing. */
export function readEnvelopedData(content: Asn1Element, legacy: LegacyAlgorithms): Envelope {
	const cursor = content.sequence();
	requireVersion(cursor.next(), 0, 2, 3, 4);
	cursor.optional(0xa0);
	const recipients = cursor.next();
	const encrypted = readEncryptedContent(cursor.next(), (algorithm) => readCbcAlgorithm(algorithm, legacy));
	cursor.optional(0xa1);
	cursor.end();
	const nothing = new Uint8Array();
	return {...encrypted, recipients: readRecipientInfos(recipients), additionalData: nothing, tag: nothing};
}

/** ContentInfo with EnvelopedData; version 2 where a recipient is other than by issuer and serial (RFC 5652 §6.1). */
export function derEnvelopedData(
	recipients: readonly Uint8Array[],
	parameters: CipherParameters,
	encryptedContent: Uint8Array,
): Uint8Array {
	const version = recipients.every((recipient) => recipient[0] === tags.sequence) ? 0 : 2;
	return derContentInfo(
		contentTypes.envelopedData,
		derSequence(
			derInteger(version),
			derElement(tags.set, ...sortSetOf(recipients)),
			derEncryptedContent(parameters, encryptedContent),
		),
	);
}
