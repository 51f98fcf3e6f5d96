import type {CipherGCMTypes} from 'node:crypto';
import {createCipheriv, createDecipheriv, createHash, randomBytes} from 'node:crypto';
import type {Result} from '../../base/result.js';
import {ok} from '../../base/result.js';
import type {ArithmeticFailure, CmsArithmetic, KeyAgreementArithmetic} from './cms-arithmetic.js';
import type {CmsProvider} from './cms-provider.js';
import type {CipherParameters, OpenedCipher} from './content-cipher.js';
import {blockBytesOf, gcmTagBytes, isAuthenticated, padBlocks, unpadBlocks} from './content-cipher.js';
import type {CryptoPool} from './crypto-pool.js';
import type {HashName, KeyHashName} from './hash-algorithm.js';
import {hasImplicitRejection} from './implicit-rejection.js';
import type {AgreementKind, KeyWrap} from './key-agree.js';
import {deriveKey} from './key-derivation.js';
import type {PublicKey} from './public-key.js';
import type {SignatureAlgorithm} from './signature-algorithm.js';

/**
 * OpenSSL's EVP through `node:crypto`. Public-key work goes to the pool; hashes and AES over bodies of at most some
 * hundred kilobytes are done in place, for the way to a thread and back costs more than they do.
 */
export class OpenSslArithmetic implements CmsArithmetic {
	readonly capabilities = capabilities;
	readonly keyAgreement: KeyAgreementArithmetic;
	readonly #pool: CryptoPool;

	constructor(pool: CryptoPool) {
		this.#pool = pool;
		this.keyAgreement = {
			agreeEphemeral: (kind, peerPublicKey) => this.#agreeEphemeral(kind, peerPublicKey),
			deriveKey,
			wrapKey,
			unwrapKey,
		};
	}

	randomBytes(count: number): Uint8Array {
		return new Uint8Array(randomBytes(count));
	}

	digest(hash: KeyHashName, content: Uint8Array): Uint8Array {
		return new Uint8Array(createHash(hash).update(content).digest());
	}

	async verify(
		key: PublicKey,
		{scheme, saltLength}: SignatureAlgorithm,
		data: Uint8Array,
		signature: Uint8Array,
	): Promise<Result<boolean, ArithmeticFailure>> {
		const result = await this.#pool.run({do: 'verify', key, scheme, saltLength, data, signature});
		return result.ok ? ok(result.value.length === 1) : result;
	}

	async encryptOaep(key: PublicKey, hash: HashName, data: Uint8Array): Promise<Result<Uint8Array, ArithmeticFailure>> {
		const result = await this.#pool.run({do: 'encrypt-oaep', key, hash, data});
		return result.ok ? ok(result.value[0] ?? new Uint8Array()) : result;
	}

	encryptContent(
		{cipher, iv}: CipherParameters,
		key: Uint8Array,
		content: Uint8Array,
	): {readonly encryptedContent: Uint8Array; readonly tag: Uint8Array} {
		if (isAuthenticated(cipher)) {
			const gcm = createCipheriv(nodeName(cipher) as CipherGCMTypes, key, iv, {authTagLength: gcmTagBytes});
			const encryptedContent = Buffer.concat([gcm.update(content), gcm.final()]);
			return {encryptedContent, tag: gcm.getAuthTag()};
		}

		const cbc = createCipheriv(nodeName(cipher), key, iv).setAutoPadding(false);
		return {encryptedContent: Buffer.concat([cbc.update(padBlocks(content)), cbc.final()]), tag: new Uint8Array()};
	}

	decryptContent(
		{cipher, iv}: CipherParameters,
		key: Uint8Array,
		sealed: {
			readonly encryptedContent: Uint8Array;
			readonly additionalData: Uint8Array;
			readonly tag: Uint8Array;
		},
	): Uint8Array | undefined {
		try {
			if (isAuthenticated(cipher)) {
				const gcm = createDecipheriv(nodeName(cipher) as CipherGCMTypes, key, iv, {authTagLength: gcmTagBytes});
				gcm.setAuthTag(sealed.tag).setAAD(sealed.additionalData);
				return new Uint8Array(Buffer.concat([gcm.update(sealed.encryptedContent), gcm.final()]));
			}

			const cbc = createDecipheriv(nodeName(cipher), key, iv).setAutoPadding(false);
			return unpadBlocks(
				new Uint8Array(Buffer.concat([cbc.update(sealed.encryptedContent), cbc.final()])),
				blockBytesOf(cipher),
			);
		} catch {
			return undefined;
		}
	}

	close(): Promise<void> {
		return this.#pool.close();
	}

	async #agreeEphemeral(
		kind: AgreementKind,
		peerPublicKey: Uint8Array,
	): Promise<Result<{readonly publicKey: Uint8Array; readonly sharedSecret: Uint8Array}, ArithmeticFailure>> {
		const result = await this.#pool.run({do: 'agree-ephemeral', kind, peerPublicKey});
		if (!result.ok) {
			return result;
		}

		const [publicKey = new Uint8Array(), sharedSecret = new Uint8Array()] = result.value;
		return ok({publicKey, sharedSecret});
	}
}

function wrapKey(wrappingKey: Uint8Array, key: Uint8Array): Uint8Array {
	const cipher = createCipheriv(wrapName(wrappingKey), wrappingKey, wrapInitialValue);
	return new Uint8Array(Buffer.concat([cipher.update(key), cipher.final()]));
}

function unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array, wrap: KeyWrap): Uint8Array | undefined {
	try {
		const decipher =
			wrap === '3des'
				? createDecipheriv('des3-wrap', wrappingKey, null)
				: createDecipheriv(wrapName(wrappingKey), wrappingKey, wrapInitialValue);
		return new Uint8Array(Buffer.concat([decipher.update(wrapped), decipher.final()]));
	} catch {
		return undefined;
	}
}

function wrapName(wrappingKey: Uint8Array): string {
	return `id-aes${wrappingKey.length * 8}-wrap`;
}

function nodeName(cipher: OpenedCipher): string {
	return cipher === '3DES-CBC' ? 'des-ede3-cbc' : cipher.toLowerCase();
}

/** RFC 3394 §2.2.3.1. */
const wrapInitialValue = Buffer.alloc(8, 0xa6);

const capabilities: CmsProvider['capabilities'] = {
	ciphers: ['AES-128-GCM', 'AES-256-GCM', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC'],
	schemes: [
		'ecdsa-sha256',
		'ecdsa-sha384',
		'ecdsa-sha512',
		'ed25519',
		'rsa-pss-sha256',
		'rsa-pss-sha384',
		'rsa-pss-sha512',
		'rsa-pkcs1-sha256',
		'rsa-pkcs1-sha384',
		'rsa-pkcs1-sha512',
	],
	recipientAlgorithms: ['p-256', 'p-384', 'p-521', 'x25519', 'rsa-oaep'],
	legacy: ['sha1-signatures', '3des', ...(hasImplicitRejection ? (['rsa-pkcs1-key-transport'] as const) : [])],
};
