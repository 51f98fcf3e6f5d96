import type {KeyObject} from 'node:crypto';
import {createPrivateKey, X509Certificate} from 'node:crypto';
import {SallyportError} from '../../base/error.js';
import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import {certificateFingerprint} from './certificate-fingerprint.js';
import type {CryptoJob} from './crypto-job.js';
import type {CryptoPoolOptions} from './crypto-pool.js';
import {CryptoPool} from './crypto-pool.js';
import type {KeyPadding} from './key-transport.js';
import type {PemKeyPair} from './pem-key-pair.js';
import {readCertificateChain} from './pem-key-pair.js';
import type {
	PrivateKeyDescription,
	PrivateKeyFailure,
	PrivateKeyOperations,
	SignatureScheme,
} from './private-key-operations.js';
import {coordinateBytes} from './public-key.js';
import {isSchemeForKey} from './signature-algorithm.js';

/** Private keys in OpenSSL's memory, used by the threads of a pool that got them at their start. */
export class SoftwarePrivateKeys implements PrivateKeyOperations {
	readonly keys: readonly PrivateKeyDescription[];
	/** The threads that hold the keys; they do public-key work as well. Whoever made the keys closes it. */
	readonly pool: CryptoPool;

	/**
	 * Reads keys and certificates. Throws `SallyportError`: `BAD_CERTIFICATE`, `BAD_PRIVATE_KEY` (unreadable, or a wrong
	 * passphrase), `KEY_MISMATCH` (key and certificate are not a pair), `UNSUPPORTED_KEY` (none of P-256, P-384, P-521,
	 * X25519, Ed25519, RSA of 2048 to 8192 bits).
	 */
	static fromPem(pairs: readonly PemKeyPair[], options: CryptoPoolOptions = {}): SoftwarePrivateKeys {
		return new SoftwarePrivateKeys(pairs.map(readPair), options);
	}

	private constructor(entries: readonly KeyEntry[], options: CryptoPoolOptions) {
		this.keys = entries.map(({description}) => description);
		this.pool = new CryptoPool(new Map(entries.map(({description, key}) => [description.keyId, key])), options);
	}

	async agree(keyId: string, peerPublicKey: Uint8Array): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		const expectedBytes = this.#find(keyId)?.pointBytes ?? 0;
		return this.#run(keyId, expectedBytes > 0, peerPublicKey.length === expectedBytes, {
			do: 'agree',
			keyId,
			peerPublicKey,
		});
	}

	async decrypt(
		keyId: string,
		padding: KeyPadding,
		encryptedKey: Uint8Array,
	): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		const isRsa = this.#find(keyId)?.algorithm === 'rsa';
		const job: CryptoJob =
			padding === 'pkcs1'
				? {do: 'decrypt-pkcs1', keyId, data: encryptedKey}
				: {do: 'decrypt-oaep', keyId, hash: padding, data: encryptedKey};
		return this.#run(keyId, isRsa, encryptedKey.length <= maxRsaBytes, job);
	}

	async sign(
		keyId: string,
		scheme: SignatureScheme,
		signedAttributes: Uint8Array,
	): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		const algorithm = this.#find(keyId)?.algorithm;
		const isFitting = algorithm !== undefined && isSchemeForKey(scheme, algorithm);
		return this.#run(keyId, isFitting, signedAttributes.length <= maxSignedBytes, {
			do: 'sign',
			keyId,
			scheme,
			data: signedAttributes,
		});
	}

	#find(keyId: string): (PrivateKeyDescription & {readonly pointBytes: number}) | undefined {
		const key = this.keys.find((candidate) => candidate.keyId === keyId);
		return key && {...key, pointBytes: pointBytes(key.algorithm)};
	}

	async #run(
		keyId: string,
		isFitting: boolean,
		isInBounds: boolean,
		job: CryptoJob,
	): Promise<Result<Uint8Array, PrivateKeyFailure>> {
		const key = this.#find(keyId);
		if (key === undefined) {
			return fail('UNKNOWN_KEY', 'Expected the identifier of one of our keys.');
		}
		if (!isFitting) {
			return fail('WRONG_ALGORITHM', `Expected an operation for a key of ${key.algorithm}, got "${job.do}".`);
		}
		if (!isInBounds) {
			return fail('OPERATION_FAILED', `Expected an input of the size that "${job.do}" takes.`);
		}

		const result = await this.pool.run(job);
		return result.ok ? ok(result.value[0] ?? new Uint8Array()) : result;
	}
}

type KeyEntry = {readonly description: PrivateKeyDescription; readonly key: KeyObject};

function readPair(pair: PemKeyPair): KeyEntry {
	const {certificate, chain} = readCertificateChain(pair.certificatePem);
	const key = readPrivateKey(pair);
	if (!new X509Certificate(certificate.der).checkPrivateKey(key)) {
		throw new SallyportError('KEY_MISMATCH', 'Expected a private key that goes with the certificate.');
	}

	const keyId = certificateFingerprint(certificate.der);
	return {description: {keyId, certificate: certificate.der, chain, algorithm: algorithmOf(key)}, key};
}

/** The causes that OpenSSL names are left out: they may tell of what is in the file. */
function readPrivateKey({privateKeyPem, passphrase}: PemKeyPair): KeyObject {
	try {
		return createPrivateKey(passphrase === undefined ? privateKeyPem : {key: privateKeyPem, passphrase});
	} catch {
		throw new SallyportError('BAD_PRIVATE_KEY', 'Expected a private key in PEM and its passphrase, if it has one.');
	}
}

function algorithmOf(key: KeyObject): PrivateKeyDescription['algorithm'] {
	const {modulusLength = 0, namedCurve = ''} = key.asymmetricKeyDetails ?? {};
	const curve = algorithmOfCurve.get(namedCurve);
	if (key.asymmetricKeyType === 'ec' && curve !== undefined) {
		return curve;
	}
	if (key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'x25519') {
		return key.asymmetricKeyType;
	}
	if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8 * maxRsaBytes) {
		return 'rsa';
	}

	throw new SallyportError(
		'UNSUPPORTED_KEY',
		'Expected a key of P-256, P-384, P-521, X25519, Ed25519 or RSA of 2048 to 8192 bits.',
	);
}

function pointBytes(algorithm: PrivateKeyDescription['algorithm']): number {
	if (algorithm === 'x25519') {
		return 32;
	}

	return algorithm === 'rsa' || algorithm === 'ed25519' ? 0 : 1 + 2 * coordinateBytes[algorithm];
}

const algorithmOfCurve: ReadonlyMap<string, PrivateKeyDescription['algorithm']> = new Map([
	['prime256v1', 'p-256'],
	['secp384r1', 'p-384'],
	['secp521r1', 'p-521'],
]);

const maxRsaBytes = 1024;
const maxSignedBytes = 4096;
