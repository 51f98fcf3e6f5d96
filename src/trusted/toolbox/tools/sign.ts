import {createHash, randomBytes} from 'node:crypto';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {writeMimeEntity} from '../../../wire/mime/entity.js';
import {writeMultipart} from '../../../wire/mime/multipart.js';
import {defineTool, refuse} from '../engine/tool.js';

/** Integrity: signs headers and session description together, with our first key (RFC 8551 §3.5.2). */
export const sign = defineTool({
	name: 'sign',
	version: 1,
	effect: 'signs',
	inputs: {headers: 'signed-headers', sdp: 'secret-sdp'},
	outputs: {signed: 'signed-entity'},
	parameters: z.strictObject({}),
	run: async ({headers, sdp}, {cms, ownCertificates, nowMs, wipeLater}) => {
		const boundary = `sallyport-${randomBytes(12).toString('hex')}`;
		const content = writeMimeEntity({
			headers: [{name: 'Content-Type', value: `multipart/mixed;boundary="${boundary}"`}],
			body: writeMultipart(
				[
					writeMimeEntity({
						headers: [
							{name: 'Content-Type', value: 'message/sipfrag'},
							{name: 'Content-Disposition', value: 'aib;handling=required'},
						],
						body: headers,
					}),
					writeMimeEntity({
						headers: [
							{name: 'Content-Type', value: 'application/sdp'},
							{name: 'Content-Disposition', value: 'session;handling=required'},
						],
						body: sdp,
					}),
				],
				boundary,
			),
		});
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
		wipeLater(octets);
		return ok({signed: {octets, digest: createHash('sha256').update(content).digest('hex')}});
	},
});
