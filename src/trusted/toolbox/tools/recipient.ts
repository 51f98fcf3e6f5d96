import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {Recipient} from '../engine/port-types.js';
import {defineTool, refuse} from '../engine/tool.js';
import {fingerprintOf} from '../policy/policy.js';

/**
 * Who may open what leaves: for an answer whoever signed the offer, for an offer whoever has signed on this leg, or the
 * certificate of the policy. The user domain has no say in it.
 */
export const recipient = defineTool({
	name: 'recipient',
	version: 1,
	service: 'certificate check',
	purpose: 'Derives from policy and call who may open what leaves, and checks the certificate.',
	effect: 'checks',
	inputs: {peer: 'peer'},
	outputs: {recipient: 'recipient'},
	parameters: z.strictObject({}),
	run: async ({peer}, {leg, role, validator, nowMs}) => {
		const signer = role === 'answer' ? leg.offer?.signer : leg.signer;
		const configured = peer.recipient && {certificate: peer.recipient, fingerprint: fingerprintOf(peer.recipient)};
		// A certificate for signing only cannot be sealed for: then the policy must name another of the same peer.
		const candidates = [signer, configured].filter((candidate): candidate is Recipient => candidate !== undefined);
		let detail = 'Expected a certificate to seal for, got none.';
		for (const candidate of candidates) {
			const validated = await validator.validate(candidate.certificate, [], {atMs: nowMs, purpose: 'encrypt'});
			if (validated.ok) {
				return ok({recipient: candidate});
			}

			detail = validated.failure.code;
		}

		return refuse('NO_RECIPIENT', detail);
	},
});
