import {pemToDer} from '../../wire/asn1/pem.js';

/**
 * The ContentInfo of octets that are CMS in DER, or in PEM by one of its two labels (RFC 7468 §8, §9): `broken` for a block that
 * cannot be read, undefined for all that is neither.
 */
export function readCmsFile(octets: Uint8Array): Uint8Array | 'broken' | undefined {
	if (octets[0] === 0x30) {
		return octets;
	}

	const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
	const [, label] = /^\s{0,64}-----BEGIN (CMS|PKCS7)-----/.exec(text) ?? [];
	if (label === undefined) {
		return undefined;
	}

	const blocks = pemToDer(text, label);
	return (blocks.ok ? blocks.value[0] : undefined) ?? 'broken';
}
