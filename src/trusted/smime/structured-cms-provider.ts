import {SallyportError} from '../../base/error.js';
import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import {derAuthEnvelopedData} from './auth-enveloped-data.js';
import type {CertificateFacts} from './certificate.js';
import {readCertificate} from './certificate.js';
import {certificateFingerprint} from './certificate-fingerprint.js';
import type {CmsArithmetic} from './cms-arithmetic.js';
import type {
	CmsFailure,
	CmsPermissions,
	CmsProvider,
	Decrypted,
	EncryptRequest,
	IdentifiedBy,
	SignRequest,
	Verified,
	VerifiedSigner,
} from './cms-provider.js';
import type {OpenedCipher} from './content-cipher.js';
import {contentKeyBytes, isAuthenticated, ivBytes} from './content-cipher.js';
import {recoverContentKey, sealContentKey} from './content-key.js';
import {derEnvelopedData} from './enveloped-data.js';
import {derHashAlgorithm} from './hash-algorithm.js';
import {isNamedBy} from './key-identifier.js';
import {LegacyAlgorithms} from './legacy-algorithm.js';
import type {PrivateKeyOperations, SignatureScheme} from './private-key-operations.js';
import {judgePublicKey} from './public-key.js';
import {readEnvelope} from './read-envelope.js';
import type {KeyRecovery, OwnKey} from './recipient-info.js';
import {findKeyRecovery} from './recipient-info.js';
import {attempt, readStructure} from './refusal.js';
import type {SignatureAlgorithm} from './signature-algorithm.js';
import {
	derSignatureAlgorithm,
	hashOfScheme,
	isLegacyScheme,
	isSchemeForKey,
	naturalScheme,
} from './signature-algorithm.js';
import {derSignedAttributes} from './signed-attributes.js';
import type {SignerInfo, SignerParts} from './signed-data.js';
import {derSignedData, readSignedData} from './signed-data.js';
import {derSigningCertificate, type SigningCertificate} from './signing-certificate.js';
import {preferredCiphers} from './smime-capabilities.js';

/**
 * CMS over any arithmetic: structures are read and written here, by one list of what may pass; numbers are worked out
 * behind `CmsArithmetic` and `PrivateKeyOperations`.
 */
export class StructuredCmsProvider implements CmsProvider {
	readonly name: 'openssl' | 'forge';
	readonly capabilities: CmsProvider['capabilities'];
	readonly #arithmetic: CmsArithmetic;
	readonly #privateKeys: PrivateKeyOperations;
	readonly #ownKeys: readonly OwnKey[];

