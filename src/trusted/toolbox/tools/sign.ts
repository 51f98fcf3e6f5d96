import {createHash, randomBytes} from 'node:crypto';
import {z} from 'zod';
import {invariant} from '../../../base/error.js';
import {ok, type Result} from '../../../base/result.js';
import {type MimeEntity, writeMimeEntity} from '../../../wire/mime/entity.js';
import {writeMultipart} from '../../../wire/mime/multipart.js';
import {type MicAlgorithm, writeMultipartSigned, writePkcs7Mime} from '../../../wire/mime/smime-entity.js';
import {parseStartLine} from '../../../wire/sip/parse-message.js';
import type {HashName} from '../../smime/hash-algorithm.js';
import {signatureDigests} from '../../smime/signature-digests.js';
import type {SignedEntity} from '../engine/port-types.js';
import {defineTool, refuse, type ToolContext, type ToolRefusal} from '../engine/tool.js';

/** `multipart-signed` is what RFC 3261 §23.3 asks for; `signed-data` is smaller, and no proxy can touch its line ends. */
const signedForms = ['signed-data', 'multipart-signed'] as const;
export type SignedForm = (typeof signedForms)[number];
export const signedForm = z.enum(signedForms).default('signed-data');

/** Integrity: signs headers and session description together, with our first key (RFC 8551 §3.5.2). */
export const sign = defineTool({
	name: 'sign',
	version: 1,
	service: 'integrity',
	purpose: 'Signs headers and session description together, with our first key.',
	effect: 'signs',
	inputs: {headers: 'signed-headers', sdp: 'secret-sdp'},
	outputs: {signed: 'signed-entity'},
	parameters: z.strictObject({
		form: signedForm,
		/** `beside`: headers and description are parts beside each other. `tunnel`: the description is the body of the headers (RFC 3261 §23.4). */
		layout: z.enum(['beside', 'tunnel']).default('beside'),
	}),
	run: async ({headers, sdp}, context, {form, layout}) => {
		if (layout === 'tunnel') {
			const tunnel = tunnelledMessage(headers, sdp);
			const signedTunnel = await signContent(tunnel, context, form);
			return signedTunnel.ok ? ok({signed: signedTunnel.value}) : signedTunnel;
		}

		const description = writeMimeEntity({
			headers: [
				{name: 'Content-Type', value: 'application/sdp'},
				{name: 'Content-Disposition', value: 'session;handling=required'},
			],
			body: sdp,
		});
		context.wipeLater(description);
		const signed = await signContent(writeMixed([sipFragment(headers), description]), context, form);
		return signed.ok ? ok({signed: signed.value}) : signed;
	},
});

/** Signs a MIME entity with our first key, in either form of RFC 8551 §3.5. What it writes is wiped when the run ends. */
export async function signContent(
	content: Uint8Array,
	{cms, ownCertificates, nowMs, wipeLater}: Pick<ToolContext, 'cms' | 'ownCertificates' | 'nowMs' | 'wipeLater'>,
	form: SignedForm = 'signed-data',
): Promise<Result<SignedEntity, ToolRefusal>> {
	wipeLater(content);
	const [keyId = ''] = ownCertificates;
	const detached = form === 'multipart-signed';
	const signed = await cms.sign({content, keyId, signingTimeMs: nowMs, detached});
	if (!signed.ok) {
		return refuse('SEALING_FAILED', signed.failure.code);
	}

	const entity = detached ? multipartSigned(content, signed.value) : writePkcs7Mime(signed.value, 'signed-data');
	const octets = writeMimeEntity(entity);
	wipeLater(signed.value);
	wipeLater(entity.body);
	wipeLater(octets);
	return ok({octets, digest: createHash('sha256').update(content).digest('hex')});
}

function multipartSigned(content: Uint8Array, signature: Uint8Array): MimeEntity {
	const digests = signatureDigests(signature);
	invariant(digests.ok && digests.value[0] !== undefined, 'Our own signature has a digest.');
	const micAlgorithm = micAlgorithms[digests.value[0]];
	return writeMultipartSigned(content, signature, {micAlgorithm, boundary: freshBoundary()});
}

/**
 * A session description as the body of the headers that it belongs to: message/sip where they begin with a start line
 * (RFC 3261 §23.4), else message/sipfrag (RFC 3420).
 */
function tunnelledMessage(headers: Uint8Array, sdp: Uint8Array): Uint8Array {
	const contentHeaders = `Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n`;
	const [firstLine = ''] = Buffer.from(headers).toString('utf8').split('\r\n', 1);
	const type = parseStartLine(firstLine).ok ? 'message/sip' : 'message/sipfrag';
	return writeMimeEntity({
		headers: [{name: 'Content-Type', value: type}],
		body: Buffer.concat([headers, Buffer.from(contentHeaders), sdp]),
	});
}

/** The headers that a message is bound to, as a part (RFC 3893). */
export function sipFragment(headers: Uint8Array): Uint8Array {
	return writeMimeEntity({
		headers: [
			{name: 'Content-Type', value: 'message/sipfrag'},
			{name: 'Content-Disposition', value: 'aib;handling=required'},
		],
		body: headers,
	});
}

/** Parts beside each other, as an entity. */
export function writeMixed(parts: readonly Uint8Array[]): Uint8Array {
	const boundary = freshBoundary();
	return writeMimeEntity({
		headers: [{name: 'Content-Type', value: `multipart/mixed;boundary="${boundary}"`}],
		body: writeMultipart(parts, boundary),
	});
}

function freshBoundary(): string {
	return `sallyport-${randomBytes(12).toString('hex')}`;
}

const micAlgorithms: Readonly<Record<HashName, MicAlgorithm>> = {
	sha256: 'sha-256',
	sha384: 'sha-384',
	sha512: 'sha-512',
};
