import type {CodedFailure, Result} from '../../base/result.js';
import type {LegacySignatureScheme, SignatureScheme} from './private-key-operations.js';

export type ContentCipher = 'AES-128-GCM' | 'AES-256-GCM' | 'AES-128-CBC' | 'AES-192-CBC' | 'AES-256-CBC';

/** What old peers send and we never write: taken only where a policy names the peer. */
export type LegacyAlgorithm =
	/** ECDSA and RSA PKCS#1 v1.5 with SHA-1 (RFC 8551 §B.2). */
	| 'sha1-signatures'
	/** 3DES-CBC for the content, and its key wrap (RFC 3217 §3). */
	| '3des'
	/** RSA PKCS#1 v1.5 for the content key (RFC 8017 §7.2); only with the implicit rejection of OpenSSL 3.2. */
	| 'rsa-pkcs1-key-transport';

/** What one opening may take beyond the list of what passes for everybody. */
export type CmsPermissions = {
	/** @default none */
	readonly legacy?: readonly LegacyAlgorithm[];
};

/** Why a CMS structure was not opened or made. What the network hears is one face for all (DESIGN §3.3). */
export type CmsFailureCode =
	/** Not DER or BER as RFC 5652 lays it out, or over a bound of size, depth or count. */
	| 'MALFORMED'
	/** A type, algorithm or parameter outside the list of what may pass. */
	| 'UNSUPPORTED'
	/** An algorithm that policy must name a peer for (`LegacyAlgorithm`), or one that nobody may permit: MD5, RC2, DES, RSA below 2048 bits. */
	| 'WEAK'
	/** None of the recipients is one of our keys. */
	| 'NOT_FOR_US'
	/** Key unwrapping, tag or padding did not come out right. */
	| 'DECRYPTION_FAILED'
	/** message-digest attribute and content disagree, or the signature does not verify. */
	| 'BAD_SIGNATURE'
	/** Signed attributes missing, doubled or wrong (RFC 5652 §11). */
	| 'BAD_ATTRIBUTES'
	/** The signer's certificate is not in the message and not known. */
	| 'NO_SIGNER_CERTIFICATE'
	/** The provider cannot do this; said at configuration time wherever it can be. */
	| 'NOT_CAPABLE'
	/** The queue of work is full. */
	| 'OVERLOADED';

export type CmsFailure = CodedFailure<CmsFailureCode>;

/** The two ways in which CMS names whose key it means (RFC 5652 §5.3, §6.2). */
export type IdentifiedBy = 'issuer-and-serial' | 'subject-key-identifier';

export type SignRequest = {
	readonly content: Uint8Array;
	/** Key that signs; its certificate and chain are put in. */
	readonly keyId: string;
	/** More keys that sign the same content, each a SignerInfo of its own. @default none */
	readonly furtherSigners?: readonly {readonly keyId: string; readonly scheme?: SignatureScheme}[];
	/** How a SignerInfo names its certificate; one without a subject key identifier is named by issuer and serial. @default 'issuer-and-serial' */
	readonly identifiedBy?: IdentifiedBy;
	/** Absent: the natural scheme of the key (ECDSA with the hash of the curve's size, Ed25519, RSA PKCS#1 v1.5 with SHA-256). */
	readonly scheme?: SignatureScheme;
	/** Milliseconds since 1970; written as signing-time. */
	readonly signingTimeMs: number;
	/** True leaves the content out (multipart/signed). */
	readonly detached: boolean;
};

export type EncryptRequest = {
	readonly content: Uint8Array;
	/** DER certificates of one to 100 recipients; each must have P-256, P-384, P-521, X25519 or RSA (OAEP). */
	readonly recipients: readonly Uint8Array[];
	readonly cipher: ContentCipher;
	/** How recipients are named; one without a subject key identifier is named by issuer and serial. @default 'issuer-and-serial' */
	readonly identifiedBy?: IdentifiedBy;
};

export type Decrypted = {
	readonly content: Uint8Array;
	readonly cipher: ContentCipher | '3DES-CBC';
	readonly keyId: string;
	/** False for CBC: nothing of `content` may be used before a signature inside it has verified. */
	readonly authenticated: boolean;
	/** What of `CmsPermissions` it took. */
	readonly legacy: readonly LegacyAlgorithm[];
};

/** One SignerInfo whose signature verified. Whether its certificate means anything is not said here. */
export type VerifiedSigner = {
	readonly certificate: Uint8Array;
	readonly scheme: SignatureScheme | LegacySignatureScheme;
	/** Undefined where the attribute is absent. */
	readonly signingTimeMs: number | undefined;
	/** Value of the message-digest attribute. */
	readonly messageDigest: Uint8Array;
	/** Content ciphers of its SMIMECapabilities (RFC 8551 §2.5.2), best first; undefined where the attribute is absent. */
	readonly capabilities: readonly ContentCipher[] | undefined;
};

export type Verified = {
	/** The signed octets. */
	readonly content: Uint8Array;
	/** At least one; every SignerInfo of the message verified, or the message is refused. */
	readonly signers: readonly VerifiedSigner[];
	/** All certificates that came along, DER. */
	readonly certificates: readonly Uint8Array[];
	/** What of `CmsPermissions` it took. */
	readonly legacy: readonly LegacyAlgorithm[];
};

/** Reads and writes CMS (RFC 5652, 5083). Implementations: `openssl` (node:crypto) and `forge`. */
export interface CmsProvider {
	readonly name: 'openssl' | 'forge';
	readonly capabilities: {
		readonly ciphers: readonly ContentCipher[];
		readonly schemes: readonly SignatureScheme[];
		readonly recipientAlgorithms: readonly ('p-256' | 'p-384' | 'p-521' | 'x25519' | 'rsa-oaep')[];
		/** What a policy may permit; all else would be refused with `NOT_CAPABLE`. */
		readonly legacy: readonly LegacyAlgorithm[];
	};

	/** DER ContentInfo with SignedData. */
	sign(request: SignRequest): Promise<Result<Uint8Array, CmsFailure>>;
	/** DER ContentInfo with AuthEnvelopedData (GCM) or EnvelopedData (CBC). */
	encrypt(request: EncryptRequest): Promise<Result<Uint8Array, CmsFailure>>;
	decrypt(contentInfo: Uint8Array, permissions?: CmsPermissions): Promise<Result<Decrypted, CmsFailure>>;
	/** `detachedContent` for multipart/signed: the octets of the first part in canonical form. */
	verify(
		contentInfo: Uint8Array,
		detachedContent?: Uint8Array,
		permissions?: CmsPermissions,
	): Promise<Result<Verified, CmsFailure>>;
	close(): Promise<void>;
}
