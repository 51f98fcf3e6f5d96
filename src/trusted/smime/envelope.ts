import type {CipherParameters} from './content-cipher.js';
import type {RecipientInfo} from './recipient-info.js';

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
