import {createHash, createPrivateKey, sign} from 'node:crypto';
import {type CmsProvider, type ContentCipher, readCertificate} from '#dist/trusted/smime/index.js';
import {derSignedAttributes} from '#dist/trusted/smime/signed-attributes.js';
import {derSignedData} from '#dist/trusted/smime/signed-data.js';
import {derObjectIdentifier, derSequence, pemToDer} from '#dist/wire/asn1/index.js';
import {writeMimeEntity} from '#dist/wire/mime/entity.js';
import {must} from '../../smime/test-pki.js';
import type {World} from './world.js';

const algorithms = {
	sha1: {digest: '1.3.14.3.2.26', signature: '1.2.840.10045.4.1'},
	sha256: {digest: '2.16.840.1.101.3.4.2.1', signature: '1.2.840.10045.4.3.2'},
} as const;

/** What was signed inside an envelope that `own` opens. */
export async function signedContent(own: CmsProvider, envelope: Uint8Array): Promise<Uint8Array> {
	const entity = Buffer.from(must(await own.decrypt(envelope)).content);
	return must(await own.verify(entity.subarray(entity.indexOf('\r\n\r\n') + 4))).content;
}

/** Content in a signed entity of Bob's, by a hash and with capabilities that no provider of ours writes. */
export function signedByBob(
	{bob, clock}: World,
	content: Uint8Array,
	hash: keyof typeof algorithms,
	capabilities?: readonly ContentCipher[],
): Uint8Array {
	const [der = new Uint8Array()] = must(pemToDer(bob.certificatePem));
	const digestAlgorithm = derSequence(derObjectIdentifier(algorithms[hash].digest));
	const signatureAlgorithm = derSequence(derObjectIdentifier(algorithms[hash].signature));
	const signedAttributes = derSignedAttributes({
		messageDigest: createHash(hash).update(content).digest(),
		signingTimeMs: clock.wallMs(),
		digestAlgorithm,
		signatureAlgorithm,
		...(capabilities && {capabilities}),
	});
	const signer = {
		certificate: must(readCertificate(der)),
		identifiedBy: 'issuer-and-serial',
		digestAlgorithm,
		signatureAlgorithm,
		signedAttributes,
		signature: sign(hash, signedAttributes, createPrivateKey(bob.privateKeyPem)),
	} as const;
	return writeMimeEntity({
		headers: [{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=signed-data'}],
		body: derSignedData({content, certificates: [der], signers: [signer]}),
	});
}
