import {EventEmitter} from 'node:events';
import type {Clock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';
import {ok, type Result} from '../base/result.js';
import {
	checkAnswer,
	chooseCrypto,
	type LocalMedia,
	LocalSession,
	readSession,
	relayAnswer,
	relayOffer,
} from '../core/offer-answer/index.js';
import {Dialog} from '../core/sip/dialog.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {OutgoingRequest} from '../io/sip/outgoing-request.js';
import type {SipEndpoint} from '../io/sip/sip-endpoint.js';
import type {LegLocal, MediaClient} from '../trusted/media/media-client.js';
import type {LegStatistics} from '../trusted/media/protocol.js';
import type {OwnKeyHandle} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {header} from '../wire/sip/headers.js';
import type {SipMessage, SipRequest, SipResponse} from '../wire/sip/message.js';
import {parseNameAddr, writeNameAddr} from '../wire/sip/name-addr.js';
import {type CallLeg, carriedStream, type LegName, legConfiguration, type OpenedSession} from './call-leg.js';
import {contactHeader, makeInvite, withSdp} from './call-messages.js';
import type {BridgeAuthority, MessageFilter} from './message-filter.js';
import {type Refusal, refusalOf, refuse} from './refusal.js';
import {findRoute, type Route} from './routing.js';
import {targetOf} from './sip-target.js';

/** What a call works with; shared by all calls of a gateway. */
export type CallContext = {
	readonly endpoint: SipEndpoint;
	readonly toolbox: MessageFilter & BridgeAuthority;
	readonly media: MediaClient;
	readonly clock: Clock;
	/** Numeric address of our media sockets. */
	readonly mediaAddress: string;
	/** What we offer and accept, by preference. */
	readonly suites: readonly SrtpSuiteName[];
	readonly routes: readonly Route[];
	/** URI of our Contact. */
	readonly contact: string;
};

export type CallSummary = {
	readonly call: string;
	readonly state: 'inviting' | 'established' | 'ended';
	/** Canonical AOR that the caller was proven to be; empty before that, or where nothing was proven. */
	readonly caller: string;
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

/** The callee's leg while its INVITE is out. */
type Offered = {
	readonly invite: SipRequest;
	readonly media: readonly LocalMedia[];
	readonly ownKeys: ReadonlyMap<SrtpSuiteName, OwnKeyHandle>;
};

/** One call through the gateway: a dialog on either side, a relay between them, and the toolbox before every message. */
export class BridgedCall extends EventEmitter<BridgedCallEvents> {
	readonly id: string;
	readonly #context: CallContext;
	readonly #incoming: IncomingRequest;
	readonly #caller: CallLeg = {name: 'caller', dialog: undefined};
	readonly #callee: CallLeg = {name: 'callee', dialog: undefined};
	#outgoing: OutgoingRequest | undefined;
	#state: CallSummary['state'] = 'inviting';
	#callerIdentity = '';
	#suites: CallSummary['suites'] = {};

	constructor(context: CallContext, incoming: IncomingRequest, id: string) {
		super();
		this.#context = context;
		this.#incoming = incoming;
		this.id = id;
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
		let refusal: Refusal | undefined;
		try {
			const connected = await this.#connect();
			refusal = connected.ok ? undefined : connected.failure;
		} catch (error) {
			const code = error instanceof SallyportError ? error.code : 'INTERNAL';
			refusal = refuse(503, 'Service Unavailable', code);
		}

		if (refusal === undefined) {
			return;
		}

		// An answer may have come after the end.
		await this.#sendBye(this.#callee).catch(() => {});
		if (this.#state !== 'ended') {
			const {status, reasonPhrase, headers} = refusal;
			incoming.respond(incoming.makeResponse(status, reasonPhrase, {headers}));
			this.emit('refused', refusal);
			await this.end(refusal.reason);
		}
	}

	/** True where the request belongs to one of the call's dialogs. */
	owns(callId: string, fromTag: string, toTag: string): boolean {
		return this.#legOf(callId, fromTag, toTag) !== undefined;
	}

	/** A request in one of the call's dialogs. */
	async receive(incoming: IncomingRequest, identity: {callId: string; fromTag: string; toTag: string}): Promise<void> {
		const leg = this.#legOf(identity.callId, identity.fromTag, identity.toTag);
		const {request, origin} = incoming;
		if (leg?.dialog === undefined) {
			incoming.respond(incoming.makeResponse(481, 'Call/Transaction Does Not Exist'));
			return;
		}

		const role = request.method === 'INVITE' ? 'offer' : 'none';
		const filtered = await this.#context.toolbox.filterInbound({
			call: this.id,
			leg: leg.name,
			role,
			origin: originOf(origin),
			message: request,
		});
		if (filtered.verdict === 'denial') {
			const {status, reasonPhrase, headers} = filtered;
			incoming.respond(incoming.makeResponse(status, reasonPhrase, {headers}));
			return;
		}

		const refusal = leg.dialog.receiveRequest(request);
		if (refusal !== undefined) {
			incoming.respond(incoming.makeResponse(refusal.status, refusal.reason, {headers: refusal.headers}));
		} else if (request.method === 'BYE') {
			incoming.respond(incoming.makeResponse(200, 'OK'));
			await this.end('bye', leg.name);
		} else if (request.method === 'INVITE') {
			// The session stays as it is (RFC 3261 §14.2).
			leg.dialog.answerInvite(488);
			incoming.respond(incoming.makeResponse(488, 'Not Acceptable Here'));
		} else {
			incoming.respond(incoming.makeResponse(501, 'Not Implemented'));
		}
	}

	/** Ends what there is of the call, with BYE to each side but `except`; safe twice. */
	async end(reason: string, except?: LegName): Promise<void> {
		if (this.#state === 'ended') {
			return;
		}

		this.#state = 'ended';
		this.#outgoing?.cancel();
		const legs = [this.#caller, this.#callee].filter(({name}) => name !== except);
		await Promise.allSettled(legs.map((leg) => this.#sendBye(leg)));
		const statistics = await this.#context.media.destroyRelay(this.id).catch(() => []);
		await this.#context.toolbox.endCall({call: this.id, reason}).catch(() => {});
		this.emit('ended', reason, statistics);
	}

	async #connect(): Promise<Result<void, Refusal>> {
		const {request} = this.#incoming;
		const offered = await this.#openSession('caller', 'offer', request, originOf(this.#incoming.origin));
		if (!offered.ok) {
			return offered;
		}

		this.#callerIdentity = offered.value.release.identity;
		const dialog = Dialog.fromRequest(request, this.#incoming.localTag);
		if (!dialog.ok) {
			return failed(refuse(400, 'Bad Request', dialog.failure.code));
		}

		this.#caller.dialog = dialog.value;
		const route = findRoute(this.#context.routes, request.uri);
		const streamIndex = carriedStream(offered.value.session);
		if (route === undefined) {
			return failed(refuse(404, 'Not Found', 'NO_ROUTE'));
		}

		const stream = streamIndex === undefined ? undefined : offered.value.session.media[streamIndex];
		const chosen = stream && chooseCrypto(stream, this.#context.suites);
		const isProtected = stream?.protocol.includes('SAVP') === true;
		if (streamIndex === undefined || (isProtected && chosen === undefined)) {
			return failed(refuse(488, 'Not Acceptable Here', 'NO_ACCEPTABLE_STREAM'));
		}

		const locals = await this.#createRelay(route);
		const sent = await this.#inviteCallee(route, offered.value, streamIndex, locals);
		if (!sent.ok) {
			return sent;
		}

		const answered = await this.#awaitAnswer(sent.value, route);
		if (!answered.ok) {
			return answered;
		}

		return this.#bridge(offered.value, answered.value, {streamIndex, chosen, locals, offer: sent.value});
	}

	/** Lets the toolbox open what a peer sent, and reads the SDP of handles that it releases. */
	async #openSession(
		leg: LegName,
		role: 'offer' | 'answer',
		message: SipMessage,
		origin: ReturnType<typeof originOf>,
	): Promise<Result<OpenedSession, Refusal>> {
		const filtered = await this.#context.toolbox.filterInbound({call: this.id, leg, role, origin, message});
		if (filtered.verdict === 'denial') {
			return failed(refusalOf(filtered));
		}

		const session = readSession(filtered.sdp);
		return session.ok
			? ok({release: filtered, session: session.value})
			: failed(refuse(488, 'Not Acceptable Here', session.failure.code));
	}

	async #createRelay(route: Route): Promise<ReadonlyMap<LegName, LegLocal['local']>> {
		const {toolbox, media, mediaAddress} = this.#context;
		const ticket = await toolbox.authorizeBridge({
			call: this.id,
			legs: [
				{leg: 'caller', identity: this.#callerIdentity},
				{leg: 'callee', identity: route.to},
			],
		});
		const legs = await media.createRelay({
			call: this.id,
			ticket,
			legs: [
				{leg: 'caller', localAddress: mediaAddress},
				{leg: 'callee', localAddress: mediaAddress},
			],
		});
		return new Map(legs.map(({leg, local}) => [leg as LegName, local]));
	}

	async #inviteCallee(
		route: Route,
		{session}: OpenedSession,
		streamIndex: number,
		locals: ReadonlyMap<LegName, LegLocal['local']>,
	): Promise<Result<Offered, Refusal>> {
		const {endpoint, toolbox, clock, contact, suites, mediaAddress} = this.#context;
		const {request} = this.#incoming;
		const offeredSuites = route.protection === 'clear' ? [] : suites;
		const ownKeys = new Map<SrtpSuiteName, OwnKeyHandle>();
		for (const suite of offeredSuites) {
			ownKeys.set(suite, await toolbox.mintKey({call: this.id, leg: 'callee', suite}));
		}

		const crypto = [...ownKeys].map(
			([suite, handle], index): HandleAttribute => ({tag: index + 1, suite, handle, sessionParameters: {}}),
		);
		const port = locals.get('callee')?.rtp.port ?? 0;
		const media = relayOffer(
			session,
			session.media.map((_, index) => (index === streamIndex ? {port, crypto} : undefined)),
		);
		const local = new LocalSession({sessionId: sessionIdFrom(clock), address: mediaAddress});
		const from = parseNameAddr(header(request, 'From') ?? '');
		const to = parseNameAddr(header(request, 'To') ?? '');
		if (!from.ok || !to.ok) {
			return failed(refuse(400, 'Bad Request', 'BAD_ADDRESS'));
		}

		const outbound = await toolbox.filterOutbound({
			call: this.id,
			leg: 'callee',
			role: 'offer',
			message: makeInvite({
				uri: request.uri,
				from: writeNameAddr({...from.value, params: [{name: 'tag', value: endpoint.newTag()}]}),
				to: writeNameAddr({...to.value, params: []}),
				callId: `${endpoint.newTag()}@${mediaAddress}`,
				sequence: 1,
				contact: contactHeader(contact).value,
				wallMs: clock.wallMs(),
				sdp: local.write(media),
			}),
		});
		return outbound.verdict === 'denial'
			? failed(refusalOf(outbound))
			: ok({invite: outbound.message as SipRequest, media, ownKeys});
	}

	/** Sends the INVITE, passes ringing on, and opens the answer. */
	async #awaitAnswer({invite, media}: Offered, route: Route): Promise<Result<OpenedSession, Refusal>> {
		if (this.#state === 'ended') {
			return failed(cancelled);
		}

		const outgoing = this.#context.endpoint.request(invite, route.target);
		this.#outgoing = outgoing;
		outgoing.on('provisional', ({status}) => {
			if (status > 100) {
				this.#incoming.respond(
					this.#incoming.makeResponse(180, 'Ringing', {headers: [contactHeader(this.#context.contact)]}),
				);
			}
		});
		const outcome = await outgoing.outcome;
		this.#outgoing = undefined;
		if (!outcome.ok) {
			const isTimeout = outcome.failure.code === 'TIMEOUT';
			return failed(
				isTimeout
					? refuse(408, 'Request Timeout', 'CALLEE_TIMEOUT')
					: refuse(503, 'Service Unavailable', `CALLEE_${outcome.failure.code}`),
			);
		}

		const response = outcome.value;
		if (response.status >= 300) {
			const isRedirect = response.status < 400;
			return failed(
				isRedirect
					? refuse(480, 'Temporarily Unavailable', 'CALLEE_REDIRECTED')
					: refuse(response.status, response.reason, 'CALLEE_REFUSED'),
			);
		}

		return this.#openAnswer(outgoing, response, route, media);
	}

	async #openAnswer(
		outgoing: OutgoingRequest,
		response: SipResponse,
		route: Route,
		offer: readonly LocalMedia[],
	): Promise<Result<OpenedSession, Refusal>> {
		const dialog = Dialog.fromResponse(outgoing.request, response);
		if (!dialog.ok) {
			return failed(refuse(502, 'Bad Gateway', dialog.failure.code));
		}

		this.#callee.dialog = dialog.value;
		// The transaction is acknowledged whatever the answer holds (RFC 3261 §13.2.2.4).
		outgoing.acknowledge(
			dialog.value.makeAck(outgoing.request),
			(await targetOf(dialog.value.nextHop)) ?? route.target,
		);
		const answered = await this.#openSession('callee', 'answer', response, originOf(route.target));
		if (this.#stateNow() === 'ended') {
			return failed(cancelled);
		}

		if (!answered.ok) {
			// What was wrong with the callee's answer is not the caller's to know.
			return failed(refuse(502, 'Bad Gateway', answered.failure.reason));
		}

		const checked = checkAnswer(offer, answered.value.session);
		return checked.ok ? answered : failed(refuse(502, 'Bad Gateway', checked.failure.code));
	}

	/** Keys and addresses into both legs, then the answer to the caller: in that order (DESIGN §6). */
	async #bridge(
		offered: OpenedSession,
		answered: OpenedSession,
		parts: {
			readonly streamIndex: number;
			readonly chosen: HandleAttribute | undefined;
			readonly locals: ReadonlyMap<LegName, LegLocal['local']>;
			readonly offer: Offered;
		},
	): Promise<Result<void, Refusal>> {
		const {toolbox, media, clock, contact, mediaAddress} = this.#context;
		const {streamIndex, chosen, locals, offer} = parts;
		const calleeLine = answered.session.media[streamIndex]?.crypto[0];
		const calleeKey = calleeLine && offer.ownKeys.get(calleeLine.suite);
		const callerKey = chosen && (await toolbox.mintKey({call: this.id, leg: 'caller', suite: chosen.suite}));
		const configurations = [
			legConfiguration(
				this.id,
				'callee',
				answered,
				streamIndex,
				calleeLine && calleeKey && {chosen: calleeLine, ownKey: calleeKey},
			),
			legConfiguration(this.id, 'caller', offered, streamIndex, chosen && callerKey && {chosen, ownKey: callerKey}),
		];
		for (const configuration of configurations) {
			if (configuration === undefined) {
				return failed(refuse(488, 'Not Acceptable Here', 'NO_MEDIA_ADDRESS'));
			}

			await media.configureLeg(configuration);
		}

		const port = locals.get('caller')?.rtp.port ?? 0;
		const end = chosen && callerKey ? {port, crypto: {chosen, handle: callerKey}} : {port};
		const answer = relayAnswer(
			offered.session,
			answered.session,
			offered.session.media.map((_, index) => (index === streamIndex ? end : undefined)),
		);
		const local = new LocalSession({sessionId: sessionIdFrom(clock), address: mediaAddress});
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

		if (this.#stateNow() === 'ended') {
			return failed(cancelled);
		}

		this.#suites = {
			...(chosen === undefined ? {} : {caller: chosen.suite}),
			...(calleeLine === undefined ? {} : {callee: calleeLine.suite}),
		};
		this.#state = 'established';
		this.#caller.dialog?.answerInvite(200);
		this.#incoming.respond(outbound.message as SipResponse);
		this.emit('established', this.summary);
		return ok(undefined);
	}

	async #sendBye(leg: CallLeg): Promise<void> {
		const {dialog} = leg;
		if (dialog === undefined || dialog.state !== 'confirmed') {
			return;
		}

		const {toolbox, endpoint} = this.#context;
		const outbound = await toolbox.filterOutbound({
			call: this.id,
			leg: leg.name,
			role: 'none',
			message: dialog.makeRequest('BYE'),
		});
		const target = await targetOf(dialog.nextHop);
		if (outbound.verdict === 'outbound' && target !== undefined) {
			endpoint.request(outbound.message as SipRequest, target);
		}
	}

	#legOf(callId: string, fromTag: string, toTag: string): CallLeg | undefined {
		return [this.#caller, this.#callee].find(({dialog}) => dialog?.matches({callId, fromTag, toTag}));
	}

	/** The state after an await: TypeScript believes that it cannot have changed. */
	#stateNow(): CallSummary['state'] {
		return this.#state;
	}
}

function failed(failure: Refusal): {readonly ok: false; readonly failure: Refusal} {
	return {ok: false, failure};
}

function originOf({transport, address, port}: {transport: 'udp' | 'tcp' | 'tls'; address: string; port: number}): {
	transport: 'udp' | 'tcp' | 'tls';
	address: string;
	port: number;
} {
	return {transport, address, port};
}

const cancelled = refuse(487, 'Request Terminated', 'CANCELLED');

/** Unique among the sessions of this address: microseconds since 1900 as RFC 8866 §5.2 suggests a timestamp. */
function sessionIdFrom(clock: Clock): bigint {
	return BigInt(Math.floor(clock.wallMs() * 1000)) + BigInt(Math.floor(clock.monotonicMs() * 1000) % 1000);
}
