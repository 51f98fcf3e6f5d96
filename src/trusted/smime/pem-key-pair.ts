import {SallyportError} from '../../base/error.js';
import {pemToDer} from '../../wire/asn1/index.js';
import type {CertificateFacts} from './certificate.js';
import {readCertificate} from './certificate.js';

/** A private key of ours and the certificate that goes with it, as they lie in files. */
export type PemKeyPair = {
	/** The key's certificate, then the intermediate certificates to send along, nearest first. */
	readonly certificatePem: string;
	/** PKCS#8, SEC 1 or PKCS#1; PKCS#8 may be encrypted. */
	readonly privateKeyPem: string;
	readonly passphrase?: string;
};

/** The certificates of a pair. Throws `SallyportError` `BAD_CERTIFICATE`. */
export function readCertificateChain(certificatePem: string): {
	readonly certificate: CertificateFacts;
	readonly chain: readonly Uint8Array[];
} {
	const blocks = pemToDer(certificatePem);
	if (!blocks.ok) {
		throw new SallyportError('BAD_CERTIFICATE', blocks.failure.message);
	}

	const [certificate, ...chain] = blocks.value.map((der) => {
		const read = readCertificate(der);
		if (!read.ok) {
			throw new SallyportError('BAD_CERTIFICATE', read.failure.message);
		}

		return read.value;
	});
	if (certificate === undefined) {
		throw new SallyportError('BAD_CERTIFICATE', 'Expected a CERTIFICATE block in `certificatePem`, got none.');
	}

	return {certificate, chain: chain.map(({der}) => der)};
}
