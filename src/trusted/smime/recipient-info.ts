import type {Result} from '../../base/result.js';
import {fail} from '../../base/result.js';
import type {Asn1Element} from '../../wire/asn1/index.js';
import {tags} from '../../wire/asn1/index.js';
import type {CertificateFacts} from './certificate.js';
import type {CmsFailure} from './cms-provider.js';
import type {AgreementKind, KeyAgreeRecipient, KeyDerivation} from './key-agree.js';
import {readAgreement, readKeyAgreeRecipient} from './key-agree.js';
import {isNamedBy} from './key-identifier.js';
import type {KeyPadding, KeyTransportRecipient} from './key-transport.js';
import {readKeyPadding, readKeyTransportRecipient} from './key-transport.js';
import type {LegacyAlgorithms} from './legacy-algorithm.js';
import type {PrivateKeyDescription} from './private-key-operations.js';
import {attempt, refuse} from './refusal.js';

export type RecipientInfo = KeyTransportRecipient | KeyAgreeRecipient;

/** A key of ours beside what CMS needs to know of its certificate. */
export type OwnKey = {readonly description: PrivateKeyDescription; readonly certificate: CertificateFacts};

/** What it takes to get at the content key with a key of ours. */
export type KeyRecovery =
	| {
			readonly by: 'key-agreement';
			readonly keyId: string;
			readonly peerPublicKey: Uint8Array;
			readonly derivation: KeyDerivation;
			readonly encryptedKey: Uint8Array;
	  }
	| {
			readonly by: 'key-transport';
			readonly keyId: string;
			readonly padding: KeyPadding;
			readonly encryptedKey: Uint8Array;
	  };

/**
 * Reads RecipientInfos (RFC 5652 §6.2), counted before any is read. Recipients by shared key or password, and kinds
 * that came later, cannot be us and are passed over.
 */
export function readRecipientInfos(element: Asn1Element): readonly RecipientInfo[] {
	const recipients: RecipientInfo[] = [];
	for (const info of element.listOf(tags.set, maxRecipients)) {
		if (info.tag === tags.sequence) {
			recipients.push(readKeyTransportRecipient(info));
		} else if (info.tag === 0xa1) {
			recipients.push(readKeyAgreeRecipient(info, maxRecipients));
		} else if (![0xa2, 0xa3, 0xa4].includes(info.tag)) {
			refuse('MALFORMED', 'Expected a RecipientInfo.');
		}
	}

	return recipients;
}

/**
 * How to get at the content key: by the first recipient that names a key of ours and uses algorithms that we take.
 * Fails with what is wrong with the first that names one, or with `NOT_FOR_US`.
 */
export function findKeyRecovery(
	recipients: readonly RecipientInfo[],
	ownKeys: readonly OwnKey[],
	legacy: LegacyAlgorithms,
): Result<KeyRecovery, CmsFailure> {
	let firstFailure: Result<never, CmsFailure> | undefined;
	for (const recipient of recipients) {
		const entries = recipient.by === 'key-agreement' ? recipient.keys : [recipient];
		for (const {identifier, encryptedKey} of entries) {
			const own = ownKeys.find(({certificate}) => isNamedBy(certificate, identifier));
			const recovery = own && attempt(() => prepareRecovery(recipient, own.description, encryptedKey, legacy));
			if (recovery?.ok) {
				return recovery;
			}
			firstFailure ??= recovery;
		}
	}

	return firstFailure ?? fail('NOT_FOR_US', 'Expected a recipient that is one of our keys.');
}

function prepareRecovery(
	recipient: RecipientInfo,
	{keyId, algorithm}: PrivateKeyDescription,
	encryptedKey: Uint8Array,
	legacy: LegacyAlgorithms,
): KeyRecovery {
	if (recipient.by === 'key-transport') {
		const padding = readKeyPadding(recipient.algorithm, legacy);
		return algorithm === 'rsa'
			? {by: 'key-transport', keyId, padding, encryptedKey}
			: refuse('UNSUPPORTED', `Expected key agreement for a key of ${algorithm}.`);
	}

	return isAgreementKind(algorithm)
		? {by: 'key-agreement', keyId, ...readAgreement(recipient, algorithm, legacy), encryptedKey}
		: refuse('UNSUPPORTED', `Expected a key of P-256, P-384, P-521 or X25519 to agree with, got ${algorithm}.`);
}

function isAgreementKind(algorithm: PrivateKeyDescription['algorithm']): algorithm is AgreementKind {
	return algorithm !== 'rsa' && algorithm !== 'ed25519';
}

const maxRecipients = 128;
