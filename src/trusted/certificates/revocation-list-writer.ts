import {type KeyObject, sign} from 'node:crypto';
import {
	derBitString,
	derContext,
	derContextPrimitive,
	derElement,
	derInteger,
	derNull,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	derTime,
} from '../../wire/asn1/index.js';

/** Why a certificate was revoked (RFC 5280 §5.3.1). */
export type RevocationReason = keyof typeof reasonCodes;

export type RevokedCertificate = {
	/** Hexadecimal, as `X509Certificate.serialNumber` has it. */
	readonly serialNumber: string;
	readonly revokedAtMs: number;
	/** @default 'unspecified', which is not written */
	readonly reason?: RevocationReason;
};

export type RevocationListContent = {
	readonly revoked: readonly RevokedCertificate[];
	/** CRLNumber (§5.2.3): one higher than that of the list before. */
	readonly number: number;
	readonly thisUpdateMs: number;
	readonly nextUpdateMs: number;
};

/** Who issues a list. */
export type RevocationListIssuer = {
	readonly privateKey: KeyObject;
	/** DER of the Name. */
	readonly subject: Uint8Array;
	readonly keyIdentifier: Uint8Array;
};

/** Writes a complete revocation list of version 2 (RFC 5280 §5) as DER. */
export function writeRevocationList(issuer: RevocationListIssuer, content: RevocationListContent): Uint8Array {
	const algorithm =
		issuer.privateKey.asymmetricKeyType === 'rsa'
			? derSequence(derObjectIdentifier(oids.sha256WithRsa), derNull())
			: derSequence(derObjectIdentifier(oids.ecdsaWithSha256));
	const entries = content.revoked.map(writeEntry);
	const toBeSigned = derSequence(
		derInteger(1),
		algorithm,
		issuer.subject,
		derTime(content.thisUpdateMs),
		derTime(content.nextUpdateMs),
		// An empty list is left out (§5.1.2.6).
		...(entries.length > 0 ? [derSequence(...entries)] : []),
		derContext(
			0,
			derSequence(
				extension(oids.authorityKeyIdentifier, derSequence(derContextPrimitive(0, issuer.keyIdentifier))),
				extension(oids.crlNumber, derInteger(content.number)),
			),
		),
	);
	return derSequence(toBeSigned, algorithm, derBitString(sign('sha256', toBeSigned, issuer.privateKey)));
}

export function isRevocationReason(text: string): text is RevocationReason {
	return Object.hasOwn(reasonCodes, text);
}

function writeEntry({serialNumber, revokedAtMs, reason = 'unspecified'}: RevokedCertificate): Uint8Array {
	const code = reasonCodes[reason];
	const reasons =
		code === 0 ? [] : [derSequence(extension(oids.reasonCode, derElement(enumerated, Uint8Array.of(code))))];
	return derSequence(derInteger(BigInt(`0x${serialNumber}`)), derTime(revokedAtMs), ...reasons);
}

function extension(identifier: string, value: Uint8Array): Uint8Array {
	return derSequence(derObjectIdentifier(identifier), derOctetString(value));
}

/** Codes of RFC 5280 §5.3.1. */
const reasonCodes = {
	unspecified: 0,
	'key-compromise': 1,
	'affiliation-changed': 3,
	superseded: 4,
	'cessation-of-operation': 5,
	'privilege-withdrawn': 9,
} as const;

const enumerated = 0x0a;
const oids = {
	crlNumber: '2.5.29.20',
	reasonCode: '2.5.29.21',
	authorityKeyIdentifier: '2.5.29.35',
	ecdsaWithSha256: '1.2.840.10045.4.3.2',
	sha256WithRsa: '1.2.840.113549.1.1.11',
} as const;
