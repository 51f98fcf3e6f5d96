import {parseContentType} from '../../wire/mime/content-type.js';
import {header} from '../../wire/sip/headers.js';
import {canonicalAor} from '../certificates/identity.js';
import type {ContentCipher} from '../smime/cms-provider.js';
import type {Leg} from './calls/leg.js';
import {stepFields} from './engine/step-record.js';
import type {Template} from './engine/template.js';
import {type CallDecision, isLessTaken, isWeaker} from './policy/call-rules.js';
import type {Peer} from './policy/policy.js';
import type {Protection} from './policy/toolbox-options.js';
import type {Denial, FilterOutbound, Outbound} from './protocol.js';
import {deny, denyAtOnce, type ToolboxState} from './toolbox-state.js';
import {isSignable} from './tools/dialog-check.js';
import {dialogOf, type MessageHeaders, readMessageHeaders} from './tools/message-headers.js';

/** The rules' own cipher, or of the others that they allow the first that the recipient says it opens where it does not open that. */
function cipherFor({cipher, otherCiphers}: Peer, opened: readonly ContentCipher[] = [cipher]): ContentCipher {
	return opened.includes(cipher) ? cipher : (otherCiphers.find((other) => opened.includes(other)) ?? cipher);
}

/** Prepares a message that leaves: as protected as the policy asks, or not at all; or by `chosen`, whatever policy says. */
export async function filterOutbound(
	state: ToolboxState,
	request: FilterOutbound,
	chosen?: Template,
): Promise<Outbound | Denial> {
	const {services, engine, templates, audit, time} = state;
	const {call, role, message} = request;
	const about = {call, leg: request.leg, origin: null, identity: ''};
	const headers = readMessageHeaders(message);
	if (!headers.ok) {
		return denyAtOnce(state, about, 'BAD_HEADERS', headers.failure.message);
	}

	const leg = services.calls.leg(call, request.leg);
	const decision = services.calls.decisionOf(call);
	const ruled = leg.peer ?? peerOf(state, request, headers.value);
	const {ciphers} = (role === 'answer' ? leg.offer?.signer : leg.signer) ?? {};
	const peer = {...ruled, cipher: decision?.cipher ?? cipherFor(ruled, ciphers)};
	const promised = services.calls.ticketPeer(call, leg.name);
	if (promised !== undefined && promised !== peer.name) {
		return denyAtOnce(state, about, 'LEG_OF_ANOTHER', 'Expected the party for whom leave to bridge was given.');
	}

	if (!dialogOf(headers.value, leg) || (role === 'answer' && message.body.length > 0 && leg.offer?.by !== 'peer')) {
		return denyAtOnce(state, about, 'UNKNOWN_DIALOG', 'Expected a message of the dialog, and an offer to answer.');
	}

	const protection = chosen?.protection ?? templateProtection(leg, request, peer, decision);
	const contentType = message.body.length === 0 ? undefined : contentTypeOf(request);
	const template = chosen ?? templates.find('outbound', protection, contentType);
	if (!template || !services.calls.hasRoom(call)) {
		const reason = template ? 'OVERLOADED' : 'NO_TEMPLATE';
		return denyAtOnce(state, about, reason, 'Expected a template for what leaves, and room for the call.');
	}

	const context = {...services, nowMs: time.nowMs(), call, leg, role, origin: undefined, template: template.name};
	const outcome = await engine.run(template, {message, peer}, context);
	if (!outcome.ok) {
		return deny(
			state,
			{...about, identity: headers.value.to.aor, run: stepFields(template, outcome.steps)},
			outcome.denial,
		);
	}

	const {release} = outcome;
	const prepared = release.get('message', 'sealed-message') ?? message;
	if (decision?.protection === 'preferred' && isWeaker(protection, peer.protection.outbound)) {
		audit.append(time.nowMs(), 'protection-missing', {
			call,
			leg: leg.name,
			rule: decision.rule,
			protection,
			towards: peer.name,
		});
	}

	if (message.body.length > 0 && protection !== 'signed') {
		leg.dialog = dialogOf(headers.value, leg);
		leg.peer = peer;
		if (role === 'offer') {
			const digest = release.get('signed', 'signed-entity')?.digest ?? '';
			const sequence = headers.value.cseq.number;
			leg.offer = {by: 'us', protection: protection as Protection, digest, sequence, signer: undefined};
		}

		services.calls.keep(leg);
	}

	return {
		verdict: 'outbound',
		protection: protection === 'sealed' || protection === 'sdes' ? protection : 'clear',
		message: prepared,
		template: template.name,
		audit: audit.append(time.nowMs(), 'sent', {
			call,
			leg: leg.name,
			peer: peer.name,
			...stepFields(template, outcome.steps),
		}),
	};
}

/** Whose rules hold: those of the called party of a request, of the caller of a response. */
function peerOf({services}: ToolboxState, {message}: FilterOutbound, headers: MessageHeaders): Peer {
	if (message.kind === 'response') {
		return services.policy.peerFor([headers.from.aor]);
	}

	const target = canonicalAor(message.uri);
	return services.policy.peerFor([headers.to.aor, ...(target.ok ? [target.value] : [])]);
}

/**
 * What kind of template: for a session description by policy; for what describes no session `signed` where the policy asks for it and a
 * dialog began sealed, or where a body would have to be sealed.
 */
function templateProtection(
	leg: Leg,
	{role, message}: FilterOutbound,
	peer: Peer,
	decision: CallDecision | undefined,
): Protection | 'signed' | 'none' {
	if (message.body.length === 0) {
		return peer.bodyless === 'signed' && leg.signer && isSignable(message) ? 'signed' : 'none';
	}

	const protection = protectionOf(leg, role, peer);
	if (role === 'offer' && protection === 'sealed' && !leg.signer && !peer.recipient && isLessTaken(decision)) {
		// Nobody could open it: policy takes less for this call, and the audit record says what left.
		return /^a=crypto:/m.test(Buffer.from(message.body).toString('latin1')) ? 'sdes' : 'clear';
	}

	return role === 'none' && protection === 'sealed' ? 'signed' : protection;
}

/** As strong as the offer that it answers and as what the policy asks, whichever is stronger. */
function protectionOf(leg: Leg, role: FilterOutbound['role'], peer: Peer): Protection {
	const asked = peer.protection.outbound;
	const offered = role === 'answer' ? leg.offer?.protection : undefined;
	const candidates = [asked, ...(offered ? [offered] : []), ...(leg.signer ? (['sealed'] as const) : [])];
	return strongestFirst.find((protection) => candidates.includes(protection)) ?? 'sealed';
}

function contentTypeOf({message}: FilterOutbound): string {
	const contentType = parseContentType(header(message, 'Content-Type') ?? '');
	return contentType.ok ? `${contentType.value.type}/${contentType.value.subtype}` : '';
}

const strongestFirst: readonly Protection[] = ['sealed', 'sdes', 'clear'];
