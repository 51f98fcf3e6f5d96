import forge from 'node-forge';
import {SallyportError} from '../../base/error.js';
import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import {certificateFingerprint} from './certificate-fingerprint.js';
import {forgeDigest, fromForge, oaepOptions, pssScheme, toForge} from './forge-arithmetic.js';
import {hashBytes} from './hash-algorithm.js';
import type {KeyPadding} from './key-transport.js';
import type {PemKeyPair} from './pem-key-pair.js';
import {readCertificateChain} from './pem-key-pair.js';
import type {
	PrivateKeyDescription,
	PrivateKeyFailure,
	PrivateKeyOperations,
	SignatureScheme,
} from './private-key-operations.js';
import {hashOfScheme} from './signature-algorithm.js';

/** RSA keys in node-forge, in JavaScript's memory. */
export class ForgePrivateKeys implements PrivateKeyOperations {
	readonly keys: readonly PrivateKeyDescription[];
	readonly #privateKeys: ReadonlyMap<string, forge.pki.rsa.PrivateKey>;

	/** Throws `SallyportError`: `BAD_CERTIFICATE`, `BAD_PRIVATE_KEY`, `KEY_MISMATCH`, and `NOT_CAPABLE` for other keys than RSA. */
	static fromPem(pairs: readonly PemKeyPair[]): ForgePrivateKeys {
		return new ForgePrivateKeys(pairs.map(readPair));
	}

	private constructor(entries: readonly KeyEntry[]) {
		this.keys = entries.map(({description}) => description);
		this.#privateKeys = new Map(entries.map(({description, key}) => [description.keyId, key]));
	}

	async agree(): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		return fail('WRONG_ALGORITHM', 'Expected a provider with elliptic curves, got forge.');
	}

	async decrypt(
		keyId: string,
		padding: KeyPadding,
		encryptedKey: Uint8Array,
	): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		if (padding === 'pkcs1') {
			return fail('WRONG_ALGORITHM', 'Expected a provider that rejects implicitly, got forge.');
		}

		return this.#use(keyId, (key) => key.decrypt(toForge(encryptedKey), 'RSA-OAEP', oaepOptions(padding)));
	}

	async sign(
		keyId: string,
		scheme: SignatureScheme,
		signedAttributes: Uint8Array,
	): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		if (!scheme.startsWith('rsa-') || signedAttributes.length > maxSignedBytes) {
			return fail('WRONG_ALGORITHM', `Expected RSA over at most ${maxSignedBytes} octets, got ${scheme}.`);
		}

		const hash = hashOfScheme(scheme);
		const padding = scheme.startsWith('rsa-pss') ? pssScheme(hash, hashBytes[hash]) : 'RSASSA-PKCS1-V1_5';
		return this.#use(keyId, (key) => key.sign(forgeDigest(hash, signedAttributes), padding));
	}

	#use(keyId: string, work: (key: forge.pki.rsa.PrivateKey) => string): Result<Uint8Array, PrivateKeyFailure> {
		const key = this.#privateKeys.get(keyId);
		if (key === undefined) {
			return fail('UNKNOWN_KEY', 'Expected the identifier of one of our keys.');
		}

		try {
			return ok(fromForge(work(key)));
		} catch {
			return fail('OPERATION_FAILED', 'Expected numbers that work out.');
		}
	}
}

type KeyEntry = {readonly description: PrivateKeyDescription; readonly key: forge.pki.rsa.PrivateKey};

function readPair(pair: PemKeyPair): KeyEntry {
	const {certificate, chain} = readCertificateChain(pair.certificatePem);
	const {publicKey} = certificate;
	if (publicKey?.kind !== 'rsa') {
		throw new SallyportError('NOT_CAPABLE', `Expected RSA keys for forge, got ${publicKey?.kind ?? 'another kind'}.`);
	}

	const key = readPrivateKey(pair);
	if (
		key.n.toString(16) !== new forge.jsbn.BigInteger(Buffer.from(publicKey.modulus).toString('hex'), 16).toString(16)
	) {
		throw new SallyportError('KEY_MISMATCH', 'Expected a private key that goes with the certificate.');
	}
	if (key.n.bitLength() < 2048 || key.n.bitLength() > 8192) {
		throw new SallyportError('UNSUPPORTED_KEY', 'Expected RSA of 2048 to 8192 bits.');
	}

	const {der} = certificate;
	const keyId = certificateFingerprint(der);
	return {description: {keyId, certificate: der, chain, algorithm: 'rsa'}, key};
}

function readPrivateKey({privateKeyPem, passphrase}: PemKeyPair): forge.pki.rsa.PrivateKey {
	let key: forge.pki.rsa.PrivateKey | null = null;
	try {
		key =
			passphrase === undefined
				? (forge.pki.privateKeyFromPem(privateKeyPem) as forge.pki.rsa.PrivateKey)
				: forge.pki.decryptRsaPrivateKey(privateKeyPem, passphrase);
	} catch {
		key = null;
	}
	if (key === null) {
		throw new SallyportError('BAD_PRIVATE_KEY', 'Expected an RSA key in PEM and its passphrase, if it has one.');
	}

	return key;
}

const maxSignedBytes = 4096;
