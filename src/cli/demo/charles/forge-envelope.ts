import {
	type Asn1Element,
	derElement,
	derInteger,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	readAsn1,
} from '../../../wire/asn1/index.js';

/** Forgeries of an AuthEnvelopedData that need no key (PROTOCOL V22, CVE-2026-34182). */
export type Forgery = 'relabelled to AES-256-OFB' | 'ICV cut to one octet' | 'noise';

/**
 * The recorded envelope, forged: `relabelled` names a stream cipher in place of GCM, which a careless reader decrypts
 * without looking at the tag; `ICV cut` leaves one octet of the tag, which one guess in 256 meets; `noise` keeps the length.
 */
export function forgeEnvelope(
	recorded: Uint8Array,
	forgery: Forgery,
	random: (octets: number) => Uint8Array,
): Uint8Array {
	if (forgery === 'noise') {
		return random(recorded.length);
	}

	const forged = readAsn1(recorded, 'ber', (root) => {
		const [contentType, wrapped] = root.children;
		const parts = wrapped?.children[0]?.children ?? [];
		const [version, recipients, encrypted, tag] = parts;
		const [innerType, cipher, ciphertext] = encrypted?.children ?? [];
		const nonce = cipher?.children[1]?.children[0];
		if (!contentType || !wrapped || !version || !recipients || !tag || !innerType || !cipher || !ciphertext || !nonce) {
			throw new RangeError('Expected a recorded AuthEnvelopedData, got another structure.');
		}

		const isRelabelled = forgery === 'relabelled to AES-256-OFB';
		const algorithm = isRelabelled
			? derSequence(derObjectIdentifier(aes256Ofb), derOctetString(random(16)))
			: derSequence(encodingOf(cipher.children[0]), derSequence(encodingOf(nonce), derInteger(1)));
		const mac = isRelabelled ? encodingOf(tag) : derOctetString(random(1));
		const content = derSequence(encodingOf(innerType), algorithm, encodingOf(ciphertext));
		const data = derSequence(encodingOf(version), encodingOf(recipients), content, mac);
		return derSequence(encodingOf(contentType), derElement(wrapped.tag, data));
	});
	if (!forged.ok) {
		throw new RangeError(forged.failure.message);
	}

	return forged.value;
}

function encodingOf(element: Asn1Element | undefined): Uint8Array {
	return element?.encoded ?? new Uint8Array();
}

const aes256Ofb = '2.16.840.1.101.3.4.1.43';
