import type {Asn1Element} from '../../wire/asn1/index.js';
import {derContext, derObjectIdentifier, derSequence} from '../../wire/asn1/index.js';
import {refuse} from './refusal.js';

/** Content types of CMS that we read and write (RFC 5652 §4, §5.1, §6.1, RFC 5083 §2.1). */
export const contentTypes = {
	data: '1.2.840.113549.1.7.1',
	signedData: '1.2.840.113549.1.7.2',
	envelopedData: '1.2.840.113549.1.7.3',
	authEnvelopedData: '1.2.840.113549.1.9.16.1.23',
} as const;

/** Opens a ContentInfo (RFC 5652 §3). */
export function readContentInfo(root: Asn1Element): {readonly contentType: string; readonly content: Asn1Element} {
	const cursor = root.sequence();
	const contentType = cursor.next().objectIdentifier();
	const content = cursor.next().explicit(0);
	cursor.end();
	return {contentType, content};
}

export function derContentInfo(contentType: string, content: Uint8Array): Uint8Array {
	return derSequence(derObjectIdentifier(contentType), derContext(0, content));
}

/** S/MIME puts MIME inside, which is id-data (RFC 8551 §2.4.1); everything else is refused. */
export function requireData(contentType: string): void {
	if (contentType !== contentTypes.data) {
		refuse('UNSUPPORTED', `Expected id-data inside, got ${contentType}.`);
	}
}

/** Refuses a version number outside those that RFC 5652 gives the structure. */
export function requireVersion(version: Asn1Element, ...known: readonly number[]): void {
	const number = version.smallInteger();
	if (!known.includes(number)) {
		refuse('UNSUPPORTED', `Expected version ${known.join(', ')}, got ${number}.`);
	}
}
