import {parseContentType} from '../../wire/mime/content-type.js';
import {parameterValue} from '../../wire/sip/grammar.js';
import {header} from '../../wire/sip/headers.js';
import type {SipMessage} from '../../wire/sip/message.js';
import {canonicalAor} from '../certificates/identity.js';
import type {Leg, LegOffer} from './calls/leg.js';
import type {ReleasedPorts} from './engine/engine.js';
import {stepFields} from './engine/step-record.js';
import type {Template} from './engine/template.js';
import {mediaSourceOf} from './origin/media-origin.js';
import {type CallDecision, isLessTaken, isWeaker} from './policy/call-rules.js';
import {LegacyUse} from './policy/legacy-use.js';
import type {Peer} from './policy/policy.js';
import type {Protection} from './policy/toolbox-options.js';
import type {Denial, FilterInbound, Release} from './protocol.js';
import {deny, denyAtOnce, type ToolboxState} from './toolbox-state.js';
import {dialogOf, type MessageHeaders, readMessageHeaders} from './tools/message-headers.js';

/** Runs a message from outside through the template of its peer and type, or through `chosen` whatever policy says. */
export async function filterInbound(
	state: ToolboxState,
	request: FilterInbound,
	chosen?: Template,
): Promise<Release | Denial> {
	const {services, engine, audit, time} = state;
	const {call, role, origin, message} = request;
	const about = {call, leg: request.leg, origin, identity: ''};
	const headers = readMessageHeaders(message);
	if (!headers.ok) {
		return denyAtOnce(state, about, 'BAD_HEADERS', headers.failure.message);
	}

	const leg = services.calls.leg(call, request.leg);
	const claimed = message.kind === 'request' ? headers.value.from.aor : headers.value.to.aor;
	const ruled = leg.peer ?? services.policy.peerFor([claimed]);
	const isEmergency = isCallForHelp(state, request, headers.value);
	const decision = decisionOf(state, request, headers.value, trunkOf(ruled), isEmergency);
	const possible = possibleTemplates(state, leg, ruled, request, decision);
	const template = isEncoded(request) ? undefined : (chosen ?? fittingTemplate(possible, request));
	if (!template) {
		const accepted = possible.flatMap(({accepts}) => accepts);
		return denyAtOnce(state, {...about, identity: claimed, accepted}, 'UNSUPPORTED_TYPE', contentTypeOf(request));
	}

	if (!services.calls.hasRoom(call)) {
		return denyAtOnce(state, {...about, identity: claimed}, 'OVERLOADED', 'Expected room for another call.');
	}

	const isProving = template.protection === 'sealed' || template.protection === 'signed';
	if (decision && !isProving && (!decision.allow || decision.templates?.includes(template.name) === false)) {
		return denyAtOnce(state, {...about, identity: claimed}, 'NOT_AUTHORISED', `rule ${decision.rule}`);
	}

	// Of what proves who sent it the rules are narrowed when that is known.
	const peer = decision && !isProving ? services.policy.narrowed(ruled, decision) : ruled;
	const legacy = new LegacyUse(ruled, services.policy);
	const context = {...services, legacy, nowMs: time.nowMs(), call, leg, role, origin, template: template.name};
	const outcome = await engine.run(template, {message, peer}, context);
	if (!outcome.ok) {
		return deny(state, {...about, identity: claimed, run: stepFields(template, outcome.steps)}, outcome.denial);
	}

	const {release} = outcome;
	const signer = release.get('signer', 'proven-signer');
	const media = release.get('media', 'released-media');
	const identity = signer?.identity ?? release.get('registrant', 'registrant')?.identity ?? '';
	const protection = protectionOf(template);
	if (media) {
		noteAccepted(leg, request, headers.value, release, peer, protection);
		leg.decision = signer
			? decisionOf(state, request, headers.value, trunkOf(leg.peer ?? peer), isEmergency && peer.binding !== 'none')
			: decision;
		noteMissingProtection(state, leg, request, protection, isEmergency);
		services.calls.keep(leg);
	}

	return {
		verdict: 'release',
		protection,
		sdp: media?.sdp ?? '',
		keys: media?.keys ?? [],
		identity,
		mediaSource: mediaSourceOf(leg.peer ?? peer, origin, services.origins.places, protection !== 'clear'),
		template: template.name,
		audit: audit.append(time.nowMs(), 'released', {
			call,
			leg: leg.name,
			...stepFields(template, outcome.steps),
			identity,
			from: `${origin.transport}:${origin.address}:${origin.port}`,
		}),
	};
}

/** To is what a signature covers; in the open the Request-URI says as much. */
function isCallForHelp({services}: ToolboxState, {message, role}: FilterInbound, {to}: MessageHeaders): boolean {
	if (role !== 'offer' || message.kind !== 'request') {
		return false;
	}

	const isSealed = /^\s*(?:application\/pkcs7-mime|multipart\/signed)\b/i.test(header(message, 'Content-Type') ?? '');
	const target = canonicalAor(message.uri);
	return services.policy.isEmergency(to.aor) || (!isSealed && target.ok && services.policy.isEmergency(target.value));
}

