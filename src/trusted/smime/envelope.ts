import type {Asn1Element} from '../../wire/asn1/index.js';
import {readAuthEnvelopedData} from './auth-enveloped-data.js';
import type {CipherParameters} from './content-cipher.js';
import {contentTypes, readContentInfo} from './content-info.js';
import {readEnvelopedData} from './enveloped-data.js';
import type {RecipientInfo} from './recipient-info.js';
import {refuse} from './refusal.js';

/** EnvelopedData or AuthEnvelopedData as read. */
export type Envelope = {
	readonly recipients: readonly RecipientInfo[];
	readonly parameters: CipherParameters;
	readonly encryptedContent: Uint8Array;
	/** DER of the authenticated attributes; empty where there are none, and for CBC. */
	readonly additionalData: Uint8Array;
	/** 16 octets for GCM, none for CBC. */
	readonly tag: Uint8Array;
};

/** Reads a ContentInfo with either kind of envelope. */
export function readEnvelope(root: Asn1Element): Envelope {
	const {contentType, content} = readContentInfo(root);
	if (contentType === contentTypes.authEnvelopedData) {
		return readAuthEnvelopedData(content);
	}

	return contentType === contentTypes.envelopedData
		? readEnvelopedData(content)
		: refuse('UNSUPPORTED', `Expected EnvelopedData or AuthEnvelopedData, got ${contentType}.`);
}
