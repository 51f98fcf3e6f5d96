import {randomBytes} from 'node:crypto';
import {demandValue, SallyportError} from '../../base/error.js';
import type {CmsProvider, ContentCipher} from '../../trusted/smime/cms-provider.js';
import type {HashName} from '../../trusted/smime/hash-algorithm.js';
import type {PrivateKeyOperations, SignatureScheme} from '../../trusted/smime/private-key-operations.js';
import {signatureDigests} from '../../trusted/smime/signature-digests.js';
import type {MimeEntity} from '../../wire/mime/entity.js';
import {type MicAlgorithm, writeMultipartSigned, writePkcs7Mime} from '../../wire/mime/smime-entity.js';

/** How it is written: `base64` for mail and terminals, `binary` as SIP carries it. */
export type Encoding = {readonly base64: boolean};

/**
 * Signs the octets of an entity, with the first key. Rejects with `SallyportError` and the code of what the provider says, such as
 * NOT_CAPABLE.
 */
export async function signEntity(
	content: Uint8Array,
	{provider, privateKeys}: {readonly provider: CmsProvider; readonly privateKeys: PrivateKeyOperations},
	how: Encoding & {readonly form: 'multipart-signed' | 'signed-data'; readonly scheme?: string; readonly nowMs: number},
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

	const detached = how.form === 'multipart-signed';
	const signed = demandValue(
		await provider.sign({
			content,
			keyId: key.keyId,
			signingTimeMs: how.nowMs,
			detached,
			...(scheme !== undefined && {scheme}),
		}),
	);
	if (!detached) {
		return writePkcs7Mime(signed, 'signed-data', how);
	}

	const [digest = 'sha256'] = demandValue(signatureDigests(signed));
	const boundary = `sallyport-${randomBytes(12).toString('hex')}`;
	return writeMultipartSigned(content, signed, {micAlgorithm: micAlgorithms[digest], boundary}, how);
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

const micAlgorithms: Readonly<Record<HashName, MicAlgorithm>> = {
	sha256: 'sha-256',
	sha384: 'sha-384',
	sha512: 'sha-512',
};
