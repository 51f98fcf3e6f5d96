import {demandValue, SallyportError} from '../../base/error.js';
import type {CmsProvider, ContentCipher} from '../../trusted/smime/cms-provider.js';
import type {PrivateKeyOperations, SignatureScheme} from '../../trusted/smime/private-key-operations.js';
import {type SignedForm, writeSignedEntity} from '../../trusted/smime/signed-entity.js';
import type {MimeEntity} from '../../wire/mime/entity.js';
import {writePkcs7Mime} from '../../wire/mime/smime-entity.js';

/** How it is written: `base64` for mail and terminals, `binary` as SIP carries it. */
export type Encoding = {readonly base64: boolean};

/**
 * Signs the octets of an entity, with the first key. Rejects with `SallyportError` and the code of what the provider says, such as
 * NOT_CAPABLE.
 */
export async function signEntity(
	content: Uint8Array,
	{provider, privateKeys}: {readonly provider: CmsProvider; readonly privateKeys: PrivateKeyOperations},
	how: Encoding & {readonly form: SignedForm; readonly scheme?: string; readonly nowMs: number},
): Promise<MimeEntity> {
	const [key] = privateKeys.keys;
	if (key === undefined) {
		throw new SallyportError('SMIME_ARGUMENTS', 'Expected --key with the key to sign with.');
	}

	const scheme = provider.capabilities.schemes.find((candidate) => candidate === how.scheme);
	if (how.scheme !== undefined && scheme === undefined) {
		const known: readonly SignatureScheme[] = provider.capabilities.schemes;
		throw new SallyportError('SMIME_ARGUMENTS', `Expected one of ${known.join(', ')} for --scheme.`);
	}

	const signed = demandValue(
		await provider.sign({
			content,
			keyId: key.keyId,
			signingTimeMs: how.nowMs,
			detached: how.form === 'multipart-signed',
			...(scheme !== undefined && {scheme}),
		}),
	);
	return writeSignedEntity(content, signed, how.form, how);
}

/** Encrypts the octets of an entity for recipients. Rejects as `signEntity` does. */
export async function encryptEntity(
	content: Uint8Array,
	provider: CmsProvider,
	recipients: readonly Uint8Array[],
	how: Encoding & {readonly cipher?: string},
): Promise<MimeEntity> {
	const {ciphers} = provider.capabilities;
	const cipher = ciphers.find((candidate) => candidate === (how.cipher ?? ciphers[0])?.toUpperCase());
	if (cipher === undefined) {
		throw new SallyportError('SMIME_ARGUMENTS', `Expected one of ${ciphers.join(', ')} for --cipher.`);
	}

	if (recipients.length === 0 || recipients.length > 100) {
		throw new SallyportError('SMIME_ARGUMENTS', 'Expected --to with certificates of one to 100 recipients.');
	}

	const sealed = demandValue(await provider.encrypt({content, recipients, cipher: cipher satisfies ContentCipher}));
	return writePkcs7Mime(sealed, cipher.endsWith('GCM') ? 'authEnveloped-data' : 'enveloped-data', how);
}
