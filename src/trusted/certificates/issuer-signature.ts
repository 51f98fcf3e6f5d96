import {type KeyObject, sign} from 'node:crypto';
import {derBitString, derSequence} from '../../wire/asn1/index.js';
import {derSignatureAlgorithm} from '../smime/signature-algorithm.js';

/** AlgorithmIdentifier by which a key signs certificates and revocation lists: with SHA-256 (RFC 5758 §3.2, RFC 4055 §5). */
export function derIssuerAlgorithm({asymmetricKeyType}: KeyObject): Uint8Array {
	return derSignatureAlgorithm(asymmetricKeyType === 'rsa' ? 'rsa-pkcs1-sha256' : 'ecdsa-sha256');
}

/** Certificate or CertificateList (RFC 5280 §4.1, §5.1) around what is signed, which names the same algorithm. */
export function signAsIssuer(privateKey: KeyObject, toBeSigned: Uint8Array): Uint8Array {
	const signature = sign('sha256', toBeSigned, privateKey);
	return derSequence(toBeSigned, derIssuerAlgorithm(privateKey), derBitString(signature));
}
