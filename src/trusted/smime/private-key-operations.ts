import type {CodedFailure, Result} from '../../base/result.js';

/** Signature schemes that we make and accept (RFC 8551 §2.2, RFC 5754, RFC 8419). */
export type SignatureScheme =
	| 'ecdsa-sha256'
	| 'ecdsa-sha384'
	| 'ecdsa-sha512'
	| 'ed25519'
	| 'rsa-pss-sha256'
	| 'rsa-pss-sha384'
	| 'rsa-pss-sha512'
	| 'rsa-pkcs1-sha256'
	| 'rsa-pkcs1-sha384'
	| 'rsa-pkcs1-sha512';

/** What old peers sign with: verified where a policy permits it, never made. */
export type LegacySignatureScheme = 'ecdsa-sha1' | 'rsa-pkcs1-sha1';

/** What is public about a private key. */
export type PrivateKeyDescription = {
	/** Stable name: lower-case hexadecimal SHA-256 of the certificate. */
	readonly keyId: string;
	/** DER of the certificate that goes with it. */
	readonly certificate: Uint8Array;
	/** DER of the intermediate certificates to send along, nearest first. */
	readonly chain: readonly Uint8Array[];
	readonly algorithm: 'p-256' | 'p-384' | 'p-521' | 'x25519' | 'ed25519' | 'rsa';
};

/** `OVERLOADED` is apart from `OPERATION_FAILED` because it says nothing about the input: the caller may try again. */
export type PrivateKeyFailure = CodedFailure<'UNKNOWN_KEY' | 'WRONG_ALGORITHM' | 'OPERATION_FAILED' | 'OVERLOADED'>;

/**
 * The only door to private keys. Every input has a fixed or small bounded size, so that the code behind this
 * interface needs no parser of strangers' structures and can move to a process of its own.
 */
export interface PrivateKeyOperations {
	readonly keys: readonly PrivateKeyDescription[];

	/** ECDH (RFC 5753) or X25519 (RFC 8418): the shared secret with a public point (uncompressed, 65 to 133 octets) or 32 octets. */
	agree(keyId: string, peerPublicKey: Uint8Array): Promise<Result<Uint8Array, PrivateKeyFailure>>;

	/**
	 * RSAES-OAEP (RFC 3560) with the named hash for OAEP and MGF1, or RSAES-PKCS1-v1_5 (RFC 8017 §7.2) where the arithmetic
	 * under it rejects implicitly; `encryptedKey` has the length of the modulus.
	 */
	decrypt(
		keyId: string,
		padding: 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'pkcs1',
		encryptedKey: Uint8Array,
	): Promise<Result<Uint8Array, PrivateKeyFailure>>;

	/** Signs at most 4096 octets: the DER of the signed attributes (RFC 5652 §5.4). ECDSA signatures are DER. */
	sign(
		keyId: string,
		scheme: SignatureScheme,
		signedAttributes: Uint8Array,
	): Promise<Result<Uint8Array, PrivateKeyFailure>>;
}
