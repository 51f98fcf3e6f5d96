import {createHash} from 'node:crypto';
import {z} from 'zod';
import {ok, type Result} from '../../../base/result.js';
import {writeMimeEntity} from '../../../wire/mime/entity.js';
import {writeMultipart} from '../../../wire/mime/multipart.js';
import {parseStartLine} from '../../../wire/sip/parse-message.js';
import {freshBoundary, type SignedForm, writeSignedEntity} from '../../smime/signed-entity.js';
import type {SignedEntity} from '../engine/port-types.js';
import {defineTool, refuse, type ToolContext, type ToolRefusal} from '../engine/tool.js';

/** `multipart-signed` is what RFC 3261 §23.3 asks for; `signed-data` is smaller, and no proxy can touch its line ends. */
export const signedForm = z.enum(['signed-data', 'multipart-signed'] satisfies SignedForm[]).default('signed-data');

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
		const content = layout === 'tunnel' ? tunnelledMessage(headers, sdp) : besideEachOther(headers, sdp, context);
		const signed = await signContent(content, context, form);
		return signed.ok ? ok({signed: signed.value}) : signed;
	},
});

/** Signs a MIME entity with our first key, in either form of RFC 8551 §3.5. What it writes is wiped when the run ends. */
export async function signContent(
	content: Uint8Array,
	{cms, ownCertificates, nowMs, wipeLater}: Pick<ToolContext, 'cms' | 'ownCertificates' | 'nowMs' | 'wipeLater'>,
	form: SignedForm,
): Promise<Result<SignedEntity, ToolRefusal>> {
	wipeLater(content);
	const [keyId = ''] = ownCertificates;
	const signed = await cms.sign({content, keyId, signingTimeMs: nowMs, detached: form === 'multipart-signed'});
	if (!signed.ok) {
		return refuse('SEALING_FAILED', signed.failure.code);
	}

	const entity = writeSignedEntity(content, signed.value, form);
	const octets = writeMimeEntity(entity);
	wipeLater(signed.value);
	wipeLater(entity.body);
	wipeLater(octets);
	return ok({octets, digest: createHash('sha256').update(content).digest('hex')});
}

/** Headers and session description as parts of one entity. */
function besideEachOther(
	headers: Uint8Array,
	sdp: Uint8Array,
	{wipeLater}: Pick<ToolContext, 'wipeLater'>,
): Uint8Array {
	const description = writeMimeEntity({
		headers: [
			{name: 'Content-Type', value: 'application/sdp'},
			{name: 'Content-Disposition', value: 'session;handling=required'},
		],
		body: sdp,
	});
	wipeLater(description);
	return writeMixed([sipFragment(headers), description]);
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
