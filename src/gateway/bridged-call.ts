import {EventEmitter} from 'node:events';
import {isIPv6} from 'node:net';
import {invariant, SallyportError} from '../base/error.js';
import {ok, type Result} from '../base/result.js';
import {chooseCrypto, LocalSession, relayAnswer} from '../core/offer-answer/index.js';
import {Dialog} from '../core/sip/dialog.js';
import type {MessageIdentity} from '../core/sip/identity.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {LegLocal} from '../trusted/media/media-client.js';
import type {LegStatistics} from '../trusted/media/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import type {SipResponse} from '../wire/sip/message.js';
import {creditOfRelease} from './admission.js';
import type {CallContext} from './call-context.js';
import {CallLeg} from './call-leg.js';
import {capabilities, contactHeader, sessionIdFrom, withSdp} from './call-messages.js';
import {CalleeInvitation} from './callee-invitation.js';
import {carriedStream, legConfiguration, type OpenedSession, openSession} from './leg-media.js';
import {originOf} from './message-filter.js';
import {cancelled, failed, type Refusal, refusalOf, refuse} from './refusal.js';
import {findRoute, type Route} from './routing.js';

export type CallSummary = {
	readonly call: string;
	readonly state: 'inviting' | 'established' | 'ended';
	/** Canonical AOR that the caller was proven to be; empty before that, or where nothing was proven. */
	readonly caller: string;
	/** Request-URI of the caller's INVITE. */
	readonly callee: string;
	/** Suite in force on each leg; absent for plain RTP. */
	readonly suites: {readonly caller?: SrtpSuiteName; readonly callee?: SrtpSuiteName};
};

export type BridgedCallEvents = {
	established: [summary: CallSummary];
	refused: [refusal: Refusal];
	/** Last. The counters are those of the relay's two legs, or empty where there was none. */
	ended: [reason: string, statistics: readonly LegStatistics[]];
};

/** The caller's offer, what we take of it, and our ports. */
type Accepted = {
	readonly offered: OpenedSession;
	readonly streamIndex: number;
	/** Undefined for plain RTP. */
	readonly chosen: HandleAttribute | undefined;
	readonly route: Route;
};

/** One call through the gateway: a dialog on either side, a relay between them, and the toolbox before every message. */
export class BridgedCall extends EventEmitter<BridgedCallEvents> {
	readonly id: string;
	/** Our tags in the dialogs of caller and callee: what names this call in later requests. */
	readonly localTags: readonly [caller: string, callee: string];
	readonly #context: CallContext;
	readonly #incoming: IncomingRequest;
	readonly #caller = new CallLeg('caller');
	#invitation: CalleeInvitation | undefined;
	#state: CallSummary['state'] = 'inviting';
	#callerIdentity = '';
	#suites: CallSummary['suites'] = {};
	/** What is still being done for the call; it lets go soon after the call has ended. */
	#attempt: Promise<unknown> = Promise.resolve();
	#ending: Promise<void> | undefined;

	constructor(context: CallContext, incoming: IncomingRequest) {
		super();
		this.#context = context;
		this.#incoming = incoming;
		this.id = context.endpoint.newTag();
		this.localTags = [incoming.localTag, context.endpoint.newTag()];
	}

	get summary(): CallSummary {
		return {
			call: this.id,
			state: this.#state,
			caller: this.#callerIdentity,
			callee: this.#incoming.request.uri,
			suites: this.#suites,
		};
	}

