import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import type {CertificateFacts} from './certificate.js';
import type {CmsArithmetic} from './cms-arithmetic.js';
import type {CmsFailure, IdentifiedBy} from './cms-provider.js';
import {chooseDerivation, derKeyAgreeRecipient} from './key-agree.js';
import {derKeyTransportRecipient} from './key-transport.js';
import type {PrivateKeyOperations} from './private-key-operations.js';
import type {PublicKey} from './public-key.js';
import type {KeyRecovery} from './recipient-info.js';

/**
 * The content key by a private key of ours. Where it cannot be had, a random key of the same length takes its place and
 * `isGenuine` is false: the caller goes on as if nothing had happened. Fails only with `OVERLOADED`.
 */
export async function recoverContentKey(
	recovery: KeyRecovery,
	keyBytes: number,
	arithmetic: CmsArithmetic,
	privateKeys: PrivateKeyOperations,
): Promise<Result<{readonly contentKey: Uint8Array; readonly isGenuine: boolean}, CmsFailure>> {
	const result =
		recovery.by === 'key-agreement'
			? await privateKeys.agree(recovery.keyId, recovery.peerPublicKey)
			: await privateKeys.decrypt(recovery.keyId, recovery.padding, recovery.encryptedKey);
	if (!result.ok && result.failure.code === 'OVERLOADED') {
		return fail('OVERLOADED', result.failure.message);
	}

	const secret = result.ok ? result.value : arithmetic.randomBytes(keyBytes);
	const contentKey = recovery.by === 'key-agreement' ? unwrap(recovery, secret, arithmetic) : secret;
	return result.ok && contentKey?.length === keyBytes
		? ok({contentKey, isGenuine: true})
		: ok({contentKey: arithmetic.randomBytes(keyBytes), isGenuine: false});
}

/** RecipientInfo that carries the content key to the holder of a certificate. */
export async function sealContentKey(
	contentKey: Uint8Array,
	certificate: CertificateFacts,
	key: PublicKey,
	identifiedBy: IdentifiedBy,
	arithmetic: CmsArithmetic,
): Promise<Result<Uint8Array, CmsFailure>> {
	const {keyAgreement} = arithmetic;
	if (key.kind === 'rsa') {
		const encryptedKey = await arithmetic.encryptOaep(key, oaepHash, contentKey);
		return encryptedKey.ok
			? ok(derKeyTransportRecipient({certificate, identifiedBy, hash: oaepHash, encryptedKey: encryptedKey.value}))
			: refuseSealing(encryptedKey.failure.code);
	}
	if (key.kind === 'ed25519' || keyAgreement === undefined) {
		return fail('NOT_CAPABLE', `Expected a recipient whose key we can encrypt to, got ${key.kind}.`);
	}

	const agreed = await keyAgreement.agreeEphemeral(key.kind, key.point);
	if (!agreed.ok) {
		return refuseSealing(agreed.failure.code);
	}

	const {publicKey: ephemeralPublicKey, sharedSecret} = agreed.value;
	const wrappingKey = keyAgreement.deriveKey(chooseDerivation(key.kind, contentKey.length), sharedSecret);
	const encryptedKey = keyAgreement.wrapKey(wrappingKey, contentKey);
	sharedSecret.fill(0);
	wrappingKey.fill(0);
	return ok(
		derKeyAgreeRecipient({
			kind: key.kind,
			certificate,
			identifiedBy,
			ephemeralPublicKey,
			keyBytes: contentKey.length,
			encryptedKey,
		}),
	);
}

function unwrap(
	{derivation, encryptedKey}: Extract<KeyRecovery, {readonly by: 'key-agreement'}>,
	sharedSecret: Uint8Array,
	{keyAgreement}: CmsArithmetic,
): Uint8Array | undefined {
	const wrappingKey = keyAgreement?.deriveKey(derivation, sharedSecret);
	sharedSecret.fill(0);
	const contentKey = wrappingKey && keyAgreement?.unwrapKey(wrappingKey, encryptedKey, derivation.wrap);
	wrappingKey?.fill(0);
	return contentKey;
}

function refuseSealing(code: 'OVERLOADED' | 'OPERATION_FAILED'): Result<never, CmsFailure> {
	return code === 'OVERLOADED'
		? fail('OVERLOADED', 'Expected room in the queue of work.')
		: fail('MALFORMED', "Expected a recipient's key that can be computed with.");
}

const oaepHash = 'sha256';
