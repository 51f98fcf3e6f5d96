import type {CodedFailure, Result} from '../../base/result.js';
import type {CmsProvider} from './cms-provider.js';
import type {CipherParameters} from './content-cipher.js';
import type {HashName, KeyHashName} from './hash-algorithm.js';
import type {AgreementKind, KeyDerivation, KeyWrap} from './key-agree.js';
import type {PublicKey} from './public-key.js';
import type {SignatureAlgorithm} from './signature-algorithm.js';

export type ArithmeticFailure = CodedFailure<'OVERLOADED' | 'OPERATION_FAILED'>;

/**
 * The arithmetic under CMS: everything that needs no private key. Its inputs have been read and judged: it sees
 * numbers, never a stranger's structures.
 */
export interface CmsArithmetic {
	readonly capabilities: CmsProvider['capabilities'];
	/** Undefined where there are no elliptic curves. */
	readonly keyAgreement: KeyAgreementArithmetic | undefined;

	randomBytes(count: number): Uint8Array;
	digest(hash: KeyHashName, content: Uint8Array): Uint8Array;

	/** False for a signature that does not verify, whatever is wrong with it. */
	verify(
		key: PublicKey,
		algorithm: SignatureAlgorithm,
		signedAttributes: Uint8Array,
		signature: Uint8Array,
	): Promise<Result<boolean, ArithmeticFailure>>;

	/** RSAES-OAEP with one hash for OAEP and MGF1. */
	encryptOaep(key: PublicKey, hash: HashName, contentKey: Uint8Array): Promise<Result<Uint8Array, ArithmeticFailure>>;

	/** CBC pads; its tag is empty. */
	encryptContent(
		parameters: CipherParameters,
		key: Uint8Array,
		content: Uint8Array,
	): {readonly encryptedContent: Uint8Array; readonly tag: Uint8Array};

	/** Undefined when tag or padding are wrong. GCM gives nothing out before the tag was checked. */
	decryptContent(
		parameters: CipherParameters,
		key: Uint8Array,
		sealed: {
			readonly encryptedContent: Uint8Array;
			readonly additionalData: Uint8Array;
			readonly tag: Uint8Array;
		},
	): Uint8Array | undefined;

	close(): Promise<void>;
}

export interface KeyAgreementArithmetic {
	/** Makes an ephemeral key and agrees with `peerPublicKey`. */
	agreeEphemeral(
		kind: AgreementKind,
		peerPublicKey: Uint8Array,
	): Promise<Result<{readonly publicKey: Uint8Array; readonly sharedSecret: Uint8Array}, ArithmeticFailure>>;
	deriveKey(derivation: KeyDerivation, sharedSecret: Uint8Array): Uint8Array;
	/** AES key wrap (RFC 3394). */
	wrapKey(wrappingKey: Uint8Array, key: Uint8Array): Uint8Array;
	/** Undefined when the integrity check fails. */
	unwrapKey(wrappingKey: Uint8Array, wrapped: Uint8Array, wrap: KeyWrap): Uint8Array | undefined;
}
