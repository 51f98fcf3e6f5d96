import {isIPv6} from 'node:net';
import {invariant} from '../base/error.js';
import {ok, type Result} from '../base/result.js';
import {chooseCrypto, LocalSession, relayAnswer} from '../core/offer-answer/index.js';
import {Dialog} from '../core/sip/dialog.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {LegLocal} from '../trusted/media/media-client.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SipResponse} from '../wire/sip/message.js';
import {creditOfRelease} from './admission.js';
import {mediaOfAnswer, mediaOfOffer} from './agreed-media.js';
import type {CallContext} from './call-context.js';
import {CallLeg} from './call-leg.js';
import {contactHeader, sessionIdFrom, withSdp} from './call-messages.js';
import {CalleeInvitation} from './callee-invitation.js';
import {carriedStream} from './leg-media.js';
import {originOf} from './message-filter.js';
import {type OpenedSession, openSession} from './opened-session.js';
import {cancelled, failed, type Refusal, refusalOf, refuse} from './refusal.js';
import {findRoute, type ResolvedRoute, resolveRoute} from './routing.js';

/** The caller's offer, what we take of it, and where it goes. */
type Accepted = {
	readonly offered: OpenedSession;
	readonly streamIndex: number;
	/** Undefined for plain RTP. */
	readonly chosen: HandleAttribute | undefined;
	readonly route: ResolvedRoute;
};

export type CallSetupParts = {
	readonly call: string;
	/** The caller's INVITE. */
	readonly incoming: IncomingRequest;
	readonly caller: CallLeg;
	/** Ours, in the dialog of the callee. */
	readonly calleeTag: string;
};

/** Carries one INVITE through to an answer: offer opened, relay made, callee invited, keys installed, answer sealed. */
export class CallSetup {
	readonly #context: CallContext;
	readonly #parts: CallSetupParts;
	#callee: CallLeg | undefined;
	#invitation: CalleeInvitation | undefined;
	#callerIdentity = '';
	#isCancelled = false;

	constructor(context: CallContext, parts: CallSetupParts) {
		this.#context = context;
		this.#parts = parts;
	}

	/** From the moment that there is a way to the callee. */
	get callee(): CallLeg | undefined {
		return this.#callee;
	}

	/** Canonical AOR that the caller was proven to be; empty before that, or where nothing was proven. */
	get callerIdentity(): string {
		return this.#callerIdentity;
	}

	/** Stops where it is. */
	cancel(): void {
		this.#isCancelled = true;
		this.#invitation?.cancel();
	}

