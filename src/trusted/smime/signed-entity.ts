import {randomBytes} from 'node:crypto';
import {invariant} from '../../base/error.js';
import type {MimeEntity} from '../../wire/mime/entity.js';
import {type MicAlgorithm, writeMultipartSigned, writePkcs7Mime} from '../../wire/mime/smime-entity.js';
import {LegacyAlgorithms} from './legacy-algorithm.js';
import {readStructure} from './refusal.js';
import {readSignedData} from './signed-data.js';

/** The two forms of RFC 8551 §3.5: the content inside the CMS, or beside it. */
export type SignedForm = 'signed-data' | 'multipart-signed';

/**
 * The entity around SignedData that a provider of ours has made over `content`: detached for `multipart-signed`. Octets are
 * binary as SIP carries them, or base64 for mail and files.
 */
export function writeSignedEntity(
	content: Uint8Array,
	signedData: Uint8Array,
	form: SignedForm,
	encoding: {readonly base64?: boolean} = {},
): MimeEntity {
	return form === 'signed-data'
		? writePkcs7Mime(signedData, form, encoding)
		: writeMultipartSigned(
				content,
				signedData,
				{micAlgorithm: micAlgorithmOf(signedData), boundary: freshBoundary()},
				encoding,
			);
}

/** A boundary that no content has. */
export function freshBoundary(): string {
	return `sallyport-${randomBytes(12).toString('hex')}`;
}

/** What `micalg` names of a signature of ours (RFC 8551 §3.5.3.2). */
function micAlgorithmOf(signedData: Uint8Array): MicAlgorithm {
	const read = readStructure(signedData, 'ber', (root) => readSignedData(root, new LegacyAlgorithms()));
	const digest = read.ok ? read.value.signers[0]?.digest : undefined;
	invariant(digest !== undefined && digest !== 'sha1', 'Our own signature has a digest.');
	return micAlgorithms[digest];
}

const micAlgorithms = {sha256: 'sha-256', sha384: 'sha-384', sha512: 'sha-512'} as const;