	constructor(name: 'openssl' | 'forge', arithmetic: CmsArithmetic, privateKeys: PrivateKeyOperations) {
		this.name = name;
		this.capabilities = arithmetic.capabilities;
		this.#arithmetic = arithmetic;
		this.#privateKeys = privateKeys;
		this.#ownKeys = privateKeys.keys.map((description) => {
			const read = readCertificate(description.certificate);
			if (!read.ok) {
				throw new SallyportError('BAD_CERTIFICATE', read.failure.message);
			}

			return {description, certificate: read.value};
		});
	}

	async sign(request: SignRequest): Promise<Result<Uint8Array, CmsFailure>> {
		const {content, detached, furtherSigners = []} = request;
		if (furtherSigners.length >= maxSigners) {
			throw new RangeError(`Expected at most ${maxSigners} signers, got ${furtherSigners.length + 1}.`);
		}

		const signers: SignerParts[] = [];
		const certificates = new Map<string, Uint8Array>();
		for (const signer of [request, ...furtherSigners]) {
			const own = this.#ownKeys.find(({description}) => description.keyId === signer.keyId);
			const parts = await this.#signAs(own, signer.scheme, request);
			if (!parts.ok) {
				return parts;
			}

			signers.push(parts.value);
			for (const der of [parts.value.certificate.der, ...(own?.description.chain ?? [])]) {
				certificates.set(certificateFingerprint(der), der);
			}
		}

		return ok(
			derSignedData({content: detached ? undefined : content, certificates: [...certificates.values()], signers}),
		);
	}

	async verify(
		contentInfo: Uint8Array,
		detachedContent?: Uint8Array,
		permissions?: CmsPermissions,
	): Promise<Result<Verified, CmsFailure>> {
		const legacy = new LegacyAlgorithms(permissions);
		const signedData = readStructure(contentInfo, 'ber', (root) => readSignedData(root, legacy));
		if (!signedData.ok) {
			return signedData;
		}

		const {signers, certificates} = signedData.value;
		const content = signedData.value.content ?? detachedContent;
		if (content === undefined || (signedData.value.content !== undefined && detachedContent !== undefined)) {
			return fail('MALFORMED', 'Expected the content either inside the message or beside it.');
		}

		const facts: CertificateFacts[] = [];
		for (const der of certificates) {
			const read = readCertificate(der);
			if (!read.ok) {
				return read;
			}
			facts.push(read.value);
		}

		const outcomes = await Promise.all(signers.map((signer) => this.#verifySigner(signer, facts, content)));
		const verified: VerifiedSigner[] = [];
		for (const outcome of outcomes) {
			if (!outcome.ok) {
				return outcome;
			}
			verified.push(outcome.value);
		}

		return ok({content, signers: verified, certificates, legacy: legacy.met});
	}

	async encrypt(request: EncryptRequest): Promise<Result<Uint8Array, CmsFailure>> {
		const {cipher, recipients, content, identifiedBy = 'issuer-and-serial'} = request;
		if (recipients.length < 1 || recipients.length > maxRecipients) {
			throw new RangeError(`Expected 1 to ${maxRecipients} recipients, got ${recipients.length}.`);
		}
		if (!this.capabilities.ciphers.includes(cipher)) {
			return fail('NOT_CAPABLE', `Expected a cipher that ${this.name} has, got ${cipher}.`);
		}

		const contentKey = this.#arithmetic.randomBytes(contentKeyBytes[cipher]);
		const outcomes = await Promise.all(recipients.map((der) => this.#sealFor(der, contentKey, identifiedBy)));
		const infos: Uint8Array[] = [];
		for (const outcome of outcomes) {
			if (!outcome.ok) {
				return outcome;
			}
			infos.push(outcome.value);
		}

		const parameters = {cipher, iv: this.#arithmetic.randomBytes(ivBytes(cipher))};
		const {encryptedContent, tag} = this.#arithmetic.encryptContent(parameters, contentKey, content);
		contentKey.fill(0);
		return ok(
			isAuthenticated(cipher)
				? derAuthEnvelopedData(infos, parameters, encryptedContent, tag)
				: derEnvelopedData(infos, parameters, encryptedContent),
		);
	}

	/**
	 * Once a recipient is ours, everything goes the whole way: a content key that cannot be unwrapped gives way to a
	 * random one, so that a bad key, a bad tag and bad padding take the same steps and give the same failure.
	 */
	async decrypt(contentInfo: Uint8Array, permissions?: CmsPermissions): Promise<Result<Decrypted, CmsFailure>> {
		const legacy = new LegacyAlgorithms(permissions);
		const envelope = readStructure(contentInfo, 'ber', (root) => readEnvelope(root, legacy));
		if (!envelope.ok) {
			return envelope;
		}

		const {parameters, recipients} = envelope.value;
		const {cipher} = parameters;
		const recovery = findKeyRecovery(recipients, this.#ownKeys, legacy);
		if (!recovery.ok) {
			return recovery;
		}
		if (!this.#isCapable(cipher) || !this.#canRecover(recovery.value)) {
			return fail('NOT_CAPABLE', `Expected a cipher and a key that ${this.name} can work with, got ${cipher}.`);
		}

		const bytes = contentKeyBytes[cipher];
		const recovered = await recoverContentKey(recovery.value, bytes, this.#arithmetic, this.#privateKeys);
		if (!recovered.ok) {
			return recovered;
		}

		const {contentKey, isGenuine} = recovered.value;
		const content = this.#arithmetic.decryptContent(parameters, contentKey, envelope.value);
		contentKey.fill(0);
		return content === undefined || !isGenuine
			? fail('DECRYPTION_FAILED', 'Expected a content key and content that decrypt.')
			: ok({
					content,
					cipher,
					keyId: recovery.value.keyId,
					authenticated: isAuthenticated(cipher),
					legacy: legacy.met,
				});
	}

	close(): Promise<void> {
		return this.#arithmetic.close();
	}

	#isCapable(cipher: OpenedCipher): boolean {
		const {ciphers, legacy} = this.capabilities;
		return cipher === '3DES-CBC' ? legacy.includes('3des') : ciphers.includes(cipher);
	}

	#canRecover(recovery: KeyRecovery): boolean {
		if (recovery.by === 'key-agreement') {
			return this.#arithmetic.keyAgreement !== undefined;
		}

		return recovery.padding !== 'pkcs1' || this.capabilities.legacy.includes('rsa-pkcs1-key-transport');
	}

	#isCapableOf(scheme: SignatureAlgorithm['scheme']): boolean {
		const {schemes, legacy} = this.capabilities;
		return isLegacyScheme(scheme) ? legacy.includes('sha1-signatures') : schemes.includes(scheme);
	}

	async #signAs(
		own: OwnKey | undefined,
		wish: SignatureScheme | undefined,
		request: SignRequest,
	): Promise<Result<SignerParts, CmsFailure>> {
		const scheme = wish ?? (own && naturalScheme(own.description.algorithm));
		if (own === undefined || scheme === undefined || !isSchemeForKey(scheme, own.description.algorithm)) {
			return fail('NOT_CAPABLE', 'Expected a key of ours and a scheme that it can sign with.');
		}
		if (!this.capabilities.schemes.includes(scheme)) {
			return fail('NOT_CAPABLE', `Expected a scheme that ${this.name} has, got ${scheme}.`);
		}

		const hash = hashOfScheme(scheme);
		const digestAlgorithm = derHashAlgorithm(hash);
		const signatureAlgorithm = derSignatureAlgorithm(scheme);
		const signedAttributes = derSignedAttributes({
			messageDigest: this.#arithmetic.digest(hash, request.content),
			signingTimeMs: request.signingTimeMs,
			digestAlgorithm,
			signatureAlgorithm,
			signingCertificate: derSigningCertificate(
				own.certificate,
				this.#arithmetic.digest('sha256', own.certificate.der),
			),
			capabilities: preferredCiphers.filter((cipher) => this.#isCapable(cipher)),
		});
		const signature = await this.#privateKeys.sign(own.description.keyId, scheme, signedAttributes);
		if (!signature.ok) {
			return fail(signature.failure.code === 'OVERLOADED' ? 'OVERLOADED' : 'NOT_CAPABLE', signature.failure.message);
		}

		const {identifiedBy = 'issuer-and-serial'} = request;
		return ok({
			certificate: own.certificate,
			identifiedBy,
			digestAlgorithm,
			signatureAlgorithm,
			signedAttributes,
			signature: signature.value,
		});
	}

	async #verifySigner(
		signer: SignerInfo,
		certificates: readonly CertificateFacts[],
		content: Uint8Array,
	): Promise<Result<VerifiedSigner, CmsFailure>> {
		const named = certificates.filter((candidate) => isNamedBy(candidate, signer.identifier));
		if (named.length === 0) {
			return fail('NO_SIGNER_CERTIFICATE', "Expected the signer's certificate in the message.");
		}

		const {algorithm, attributes, digest} = signer;
		const {signingCertificate} = attributes;
		const certificate = named.find((candidate) => !signingCertificate || this.#isMeant(candidate, signingCertificate));
		if (certificate === undefined) {
			return fail('BAD_SIGNATURE', 'Expected the certificate that the signing-certificate attribute names (RFC 5035).');
		}

		const key = attempt(() => judgePublicKey(certificate.publicKey));
		if (!key.ok) {
			return key;
		}
		if (!isSchemeForKey(algorithm.scheme, key.value.kind)) {
			return fail('UNSUPPORTED', `Expected a key for ${algorithm.scheme}, got ${key.value.kind}.`);
		}
		if (!this.#isCapableOf(algorithm.scheme)) {
			return fail('NOT_CAPABLE', `Expected a scheme that ${this.name} has, got ${algorithm.scheme}.`);
		}
		if (Buffer.compare(this.#arithmetic.digest(digest, content), attributes.messageDigest) !== 0) {
			return fail('BAD_SIGNATURE', 'Expected the digest of the content in the message-digest attribute.');
		}

		const isGood = await this.#arithmetic.verify(key.value, algorithm, attributes.toBeSigned, signer.signature);
		if (!isGood.ok) {
			return fail('OVERLOADED', isGood.failure.message);
		}

		const {messageDigest, signingTimeMs, capabilities} = attributes;
		return isGood.value
			? ok({
					certificate: certificate.der,
					scheme: algorithm.scheme,
					signingTimeMs,
					messageDigest,
					capabilities,
				})
			: fail('BAD_SIGNATURE', 'Expected a signature that verifies.');
	}

	/** A certificate of the same key that was put in the place of the one that was signed with is not taken. */
	#isMeant({der, serialNumber: serial}: CertificateFacts, {hash, digest, serialNumber}: SigningCertificate): boolean {
		return (
			Buffer.compare(this.#arithmetic.digest(hash, der), digest) === 0 &&
			(serialNumber === undefined || Buffer.compare(serial, serialNumber) === 0)
		);
	}

	async #sealFor(
		der: Uint8Array,
		contentKey: Uint8Array,
		identifiedBy: IdentifiedBy,
	): Promise<Result<Uint8Array, CmsFailure>> {
		const certificate = readCertificate(der);
		if (!certificate.ok) {
			return certificate;
		}

		const key = attempt(() => judgePublicKey(certificate.value.publicKey));
		return key.ok ? sealContentKey(contentKey, certificate.value, key.value, identifiedBy, this.#arithmetic) : key;
	}
}

const maxRecipients = 100;
const maxSigners = 16;
