import type {Asn1Element} from '../../wire/asn1/index.js';
import {derObjectIdentifier, derSequence, tags} from '../../wire/asn1/index.js';
import type {ContentCipher} from './cms-provider.js';
import {oidOfCipher} from './content-cipher.js';

/** Value of an SMIMECapabilities attribute (RFC 8551 §2.5.2): the content ciphers in it that we can write, best first. */
export function readCapabilities(value: Asn1Element): readonly ContentCipher[] {
	return value.listOf(tags.sequence, maxCapabilities).flatMap((element) => {
		const cursor = element.sequence();
		const oid = cursor.next().objectIdentifier();
		// Parameters of any kind: of what we know none has any.
		return cipherOfOid.get(oid) ?? [];
	});
}

/** The same for what we open. */
export function derCapabilities(ciphers: readonly ContentCipher[]): Uint8Array {
	return derSequence(...ciphers.map((cipher) => derSequence(derObjectIdentifier(oidOfCipher[cipher]))));
}

/** The order in which we would like to be sealed for. */
export const preferredCiphers: readonly ContentCipher[] = [
	'AES-256-GCM',
	'AES-128-GCM',
	'AES-256-CBC',
	'AES-192-CBC',
	'AES-128-CBC',
];

const cipherOfOid = new Map(preferredCiphers.map((cipher) => [oidOfCipher[cipher], cipher]));
const maxCapabilities = 64;
