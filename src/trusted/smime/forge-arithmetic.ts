import forge from 'node-forge';
import type {Result} from '../../base/result.js';
import {fail, ok} from '../../base/result.js';
import {derOctetString, derSequence} from '../../wire/asn1/index.js';
import {derAlgorithmWithNull} from './algorithm-identifier.js';
import type {ArithmeticFailure, CmsArithmetic} from './cms-arithmetic.js';
import type {CmsProvider} from './cms-provider.js';
import type {CipherParameters} from './content-cipher.js';
import {blockBytesOf, padBlocks, unpadBlocks} from './content-cipher.js';
import type {HashName, KeyHashName} from './hash-algorithm.js';
import {oidOfHash} from './hash-algorithm.js';
import type {PublicKey} from './public-key.js';
import type {SignatureAlgorithm} from './signature-algorithm.js';
import {hashOfScheme} from './signature-algorithm.js';

/** RSA, SHA-2 and AES-CBC of node-forge, on the calling thread. No AES-GCM, no elliptic curves. */
export class ForgeArithmetic implements CmsArithmetic {
	readonly capabilities = capabilities;
	readonly keyAgreement = undefined;

	randomBytes(count: number): Uint8Array {
		return fromForge(forge.random.getBytesSync(count));
	}

	digest(hash: KeyHashName, content: Uint8Array): Uint8Array {
		return fromForge(forgeDigest(hash, content).digest().getBytes());
	}

	async verify(
		key: PublicKey,
		algorithm: SignatureAlgorithm,
		data: Uint8Array,
		signature: Uint8Array,
	): Promise<Result<boolean, ArithmeticFailure>> {
		try {
			return ok(verifyRsa(importRsaKey(key), algorithm, data, signature));
		} catch {
			return ok(false);
		}
	}

	async encryptOaep(key: PublicKey, hash: HashName, data: Uint8Array): Promise<Result<Uint8Array, ArithmeticFailure>> {
		try {
			return ok(fromForge(importRsaKey(key).encrypt(toForge(data), 'RSA-OAEP', oaepOptions(hash))));
		} catch {
			return fail('OPERATION_FAILED', 'Expected numbers that work out.');
		}
	}

	encryptContent(
		{iv}: CipherParameters,
		key: Uint8Array,
		content: Uint8Array,
	): {readonly encryptedContent: Uint8Array; readonly tag: Uint8Array} {
		const cipher = forge.cipher.createCipher('AES-CBC', toForge(key));
		cipher.start({iv: toForge(iv)});
		cipher.update(forge.util.createBuffer(toForge(padBlocks(content))));
		finishUnpadded(cipher);
		return {encryptedContent: fromForge(cipher.output.getBytes()), tag: new Uint8Array()};
	}

	decryptContent(
		{cipher, iv}: CipherParameters,
		key: Uint8Array,
		{encryptedContent}: {readonly encryptedContent: Uint8Array},
	): Uint8Array | undefined {
		if (encryptedContent.length === 0 || encryptedContent.length % blockBytesOf(cipher) !== 0) {
			return undefined;
		}

		const decipher = forge.cipher.createDecipher(cipher === '3DES-CBC' ? cipher : 'AES-CBC', toForge(key));
		decipher.start({iv: toForge(iv)});
		decipher.update(forge.util.createBuffer(toForge(encryptedContent)));
		finishUnpadded(decipher);
		return unpadBlocks(fromForge(decipher.output.getBytes()), blockBytesOf(cipher));
	}

	async close(): Promise<void> {}
}

/** Options of forge for RSAES-OAEP with one hash for OAEP and MGF1. */
export function oaepOptions(hash: KeyHashName): object {
	return {md: forge.md[hash].create(), mgf1: {md: forge.md[hash].create()}};
}

/** RSASSA-PSS of forge. */
export function pssScheme(hash: KeyHashName, saltLength: number): forge.pss.PSS {
	return forge.pss.create({
		md: forge.md[hash].create(),
		mgf: forge.mgf.mgf1.create(forge.md[hash].create()),
		saltLength,
	});
}

/** A digest of forge, fed and not yet finished. */
export function forgeDigest(hash: KeyHashName, data: Uint8Array): forge.md.MessageDigest {
	return forge.md[hash].create().update(toForge(data));
}

/** Forge's strings of octets. */
export function toForge(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function fromForge(octets: string): Uint8Array {
	return new Uint8Array(Buffer.from(octets, 'latin1'));
}

/** PKCS#1 v1.5 by making the one right encoding and comparing (RFC 8017 §8.2.2): no parser looks at what comes out. */
function verifyRsa(
	key: forge.pki.rsa.PublicKey,
	{scheme, saltLength}: SignatureAlgorithm,
	data: Uint8Array,
	signature: Uint8Array,
): boolean {
	const hash = hashOfScheme(scheme);
	const digest = forgeDigest(hash, data).digest().getBytes();
	if (scheme.startsWith('rsa-pss')) {
		return key.verify(digest, toForge(signature), pssScheme(hash, saltLength));
	}

	const size = Math.ceil(key.n.bitLength() / 8);
	const digestInfo = derSequence(derAlgorithmWithNull(oidOfHash[hash]), derOctetString(fromForge(digest)));
	const expected = Buffer.alloc(size, 0xff);
	expected.set([0x00, 0x01]);
	expected[size - digestInfo.length - 1] = 0x00;
	expected.set(digestInfo, size - digestInfo.length);
	return signature.length === size && expected.equals(fromForge(key.encrypt(toForge(signature), 'RAW')));
}

function importRsaKey(key: PublicKey): forge.pki.rsa.PublicKey {
	if (key.kind !== 'rsa') {
		throw new RangeError(`Expected an RSA key, got ${key.kind}.`);
	}

	const [modulus, exponent] = [key.modulus, key.exponent].map(
		(number) => new forge.jsbn.BigInteger(Buffer.from(number).toString('hex'), 16),
	);
	return forge.pki.rsa.setPublicKey(modulus as forge.jsbn.BigInteger, exponent as forge.jsbn.BigInteger);
}

/** Padding is ours: forge's own way with it tells too much. Its types do not know that `finish` takes a function. */
function finishUnpadded(cipher: forge.cipher.BlockCipher): void {
	(cipher as unknown as {finish(pad: () => boolean): boolean}).finish(() => true);
}

const capabilities: CmsProvider['capabilities'] = {
	ciphers: ['AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC'],
	schemes: [
		'rsa-pss-sha256',
		'rsa-pss-sha384',
		'rsa-pss-sha512',
		'rsa-pkcs1-sha256',
		'rsa-pkcs1-sha384',
		'rsa-pkcs1-sha512',
	],
	recipientAlgorithms: ['rsa-oaep'],
	legacy: ['sha1-signatures', '3des'],
};