/** What policy says of a call; undefined for what is no offer of one. */
function decisionOf(
	{services}: ToolboxState,
	{message, role}: FilterInbound,
	{from, to}: MessageHeaders,
	trunk: string | undefined,
	isEmergency: boolean,
): CallDecision | undefined {
	return role === 'offer' && message.kind === 'request'
		? services.policy.decide({from: from.aor, trunk, to: to.aor, uri: message.uri}, isEmergency)
		: undefined;
}

function trunkOf({kind, name}: Peer): string | undefined {
	return kind === 'trunk' ? name : undefined;
}

/** A call that passed with less than its peer's rules ask for is on record, and so is every call for help. */
function noteMissingProtection(
	{services, audit, time}: ToolboxState,
	{name, decision, peer, identity}: Leg,
	{call, origin, message}: FilterInbound,
	protection: Protection,
	isEmergency: boolean,
): void {
	const atMs = time.nowMs();
	if (isEmergency) {
		const detail = `A call for help with its body ${protection}.`;
		services.alerts.raise({atMs, kind: 'emergency', reason: 'EMERGENCY', identity, origin, call, detail});
		audit.append(atMs, 'emergency', {call, leg: name, protection, to: message.kind === 'request' ? message.uri : ''});
	} else if (decision?.protection === 'preferred' && peer && isWeaker(protection, peer.protection.inbound)) {
		audit.append(atMs, 'protection-missing', {call, leg: name, rule: decision.rule, protection, from: peer.name});
	}
}

function isRegistration(message: SipMessage): boolean {
	return message.kind === 'request' && message.method === 'REGISTER';
}

/** What the policy takes from this peer, strongest first. A leg that began sealed stays so. */
function possibleTemplates(
	{templates}: ToolboxState,
	leg: Leg,
	peer: Peer,
	{message, role}: FilterInbound,
	decision: CallDecision | undefined,
): readonly Template[] {
	const required: Protection = leg.signer ? 'sealed' : peer.protection.inbound;
	const lesser = !leg.signer && isLessTaken(decision) ? (['sdes', 'clear'] as const) : [];
	const forBodies: readonly Template['protection'][] = role === 'none' ? ['signed'] : ['sealed', required, ...lesser];
	const ofKind = message.body.length > 0 ? forBodies : (['none'] as const);
	const protections = isRegistration(message) ? (['registration'] as const) : ofKind;
	return templates
		.list()
		.filter(
			({direction, protection, accepts}) =>
				direction === 'inbound' &&
				protections.includes(protection) &&
				(peer.acceptsVisibleKeys || protection !== 'sealed' || !accepts.includes('multipart/signed')),
		);
}

/** The first that takes the body: by its whole type where a template names the smime-type, or by type and subtype. */
function fittingTemplate(possible: readonly Template[], request: FilterInbound): Template | undefined {
	if (request.message.body.length === 0) {
		return possible[0];
	}

	const type = contentTypeOf(request);
	const fits = (name: string) => possible.find(({accepts}) => accepts.includes(name));
	return fits(`${type};smime-type=${smimeTypeOf(request)}`) ?? fits(type);
}

function protectionOf({protection}: Template): Protection {
	return protection === 'sealed' || protection === 'sdes' ? protection : 'clear';
}

function smimeTypeOf({message}: FilterInbound): string {
	const contentType = parseContentType(header(message, 'Content-Type') ?? '');
	return contentType.ok ? (parameterValue(contentType.value.params, 'smime-type') ?? '').toLowerCase() : '';
}

/** We decode no Content-Encoding (RFC 3261 §8.2.3). */
function isEncoded({message}: FilterInbound): boolean {
	const encoding = header(message, 'Content-Encoding');
	return message.body.length > 0 && encoding !== undefined && encoding.toLowerCase() !== 'identity';
}

function contentTypeOf({message}: FilterInbound): string {
	const contentType = parseContentType(header(message, 'Content-Type') ?? '');
	return contentType.ok ? `${contentType.value.type}/${contentType.value.subtype}` : '';
}

function noteAccepted(
	leg: Leg,
	{role, origin}: FilterInbound,
	headers: MessageHeaders,
	release: ReleasedPorts,
	peer: Peer,
	protection: Protection,
): void {
	const signer = release.get('signer', 'proven-signer');
	const recipient = signer && {
		certificate: signer.certificate,
		fingerprint: signer.fingerprint,
		ciphers: signer.ciphers,
	};
	leg.dialog = dialogOf(headers, leg);
	leg.peer = release.get('peer', 'peer') ?? peer;
	leg.identity = signer?.identity ?? leg.identity;
	leg.signer = recipient ?? leg.signer;
	leg.origin = origin;
	leg.isClear = protection === 'clear';
	if (role === 'offer') {
		const offer: LegOffer = {
			by: 'peer',
			protection,
			digest: release.get('content', 'verified-content')?.digest ?? '',
			sequence: headers.cseq.number,
			signer: recipient,
		};
		leg.offer = offer;
	}
}
