import {createHash} from 'node:crypto';
import {z} from 'zod';
import {fail, ok, type Result} from '../../../base/result.js';
import {parseContentType} from '../../../wire/mime/content-type.js';
import {type MimeEntity, mimeHeader} from '../../../wire/mime/entity.js';
import {parseMultipart} from '../../../wire/mime/multipart.js';
import {decodeContent} from '../../../wire/mime/transfer-encoding.js';
import {parameterValue} from '../../../wire/sip/grammar.js';
import {defineTool, refuse} from '../engine/tool.js';
import {cmsReason} from './cms-reason.js';

/** Integrity: verifies every signature of a signed entity (RFC 8551 §3.5). Whose they are is asked later. */
export const cmsVerify = defineTool({
	name: 'cms-verify',
	version: 1,
	service: 'integrity',
	purpose: 'Verifies every signature of a signed entity.',
	effect: 'verifies',
	inputs: {entity: 'entity'},
	outputs: {content: 'verified-content'},
	parameters: z.strictObject({}),
	run: async ({entity}, {cms}) => {
		const signed = signedOctets(entity);
		if (!signed.ok) {
			return refuse('NOT_SIGNED', signed.failure.message);
		}

		const verified = await cms.verify(signed.value.contentInfo, signed.value.detached);
		if (!verified.ok) {
			const {code, message} = verified.failure;
			const refusal = refuse(cmsReason(code), message);
			return code === 'OVERLOADED' ? {ok: false, failure: {...refusal.failure, isTransient: true}} : refusal;
		}

		const digest = createHash('sha256').update(verified.value.content).digest('hex');
		return ok({content: {...verified.value, digest}});
	},
});

type SignedOctets = {readonly contentInfo: Uint8Array; readonly detached?: Uint8Array};

/** The two forms of RFC 8551 §3.5: application/pkcs7-mime with the content inside, multipart/signed with it beside. */
function signedOctets(entity: MimeEntity): Result<SignedOctets, {readonly message: string}> {
	const contentType = parseContentType(mimeHeader(entity, 'Content-Type') ?? '');
	const {type = '', subtype = '', params = []} = contentType.ok ? contentType.value : {};
	if (type === 'application' && /^(?:x-)?pkcs7-mime$/.test(subtype)) {
		const isSigned = (parameterValue(params, 'smime-type') ?? 'signed-data').toLowerCase() === 'signed-data';
		const content = decodeContent(entity);
		return isSigned && content.ok ? ok({contentInfo: content.value}) : notSigned();
	}

	const multipart = type === 'multipart' && subtype === 'signed' ? parseMultipart(entity) : undefined;
	const [content, signature, ...others] = multipart?.ok ? multipart.value.parts : [];
	const contentInfo = signature && others.length === 0 ? decodeContent(signature) : undefined;
	return content && contentInfo?.ok ? ok({contentInfo: contentInfo.value, detached: content.octets}) : notSigned();
}

function notSigned() {
	return fail('NOT_SIGNED', 'Expected application/pkcs7-mime with signed-data or multipart/signed of two parts.');
}
