import {contentTypes, readContentInfo} from '../../../trusted/smime/content-info.js';
import {LegacyAlgorithms} from '../../../trusted/smime/legacy-algorithm.js';
import {readEnvelope} from '../../../trusted/smime/read-envelope.js';
import {readStructure} from '../../../trusted/smime/refusal.js';
import {readAsn1} from '../../../wire/asn1/index.js';
import {parseMimeEntity} from '../../../wire/mime/entity.js';
import {readSignedEntity} from '../../../wire/mime/smime-entity.js';
import {canonicalLineEnds, decodeContent} from '../../../wire/mime/transfer-encoding.js';
import {readCmsFile} from '../../smime/cms-file.js';

/** CMS as it stands in a file, and the octets that it is about where they lie beside it. */
export type CmsMessage = {readonly contentInfo: Uint8Array; readonly detached?: Uint8Array | undefined};

/** CMS in DER, in PEM, or in a MIME message: multipart/signed, or application/pkcs7-mime in base64. */
export function readMessage(octets: Uint8Array): CmsMessage | undefined {
	const cms = readCmsFile(octets);
	if (cms !== undefined) {
		return cms === 'broken' ? undefined : {contentInfo: cms};
	}

	// Lines as they were signed: canonical, whatever the file was stored with.
	const entity = parseMimeEntity(canonicalLineEnds(octets));
	if (!entity.ok) {
		return undefined;
	}

	const signed = readSignedEntity(entity.value);
	const content = signed.ok ? undefined : decodeContent(entity.value);
	return signed.ok ? signed.value : content?.ok ? {contentInfo: content.value} : undefined;
}

/** Which of the content types it is; of id-data the octets too. */
export function readKind(contentInfo: Uint8Array): {
	readonly kind: keyof typeof contentTypes | 'another type' | 'malformed';
	readonly data?: Uint8Array;
} {
	const read = readStructure(contentInfo, 'ber', (root) => {
		const {contentType, content} = readContentInfo(root);
		const [kind] = Object.entries(contentTypes).find(([, oid]) => oid === contentType) ?? [];
		return kind === 'data' ? {kind, data: content.octetString()} : {kind: kind ?? 'another type'};
	});
	return read.ok ? (read.value as {readonly kind: keyof typeof contentTypes}) : {kind: 'malformed'};
}

/** How many recipients there are that a private key could be; undefined for what is no envelope. */
export function recipientsOf(contentInfo: Uint8Array): number | undefined {
	const read = readStructure(
		contentInfo,
		'ber',
		(root) => readEnvelope(root, new LegacyAlgorithms()).recipients.length,
	);
	return read.ok ? read.value : undefined;
}

/** DER of the revocation lists that came along in SignedData (RFC 5652 §5.1). */
export function revocationListsOf(contentInfo: Uint8Array): readonly Uint8Array[] {
	const read = readAsn1(contentInfo, 'ber', (root) => {
		const lists = readContentInfo(root).content.children.find(({tag}) => tag === 0xa1);
		return lists?.children.map(({encoded}) => encoded.slice()) ?? [];
	});
	return read.ok ? read.value : [];
}
