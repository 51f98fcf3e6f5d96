import {z} from 'zod';
import {ok} from '../../../base/result.js';
import type {Reason} from '../engine/reasons.js';
import {defineTool, refuse, type ToolContext} from '../engine/tool.js';
import type {OriginVerdict} from '../origin/origin-monitor.js';
import type {Peer} from '../policy/policy.js';

/** Origin check: is this an address from which the signer has authenticated before? Changes nothing. */
export const originCheck = defineTool({
	name: 'origin-check',
	version: 1,
	service: 'origin check',
	purpose: 'Asks whether the signer has authenticated from this address before.',
	effect: 'checks',
	inputs: {signer: 'proven-signer', peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({signer, peer}, context) => {
		const address = context.origin?.address ?? '';
		return judged(context.origins.judge(signer.identity, address, peer.addresses), signer.identity, peer, context);
	},
});

/** Origin check where nothing is proven: only against the addresses that the operator has entered. */
export const claimedOriginCheck = defineTool({
	name: 'claimed-origin-check',
	version: 1,
	service: 'origin check',
	purpose: 'Checks the address where nothing is proven, against those that the operator has entered.',
	effect: 'checks',
	inputs: {peer: 'peer'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({peer}, context) => {
		const isKnown = peer.addresses.length === 0 || peer.addresses.includes(context.origin?.address ?? '');
		return judged(isKnown ? 'known' : 'new', peer.name, peer, context);
	},
});

/** Remembers where a message came from that has passed everything. */
export const originLearn = defineTool({
	name: 'origin-learn',
	version: 1,
	service: 'origin check',
	purpose: 'Remembers where a message came from that has passed everything.',
	effect: 'none',
	inputs: {signer: 'proven-signer', claim: 'granted-claim'},
	outputs: {},
	parameters: z.strictObject({}),
	run: ({signer}, {origins, origin, nowMs}) => {
		if (origin) {
			origins.learn(signer.identity, origin.address, 'transport', nowMs);
		}

		return ok({});
	},
});

function judged(verdict: OriginVerdict, identity: string, peer: Peer, context: ToolContext) {
	if (verdict !== 'new') {
		return ok({});
	}

	const refusals: Readonly<Record<Peer['origin'], Reason | undefined>> = {
		pin: 'ORIGIN_NEW',
		challenge: 'ORIGIN_CHALLENGE',
		observe: undefined,
	};
	const refusal = refusals[peer.origin];
	if (refusal !== undefined) {
		return refuse(refusal, 'Expected an address that is known for this identity.');
	}

	context.alerts.raise({
		atMs: context.nowMs,
		kind: 'origin',
		reason: 'ORIGIN_NEW',
		identity,
		origin: context.origin ?? null,
		call: context.call,
		detail: 'A known identity from a new address.',
	});
	return ok({});
}
