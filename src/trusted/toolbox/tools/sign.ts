import {createHash, randomBytes} from 'node:crypto';
import {z} from 'zod';
import {ok, type Result} from '../../../base/result.js';
import {writeMimeEntity} from '../../../wire/mime/entity.js';
import {writeMultipart} from '../../../wire/mime/multipart.js';
import type {SignedEntity} from '../engine/port-types.js';
import {defineTool, refuse, type ToolContext, type ToolRefusal} from '../engine/tool.js';

/** Integrity: signs headers and session description together, with our first key (RFC 8551 §3.5.2). */
export const sign = defineTool({
	name: 'sign',
	version: 1,
	service: 'integrity',
	purpose: 'Signs headers and session description together, with our first key.',
	effect: 'signs',
	inputs: {headers: 'signed-headers', sdp: 'secret-sdp'},
	outputs: {signed: 'signed-entity'},
	parameters: z.strictObject({}),
	run: async ({headers, sdp}, context) => {
		const description = writeMimeEntity({
			headers: [
				{name: 'Content-Type', value: 'application/sdp'},
				{name: 'Content-Disposition', value: 'session;handling=required'},
			],
			body: sdp,
		});
		context.wipeLater(description);
		const signed = await signContent(writeMixed([sipFragment(headers), description]), context);
		return signed.ok ? ok({signed: signed.value}) : signed;
	},
});

/** Signs a MIME entity with our first key. What it writes is wiped when the run ends. */
export async function signContent(
	content: Uint8Array,
	{cms, ownCertificates, nowMs, wipeLater}: Pick<ToolContext, 'cms' | 'ownCertificates' | 'nowMs' | 'wipeLater'>,
): Promise<Result<SignedEntity, ToolRefusal>> {
	wipeLater(content);
	const [keyId = ''] = ownCertificates;
	const signed = await cms.sign({content, keyId, signingTimeMs: nowMs, detached: false});
	if (!signed.ok) {
		return refuse('SEALING_FAILED', signed.failure.code);
	}

	const octets = writeMimeEntity({
		headers: [
			{name: 'Content-Type', value: 'application/pkcs7-mime;smime-type=signed-data;name=smime.p7m'},
			{name: 'Content-Transfer-Encoding', value: 'binary'},
		],
		body: signed.value,
	});
	wipeLater(signed.value);
	wipeLater(octets);
	return ok({octets, digest: createHash('sha256').update(content).digest('hex')});
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
	const boundary = `sallyport-${randomBytes(12).toString('hex')}`;
	return writeMimeEntity({
		headers: [{name: 'Content-Type', value: `multipart/mixed;boundary="${boundary}"`}],
		body: writeMultipart(parts, boundary),
	});
}
