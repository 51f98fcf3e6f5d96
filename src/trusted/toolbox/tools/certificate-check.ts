import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {ValidatedCertificate} from '../../certificates/certificate-validator.js';
import {certificateSpeaksFor} from '../../certificates/identity.js';
import type {ProvenSigner} from '../engine/port-types.js';
import {defineTool, refuse} from '../engine/tool.js';
import {fingerprintOf, type Peer} from '../policy/policy.js';
import {readMessageHeaders} from './message-headers.js';

/**
 * Certificate check: every signer's certificate is valid, none is our own (PROTOCOL V16), and all speak for the party that
 * the message says it comes from: From of a request, To of a response (RFC 3261 §23.2).
 */
export const certificateCheck = defineTool({
	name: 'certificate-check',
	version: 1,
	service: 'certificate check',
	purpose: 'Checks that every signer is certified and speaks for the party that the message says it is from.',
	effect: 'checks',
	inputs: {message: 'message', content: 'verified-content', peer: 'peer'},
	outputs: {signer: 'proven-signer', peer: 'peer'},
	parameters: z.strictObject({}),
	run: async ({message, content, peer}, {ownCertificates, validator, policy, legacy, nowMs}) => {
		const headers = readMessageHeaders(message);
		if (!headers.ok) {
			return refuse('IDENTITY_MISMATCH', headers.failure.message);
		}

		if (content.signers.some(({certificate}) => ownCertificates.includes(fingerprintOf(certificate)))) {
			return refuse('OWN_SIGNATURE', 'Expected a signature of somebody else, got our own.');
		}

		const claimed = message.kind === 'request' ? headers.value.from.aor : headers.value.to.aor;
		let proven:
			| {
					readonly peer: Peer;
					readonly identity: string;
					readonly validated: ValidatedCertificate;
					readonly ciphers: ProvenSigner['ciphers'];
			  }
			| undefined;
		for (const {certificate, capabilities} of content.signers) {
			const validated = await validator.validate(certificate, content.certificates, {atMs: nowMs, purpose: 'sign'});
			if (!validated.ok) {
				return refuse('CERTIFICATE_REFUSED', validated.failure.code);
			}

			const named = policy.peerOfCertificate(validated.value.fingerprint);
			const rules = named ?? peer;
			const isTrunk = named?.kind === 'trunk';
			const accepted = rules.kind === 'user' ? (['user'] as const) : (['user', 'domain'] as const);
			if (!isTrunk && certificateSpeaksFor(validated.value, claimed, accepted) === undefined) {
				return refuse('IDENTITY_MISMATCH', 'Expected the certificate to name the party of the message.');
			}

			const identity = isTrunk ? named.name : claimed;
			if (proven && proven.identity !== identity) {
				return refuse('IDENTITY_MISMATCH', 'Expected all signers to be one party.');
			}

			proven ??= {peer: rules, identity, validated: validated.value, ciphers: capabilities};
		}

		if (!proven) {
			return refuse('IDENTITY_MISMATCH', 'Expected a signer, got none.');
		}

		const weak = legacy?.refusedBy(proven.peer);
		if (weak !== undefined) {
			return refuse('CMS_WEAK', `Expected nothing that the rules of ${proven.peer.name} do not name, got ${weak}.`);
		}

		const {ciphers, validated, identity} = proven;
		const {certificate, fingerprint} = validated;
		return ok({signer: {identity, certificate, fingerprint, ciphers}, peer: proven.peer});
	},
});
