import {X509Certificate} from 'node:crypto';
import {ok, type Result} from '../../base/result.js';
import {readCertificateFields} from '../../trusted/certificates/certificate-fields.js';
import {certificateFingerprint} from '../../trusted/smime/certificate-fingerprint.js';
import type {CmsFailure, VerifiedSigner} from '../../trusted/smime/cms-provider.js';
import type {KeyIdentifier} from '../../trusted/smime/key-identifier.js';
import {LegacyAlgorithms} from '../../trusted/smime/legacy-algorithm.js';
import {readEnvelope} from '../../trusted/smime/read-envelope.js';
import {readStructure} from '../../trusted/smime/refusal.js';
import type {Outcome} from './exit-codes.js';

/** One layer of a message, from the outside to the inside, as it is told to people. */
export type Layer =
	| {
			readonly layer: 'encrypted';
			readonly cipher: string;
			readonly recipients: readonly string[];
			/** Subject of the certificate whose key opened it; absent where it was not opened. */
			readonly openedBy?: string;
	  }
	| {
			readonly layer: 'signed';
			readonly form: 'signed-data' | 'multipart/signed';
			readonly signers: readonly SignerLayer[];
	  }
	| {readonly layer: 'content'; readonly type: string; readonly octets: number};

export type SignerLayer = {
	readonly subject: string;
	/** `sip:` and `mailto:` names of its certificate. */
	readonly names: readonly string[];
	readonly scheme: string;
	/** ISO 8601; null where the signature says none. */
	readonly signedAt: string | null;
	/** SHA-256 of the certificate. */
	readonly fingerprint: string;
	/** True where a chain leads to an anchor that was given; null where none was given. */
	readonly trusted: boolean | null;
	/** Why not, in a sentence. */
	readonly why?: string;
};

/** What came of a message. `content` is there only where all went well. */
export type Unwrapped = {
	readonly outcome: Outcome;
	readonly layers: readonly Layer[];
	readonly failure?: {readonly code: string; readonly message: string};
	readonly content?: Uint8Array;
};

/** Cipher and recipients of an envelope, as far as they can be read without a key, and old algorithms too: telling is not opening. */
export function describeEnvelope(contentInfo: Uint8Array, openedBy?: string): Result<Layer, CmsFailure> {
	const envelope = readStructure(contentInfo, 'ber', (root) =>
		readEnvelope(root, new LegacyAlgorithms({legacy: ['3des', 'rsa-pkcs1-key-transport']})),
	);
	if (!envelope.ok) {
		return envelope;
	}

	const {recipients, parameters} = envelope.value;
	const names = recipients.flatMap((recipient) =>
		recipient.by === 'key-agreement'
			? recipient.keys.map(({identifier}) => `${nameOf(identifier)} by key agreement`)
			: [`${nameOf(recipient.identifier)} by RSA`],
	);
	return ok({
		layer: 'encrypted',
		cipher: parameters.cipher,
		recipients: names,
		...(openedBy !== undefined && {openedBy}),
	});
}

export function describeSigner(
	{certificate, scheme, signingTimeMs}: VerifiedSigner,
	trust: Pick<SignerLayer, 'trusted' | 'why'>,
): SignerLayer {
	return {
		...describeCertificate(certificate),
		scheme,
		signedAt: signingTimeMs === undefined ? null : new Date(signingTimeMs).toISOString(),
		fingerprint: certificateFingerprint(certificate),
		...trust,
	};
}

/** Subject and names; a certificate that our reader refuses is told by nothing but its fingerprint. */
export function describeCertificate(der: Uint8Array): {readonly subject: string; readonly names: readonly string[]} {
	try {
		if (!readCertificateFields(der).ok) {
			return {subject: '', names: []};
		}

		const {subject = '', subjectAltName = ''} = new X509Certificate(der);
		const names = [...subjectAltName.matchAll(/(?:URI|email|DNS):("(?:[^"\\]|\\.)*"|[^,]+)/g)].map(
			([, name = '']) => name,
		);
		return {subject: printable(subject.split('\n').toReversed().join(', ')), names: names.map(printable)};
	} catch {
		return {subject: '', names: []};
	}
}

/** Text of strangers, without what moves a terminal's cursor. */
export function printable(text: string): string {
	return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 256);
}

function nameOf(identifier: KeyIdentifier): string {
	return identifier.by === 'issuer-and-serial'
		? `serial number ${Buffer.from(identifier.serialNumber).toString('hex')}`
		: `key ${Buffer.from(identifier.subjectKeyIdentifier).toString('hex')}`;
}