	/** Carries the INVITE through to an answer. Never rejects: what goes wrong becomes a final response. */
	async connect(): Promise<void> {
		const incoming = this.#incoming;
		incoming.once('cancel', () => void this.end('cancelled'));
		incoming.once('ack-timeout', () => void this.end('no-ack'));
		incoming.respond(incoming.makeResponse(100, 'Trying'));
		const attempt = this.#connect().then(
			(connected) => (connected.ok ? undefined : connected.failure),
			(error: unknown) => refuse(503, 'Service Unavailable', error instanceof SallyportError ? error.code : 'INTERNAL'),
		);
		this.#attempt = attempt;
		const refusal = await attempt;
		if (refusal !== undefined && !this.#isEnded()) {
			const {status, reasonPhrase, headers} = refusal;
			incoming.respond(incoming.makeResponse(status, reasonPhrase, {headers}));
			this.emit('refused', refusal);
			await this.end(refusal.reason);
		}
	}

	/** A request in one of the call's dialogs. */
	async receive(incoming: IncomingRequest, identity: MessageIdentity): Promise<void> {
		const leg = this.#legs().find(({dialog}) => dialog?.matches(identity));
		const {request, origin} = incoming;
		if (leg?.dialog === undefined) {
			incoming.respond(incoming.makeResponse(481, 'Call/Transaction Does Not Exist'));
			return;
		}

		// No request in a dialog changes the session: its body is not opened, and claims nothing.
		const filtered = await this.#context.toolbox.filterInbound({
			call: this.id,
			leg: leg.name,
			role: 'none',
			origin: originOf(origin),
			message: {...request, body: new Uint8Array()},
		});
		const refusal = filtered.verdict === 'denial' ? filtered : leg.dialog.receiveRequest(request);
		if (refusal !== undefined) {
			const reason = 'reasonPhrase' in refusal ? refusal.reasonPhrase : refusal.reason;
			incoming.respond(incoming.makeResponse(refusal.status, reason, {headers: refusal.headers}));
		} else if (request.method === 'BYE') {
			incoming.respond(incoming.makeResponse(200, 'OK'));
			await this.end('bye');
		} else if (request.method === 'INVITE') {
			// The session stays as it is (RFC 3261 §14.2).
			leg.dialog.answerInvite(488);
			incoming.respond(incoming.makeResponse(488, 'Not Acceptable Here'));
		} else {
			incoming.respond(incoming.makeResponse(200, 'OK', {headers: capabilities}));
		}
	}

	/**
	 * Ends what there is of the call, with BYE to each side that has not sent one. Safe twice. Resolves when nothing of it
	 * is left, here and at the peers.
	 */
	end(reason: string): Promise<void> {
		this.#ending ??= this.#end(reason);
		return this.#ending;
	}

	async #end(reason: string): Promise<void> {
		if (this.#state === 'inviting') {
			// Where there was a final response this is none.
			const [status, phrase] = reason === 'bye' ? [487, 'Request Terminated'] : [503, 'Service Unavailable'];
			this.#incoming.respond(this.#incoming.makeResponse(Number(status), String(phrase)));
		}

		this.#state = 'ended';
		this.#invitation?.cancel();
		const {endpoint, toolbox, media} = this.#context;
		const farewells = this.#legs().map((leg) => leg.hangUp({endpoint, filter: toolbox, call: this.id}));
		// What was under way could still make a relay or a key.
		await this.#attempt;
		const statistics = await media.destroyRelay(this.id).catch(() => []);
		await toolbox.endCall({call: this.id, reason}).catch(() => {});
		this.emit('ended', reason, statistics);
		await Promise.allSettled(farewells);
	}

	async #connect(): Promise<Result<void, Refusal>> {
		const accepted = await this.#acceptOffer();
		if (!accepted.ok) {
			return accepted;
		}

		const {offered, streamIndex, route} = accepted.value;
		const {caller, callee} = await this.#createRelay(accepted.value);
		const invitation = new CalleeInvitation(this.#context, {
			call: this.id,
			route,
			request: this.#incoming.request,
			offered,
			streamIndex,
			local: callee,
			localTag: this.localTags[1],
		});
		this.#invitation = invitation;
		if (this.#isEnded()) {
			return failed(cancelled);
		}

		const answered = await invitation.send(() => {
			const headers = [contactHeader(this.#context.contact)];
			this.#incoming.respond(this.#incoming.makeResponse(180, 'Ringing', {headers}));
		});
		return answered.ok ? this.#bridge(accepted.value, answered.value, invitation, caller) : answered;
	}

	/** The offer opened and looked at: is there a stream that we carry, a suite that we speak, a way to go? */
	async #acceptOffer(): Promise<Result<Accepted, Refusal>> {
		const {request, origin, localTag} = this.#incoming;
		const {toolbox, routes, suites, sources} = this.#context;
		if (request.body.length === 0) {
			return failed(refuse(488, 'Not Acceptable Here', 'NO_OFFER'));
		}

		const offered = await openSession(toolbox, {
			call: this.id,
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

		this.#caller.dialog = dialog.value;
		const route = findRoute(routes, request.uri);
		if (route === undefined) {
			return failed(refuse(404, 'Not Found', 'NO_ROUTE'));
		}

		const streamIndex = carriedStream(offered.value.session);
		const stream = streamIndex === undefined ? undefined : offered.value.session.media[streamIndex];
		const chosen = stream && chooseCrypto(stream, suites);
		const isCarried = stream !== undefined && (chosen !== undefined || !stream.protocol.includes('SAVP'));
		return isCarried && streamIndex !== undefined
			? ok({offered: offered.value, streamIndex, chosen, route})
			: failed(refuse(488, 'Not Acceptable Here', 'NO_ACCEPTABLE_STREAM'));
	}

	/** Where each leg listens. */
	async #createRelay({
		route,
		offered,
		streamIndex,
	}: Accepted): Promise<{readonly caller: LegLocal['local']; readonly callee: LegLocal['local']}> {
		const {toolbox, media} = this.#context;
		const callerAddress = offered.session.media[streamIndex]?.remote?.rtp.address;
		const ticket = await toolbox.authorizeBridge({
			call: this.id,
			legs: [
				{leg: 'caller', identity: this.#callerIdentity},
				{leg: 'callee', identity: calleeIdentity(route, this.#incoming.request.uri)},
			],
		});
		const [caller, callee] = await media.createRelay({
			call: this.id,
			ticket,
			legs: [
				{leg: 'caller', ...(callerAddress !== undefined && {family: familyOf(callerAddress)})},
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
		{rtp: {port}, advertisedAddress}: LegLocal['local'],
	): Promise<Result<void, Refusal>> {
		const {toolbox, media, clock, contact} = this.#context;
		const calleeLine = answered.session.media[streamIndex]?.crypto[0];
		const calleeKey = calleeLine && invitation.ownKey(calleeLine.suite);
		const callerKey = chosen && (await toolbox.mintKey({call: this.id, leg: 'caller', suite: chosen.suite}));
		const callee = calleeLine && calleeKey && {chosen: calleeLine, ownKey: calleeKey};
		const caller = chosen && callerKey && {chosen, ownKey: callerKey};
		for (const configuration of [
			legConfiguration(this.id, 'callee', answered, streamIndex, callee),
			legConfiguration(this.id, 'caller', offered, streamIndex, caller),
		]) {
			if (configuration === undefined) {
				return failed(refuse(488, 'Not Acceptable Here', 'NO_MEDIA_ADDRESS'));
			}

			await media.configureLeg(configuration);
		}

		const end = caller === undefined ? {port} : {port, crypto: {chosen: caller.chosen, handle: caller.ownKey}};
		const answer = relayAnswer(
			offered.session,
			answered.session,
			offered.session.media.map((_, index) => (index === streamIndex ? end : undefined)),
		);
		const local = new LocalSession({sessionId: sessionIdFrom(clock), address: advertisedAddress});
		const response = this.#incoming.makeResponse(200, 'OK', {headers: [contactHeader(contact)]});
		const outbound = await toolbox.filterOutbound({
			call: this.id,
			leg: 'caller',
			role: 'answer',
			message: withSdp(response, local.write(answer), clock.wallMs()),
		});
		if (outbound.verdict === 'denial') {
			return failed(refusalOf(outbound));
		}

		if (this.#isEnded()) {
			return failed(cancelled);
		}

		this.#suites = {
			...(chosen === undefined ? {} : {caller: chosen.suite}),
			...(calleeLine === undefined ? {} : {callee: calleeLine.suite}),
		};
		this.#state = 'established';
		this.#caller.dialog?.answerInvite(200);
		this.#caller.awaitAck(this.#incoming);
		this.#incoming.respond(outbound.message as SipResponse);
		this.emit('established', this.summary);
		return ok(undefined);
	}

	#legs(): readonly CallLeg[] {
		return this.#invitation === undefined ? [this.#caller] : [this.#caller, this.#invitation.leg];
	}

	/** Asked after an await, in which much may have happened. */
	#isEnded(): boolean {
		return this.#state === 'ended';
	}
}

/** The address that a route is for; the Request-URI where it is for many. */
function calleeIdentity({to}: Route, requestUri: string): string {
	return to.includes('@') ? to : requestUri;
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
	return isIPv6(address) ? 'IPv6' : 'IPv4';
}