	/** The answer to the caller, ready to be sent: keys and addresses are then in both legs. */
	async run(): Promise<Result<SipResponse, Refusal>> {
		const accepted = await this.#acceptOffer();
		if (!accepted.ok) {
			return accepted;
		}

		const {call, incoming, calleeTag} = this.#parts;
		const {offered, streamIndex, route} = accepted.value;
		const {caller, callee} = await this.#createRelay(accepted.value);
		const leg = new CallLeg('callee', {...route, ...this.#context.silence});
		this.#callee = leg;
		const invitation = new CalleeInvitation(this.#context, {
			call,
			leg,
			route,
			request: incoming.request,
			offered,
			streamIndex,
			local: callee,
			localTag: calleeTag,
		});
		this.#invitation = invitation;
		if (this.#isCancelled) {
			return failed(cancelled);
		}

		const answered = await invitation.send(() => {
			const headers = [contactHeader(this.#context.contact)];
			incoming.respond(incoming.makeResponse(180, 'Ringing', {headers}));
		});
		return answered.ok ? this.#bridge(accepted.value, answered.value, invitation, leg, caller) : answered;
	}

	/** The offer opened and looked at: is there a stream that we carry, a suite that we speak, a way to go? */
	async #acceptOffer(): Promise<Result<Accepted, Refusal>> {
		const {call, incoming, caller} = this.#parts;
		const {request, origin, localTag} = incoming;
		const {toolbox, routes, locations, suites, sources, clock} = this.#context;
		if (request.body.length === 0) {
			return failed(refuse(488, 'Not Acceptable Here', 'NO_OFFER'));
		}

		const offered = await openSession(toolbox, {
			call,
			leg: 'caller',
			role: 'offer',
			origin: originOf(origin),
			message: request,
		});
		if (!offered.ok) {
			return offered;
		}

		sources.earn(origin, creditOfRelease);
		this.#callerIdentity = offered.value.release.identity;
		const dialog = Dialog.fromRequest(request, localTag);
		if (!dialog.ok) {
			return failed(refuse(400, 'Bad Request', dialog.failure.code));
		}

		caller.dialog = dialog.value;
		const found = findRoute(routes, request.uri);
		if (found === undefined) {
			return failed(refuse(404, 'Not Found', 'NO_ROUTE'));
		}

		const route = resolveRoute(found, request.uri, locations, clock.monotonicMs());
		if (route === undefined) {
			return failed(refuse(480, 'Temporarily Unavailable', 'NOT_REGISTERED'));
		}

		const streamIndex = carriedStream(offered.value.session);
		const stream = streamIndex === undefined ? undefined : offered.value.session.media[streamIndex];
		const chosen = stream && chooseCrypto(stream, suites);
		const isTaken = stream !== undefined && (chosen !== undefined || !stream.protocol.includes('SAVP'));
		return isTaken && streamIndex !== undefined
			? ok({offered: offered.value, streamIndex, chosen, route})
			: failed(refuse(488, 'Not Acceptable Here', 'NO_ACCEPTABLE_STREAM'));
	}

	/** Where each leg listens. */
	async #createRelay({
		route,
		offered,
		streamIndex,
	}: Accepted): Promise<{readonly caller: LegLocal['local']; readonly callee: LegLocal['local']}> {
		const {toolbox, media, callerRules} = this.#context;
		const {call, incoming} = this.#parts;
		const callerAddress = offered.session.media[streamIndex]?.remote?.rtp.address;
		const {mediaInterface} = callerRules(incoming.origin);
		const ticket = await toolbox.authorizeBridge({
			call,
			legs: [
				{leg: 'caller', identity: this.#callerIdentity},
				{leg: 'callee', identity: calleeIdentity(route, incoming.request.uri)},
			],
		});
		const [caller, callee] = await media.createRelay({
			call,
			ticket,
			legs: [
				{
					leg: 'caller',
					...(callerAddress !== undefined && {family: familyOf(callerAddress)}),
					...(mediaInterface !== undefined && {interface: mediaInterface}),
				},
				{
					leg: 'callee',
					family: familyOf(route.target.address),
					...(route.mediaInterface !== undefined && {interface: route.mediaInterface}),
				},
			],
		});
		invariant(caller !== undefined && callee !== undefined, 'two legs');
		return {caller: caller.local, callee: callee.local};
	}

	/** Keys and addresses into both legs, then the answer to the caller: in that order (DESIGN §6). */
	async #bridge(
		{offered, streamIndex, chosen}: Accepted,
		answered: OpenedSession,
		invitation: CalleeInvitation,
		calleeLeg: CallLeg,
		{rtp, rtcp, advertisedAddress}: LegLocal['local'],
	): Promise<Result<SipResponse, Refusal>> {
		const {toolbox, media, clock, contact} = this.#context;
		const {call, incoming, caller: callerLeg} = this.#parts;
		const [callerKey] = chosen ? await toolbox.mintKeys({call, leg: 'caller', suites: [chosen.suite]}) : [];
		const end = {
			port: rtp.port,
			rtcpPort: rtcp.port,
			isRtcpMultiplexed: true,
			...(chosen && callerKey ? {crypto: {chosen, handle: callerKey}} : {}),
		};
		const written = relayAnswer(
			offered.session,
			answered.session,
			offered.session.media.map((_, index) => (index === streamIndex ? end : undefined)),
		);
		const suite = answered.session.media[streamIndex]?.crypto[0]?.suite;
		const callee = mediaOfAnswer({
			opened: answered,
			streamIndex,
			section: invitation.media[streamIndex],
			ownKey: suite && invitation.ownKey(suite),
		});
		const caller = mediaOfOffer(
			{opened: offered, streamIndex, section: written[streamIndex], ownKey: callerKey},
			chosen,
		);
		if (caller === undefined || callee === undefined) {
			return failed(refuse(488, 'Not Acceptable Here', 'NO_MEDIA_ADDRESS'));
		}

		await calleeLeg.configure(media, call, callee);
		await callerLeg.configure(media, call, caller);
		const local = new LocalSession({sessionId: sessionIdFrom(clock), address: advertisedAddress});
		callerLeg.local = local;
		const response = incoming.makeResponse(200, 'OK', {headers: [contactHeader(contact)]});
		const outbound = await toolbox.filterOutbound({
			call,
			leg: 'caller',
			role: 'answer',
			message: withSdp(response, local.write(written), clock.wallMs()),
		});
		if (outbound.verdict === 'denial') {
			return failed(refusalOf(outbound));
		}

		callerLeg.session = {...caller, written};
		calleeLeg.session = {...callee, written: invitation.media};
		return ok(outbound.message as SipResponse);
	}
}

/** The address that a route is for; the Request-URI where it is for many. */
function calleeIdentity({to}: ResolvedRoute, requestUri: string): string {
	return to.includes('@') ? to : requestUri;
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
	return isIPv6(address) ? 'IPv6' : 'IPv4';
}
