import type {KeyObject} from 'node:crypto';
import {derContext, derContextPrimitive, derElement, derInteger, derSequence, derTime} from '../../wire/asn1/index.js';
import {derExtension} from './extensions.js';
import {derIssuerAlgorithm, signAsIssuer} from './issuer-signature.js';

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
	const entries = content.revoked.map(writeEntry);
	const toBeSigned = derSequence(
		derInteger(1),
		derIssuerAlgorithm(issuer.privateKey),
		issuer.subject,
		derTime(content.thisUpdateMs),
		derTime(content.nextUpdateMs),
		// An empty list is left out (§5.1.2.6).
		...(entries.length > 0 ? [derSequence(...entries)] : []),
		derContext(
			0,
			derSequence(
				derExtension(oids.authorityKeyIdentifier, derSequence(derContextPrimitive(0, issuer.keyIdentifier))),
				derExtension(oids.crlNumber, derInteger(content.number)),
			),
		),
	);
	return signAsIssuer(issuer.privateKey, toBeSigned);
}

export function isRevocationReason(text: string): text is RevocationReason {
	return Object.hasOwn(reasonCodes, text);
}

function writeEntry({serialNumber, revokedAtMs, reason = 'unspecified'}: RevokedCertificate): Uint8Array {
	const code = reasonCodes[reason];
	const reasons =
		code === 0 ? [] : [derSequence(derExtension(oids.reasonCode, derElement(enumerated, Uint8Array.of(code))))];
	return derSequence(derInteger(BigInt(`0x${serialNumber}`)), derTime(revokedAtMs), ...reasons);
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
} as const;
