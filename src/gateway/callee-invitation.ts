import {ok, type Result} from '../base/result.js';
import {checkAnswer, type LocalMedia, LocalSession, relayOffer} from '../core/offer-answer/index.js';
import {Dialog} from '../core/sip/dialog.js';
import type {OutgoingRequest} from '../io/sip/outgoing-request.js';
import type {OwnKeyHandle} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {header} from '../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../wire/sip/message.js';
import {parseNameAddr, writeNameAddr} from '../wire/sip/name-addr.js';
import type {CallContext} from './call-context.js';
import {type CallLeg, type OpenedSession, openSession} from './call-leg.js';
import {contactHeader, makeInvite, sessionIdFrom} from './call-messages.js';
import {type Refusal, refusalOf, refuse} from './refusal.js';
import type {Route} from './routing.js';
import {targetOf} from './sip-target.js';

/** What the callee is offered: the caller's stream, from our port, under keys of our own. */
export type CalleeOffer = {
	readonly call: string;
	readonly route: Route;
	/** The caller's INVITE. */
	readonly request: SipRequest;
	readonly offered: OpenedSession;
	readonly streamIndex: number;
	/** Our RTP port on the callee's leg. */
	readonly port: number;
};

/** The INVITE of the callee's leg: made, sent, and its answer opened. */
export class CalleeInvitation {
	readonly leg: CallLeg = {name: 'callee', dialog: undefined};
	readonly #context: CallContext;
	readonly #offer: CalleeOffer;
	readonly #ownKeys = new Map<SrtpSuiteName, OwnKeyHandle>();
	#media: readonly LocalMedia[] = [];
	#outgoing: OutgoingRequest | undefined;
	#isCancelled = false;

	constructor(context: CallContext, offer: CalleeOffer) {
		this.#context = context;
		this.#offer = offer;
	}

	/** Our own key for a suite that was offered. */
	ownKey(suite: SrtpSuiteName): OwnKeyHandle | undefined {
		return this.#ownKeys.get(suite);
	}

	/** Stops ringing; an answer that comes all the same is refused. */
	cancel(): void {
		this.#isCancelled = true;
		this.#outgoing?.cancel();
	}

	/** Invites, tells of ringing, and opens the answer. What the answer's failure was the caller does not learn. */
	async send(onRinging: () => void): Promise<Result<OpenedSession, Refusal>> {
		const invite = await this.#makeInvite();
		if (!invite.ok) {
			return invite;
		}

		if (this.#isCancelled) {
			return failed(cancelled);
		}

		const {route} = this.#offer;
		const outgoing = this.#context.endpoint.request(invite.value, route.target);
		this.#outgoing = outgoing;
		outgoing.on('provisional', ({status}) => {
			if (status > 100) {
				onRinging();
			}
		});
		const outcome = await outgoing.outcome;
		if (!outcome.ok) {
			return failed(
				outcome.failure.code === 'TIMEOUT'
					? refuse(408, 'Request Timeout', 'CALLEE_TIMEOUT')
					: refuse(503, 'Service Unavailable', `CALLEE_${outcome.failure.code}`),
			);
		}

		const {status, reason} = outcome.value;
		if (status >= 400) {
			return failed(refuse(status, reason, 'CALLEE_REFUSED'));
		}

		return status >= 300
			? failed(refuse(480, 'Temporarily Unavailable', 'CALLEE_REDIRECTED'))
			: this.#openAnswer(outgoing, outcome.value);
	}

	async #makeInvite(): Promise<Result<SipRequest, Refusal>> {
		const {endpoint, toolbox, clock, contact, suites, mediaAddress} = this.#context;
		const {call, route, request, offered, streamIndex, port} = this.#offer;
		const from = parseNameAddr(header(request, 'From') ?? '');
		const to = parseNameAddr(header(request, 'To') ?? '');
		if (!from.ok || !to.ok) {
			return failed(refuse(400, 'Bad Request', 'BAD_ADDRESS'));
		}

		for (const suite of route.protection === 'clear' ? [] : suites) {
			this.#ownKeys.set(suite, await toolbox.mintKey({call, leg: 'callee', suite}));
		}

		const crypto = [...this.#ownKeys].map(
			([suite, handle], index): HandleAttribute => ({tag: index + 1, suite, handle, sessionParameters: {}}),
		);
		this.#media = relayOffer(
			offered.session,
			offered.session.media.map((_, index) => (index === streamIndex ? {port, crypto} : undefined)),
		);
		const local = new LocalSession({sessionId: sessionIdFrom(clock), address: mediaAddress});
		const outbound = await toolbox.filterOutbound({
			call,
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
				sdp: local.write(this.#media),
			}),
		});
		return outbound.verdict === 'denial' ? failed(refusalOf(outbound)) : ok(outbound.message as SipRequest);
	}

	async #openAnswer(outgoing: OutgoingRequest, response: SipResponse): Promise<Result<OpenedSession, Refusal>> {
		const {call, route} = this.#offer;
		const dialog = Dialog.fromResponse(outgoing.request, response);
		if (!dialog.ok) {
			return failed(refuse(502, 'Bad Gateway', dialog.failure.code));
		}

		this.leg.dialog = dialog.value;
		// The transaction is acknowledged whatever the answer holds (RFC 3261 §13.2.2.4).
		const target = (await targetOf(dialog.value.nextHop)) ?? route.target;
		outgoing.acknowledge(dialog.value.makeAck(outgoing.request), target);
		const {transport, address, port} = route.target;
		const origin = {transport, address, port};
		const answered = await openSession(this.#context.toolbox, {
			call,
			leg: 'callee',
			role: 'answer',
			origin,
			message: response,
		});
		if (this.#isCancelled) {
			return failed(cancelled);
		}

		if (!answered.ok) {
			return failed(refuse(502, 'Bad Gateway', answered.failure.reason));
		}

		const checked = checkAnswer(this.#media, answered.value.session);
		return checked.ok ? answered : failed(refuse(502, 'Bad Gateway', checked.failure.code));
	}
}

/** What a caller who gave up is answered. */
export const cancelled = refuse(487, 'Request Terminated', 'CANCELLED');

function failed(failure: Refusal): {readonly ok: false; readonly failure: Refusal} {
	return {ok: false, failure};
}
