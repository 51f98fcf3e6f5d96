import type {Asn1Element} from '../../wire/asn1/index.js';
import {derContextPrimitive, derObjectIdentifier, derSequence} from '../../wire/asn1/index.js';
import type {AlgorithmIdentifier} from './algorithm-identifier.js';
import {readAlgorithmIdentifier} from './algorithm-identifier.js';
import type {CipherParameters} from './content-cipher.js';
import {derCipherAlgorithm} from './content-cipher.js';
import {contentTypes, requireData} from './content-info.js';

/** EncryptedContentInfo (RFC 5652 §6.1), with the ciphers that `readCipher` takes. */
export function readEncryptedContent(
	element: Asn1Element,
	readCipher: (algorithm: AlgorithmIdentifier) => CipherParameters,
): {readonly parameters: CipherParameters; readonly encryptedContent: Uint8Array} {
	const cursor = element.sequence();
	requireData(cursor.next().objectIdentifier());
	const parameters = readCipher(readAlgorithmIdentifier(cursor.next()));
	const encryptedContent = cursor.next().implicitOctetString(0);
	cursor.end();
	return {parameters, encryptedContent};
}

export function derEncryptedContent(parameters: CipherParameters, encryptedContent: Uint8Array): Uint8Array {
	return derSequence(
		derObjectIdentifier(contentTypes.data),
		derCipherAlgorithm(parameters),
		derContextPrimitive(0, encryptedContent),
	);
}
