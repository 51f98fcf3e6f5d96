import {createHash} from 'node:crypto';
import {z} from 'zod';
import {ok} from '../../../base/result.js';
import {isMicContradicted, readSignedEntity} from '../../../wire/mime/smime-entity.js';
import {hashOfScheme} from '../../smime/signature-algorithm.js';
import {defineTool, refuse} from '../engine/tool.js';
import {cmsReason} from './cms-reason.js';

/** Integrity: verifies every signature of a signed entity (RFC 8551 §3.5), and `micalg` with them. Whose they are is asked later. */
export const cmsVerify = defineTool({
	name: 'cms-verify',
	version: 1,
	service: 'integrity',
	purpose: 'Verifies every signature of a signed entity.',
	effect: 'verifies',
	inputs: {entity: 'entity'},
	outputs: {content: 'verified-content'},
	parameters: z.strictObject({}),
	run: async ({entity}, {cms, legacy}) => {
		const signed = readSignedEntity(entity);
		if (!signed.ok) {
			return refuse('NOT_SIGNED', signed.failure.message);
		}

		const verified = await cms.verify(signed.value.contentInfo, signed.value.detached, legacy?.permissions);
		if (!verified.ok) {
			const {code, message} = verified.failure;
			const refusal = refuse(cmsReason(code), message);
			return code === 'OVERLOADED' ? {ok: false, failure: {...refusal.failure, isTransient: true}} : refusal;
		}

		const {signers} = verified.value;
		if (signers.some(({scheme}) => isMicContradicted(signed.value.micAlgorithms, hashOfScheme(scheme)))) {
			return refuse('BAD_ATTRIBUTES', 'Expected `micalg` to name the digests of the signatures.');
		}

		legacy?.note(verified.value.legacy);
		const digest = createHash('sha256').update(verified.value.content).digest('hex');
		return ok({content: {...verified.value, digest}});
	},
});
