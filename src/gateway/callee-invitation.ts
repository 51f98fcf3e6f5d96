import {ok, type Result} from '../base/result.js';
import {checkAnswer, type LocalMedia, LocalSession, relayOffer} from '../core/offer-answer/index.js';
import {Dialog} from '../core/sip/dialog.js';
import type {OutgoingRequest, SipOutcome, SipRequestFailure} from '../io/sip/outgoing-request.js';
import type {LegLocal} from '../trusted/media/media-client.js';
import type {OwnKeyHandle} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {header} from '../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../wire/sip/message.js';
import {parseNameAddr, writeNameAddr} from '../wire/sip/name-addr.js';
import {creditOfRelease} from './admission.js';
import type {CallContext} from './call-context.js';
import type {CallLeg} from './call-leg.js';
import {makeInvite, sessionIdFrom} from './call-messages.js';
import {endFork, type HangingUp} from './hang-up.js';
import {originOf} from './message-filter.js';
import {type OpenedSession, openSession} from './opened-session.js';
import {cancelled, failed, type Refusal, refusalOf, refuse} from './refusal.js';
import type {ResolvedRoute} from './routing.js';
import {targetOf} from './sip-target.js';

/** What the callee is offered: the caller's stream, from our port, under keys of our own. */
export type CalleeOffer = {
	readonly call: string;
	/** The callee's; gets its dialog here. */
	readonly leg: CallLeg;
	readonly route: ResolvedRoute;
	/** The caller's INVITE. */
	readonly request: SipRequest;
	readonly offered: OpenedSession;
	readonly streamIndex: number;
	/** Where the callee's leg listens. */
	readonly local: LegLocal['local'];
	/** Ours, in From. */
	readonly localTag: string;
};

/** The INVITE of the callee's leg: made, sent, and its answer opened. */
export class CalleeInvitation {
	readonly #context: CallContext;
	readonly #offer: CalleeOffer;
	readonly #ownKeys = new Map<SrtpSuiteName, OwnKeyHandle>();
	readonly #stopped: Promise<Refusal>;
	#stop: (refusal: Refusal) => void = () => {};
	#isStopped = false;
	#media: readonly LocalMedia[] = [];
	#outgoing: OutgoingRequest | undefined;

	constructor(context: CallContext, offer: CalleeOffer) {
		this.#context = context;
		this.#offer = offer;
		this.#stopped = new Promise((resolve) => {
			this.#stop = resolve;
		});
	}

	/** The sections that were offered. */
	get media(): readonly LocalMedia[] {
		return this.#media;
	}

	/** Our own key for a suite that was offered. */
	ownKey(suite: SrtpSuiteName): OwnKeyHandle | undefined {
		return this.#ownKeys.get(suite);
	}

	/** Stops ringing, and `send` with it; an answer that comes all the same is acknowledged and ended. */
	cancel(refusal = cancelled): void {
		this.#isStopped = true;
		this.#outgoing?.cancel();
		this.#stop(refusal);
	}

	/** Invites, tells of ringing, and opens the answer. What was wrong with an answer the caller does not learn. */
	async send(onRinging: () => void): Promise<Result<OpenedSession, Refusal>> {
		const invite = await this.#makeInvite();
		if (!invite.ok || this.#isStopped) {
			return invite.ok ? failed(cancelled) : invite;
		}

		const {target} = this.#offer.route;
		const outgoing = this.#context.endpoint.request(invite.value, target);
		this.#outgoing = outgoing;
		outgoing.on('provisional', ({status}) => {
			if (status > 100) {
				onRinging();
			}
		});
		outgoing.on('fork', (response) => void endFork(this.#hangingUp, outgoing, response, target));
		const timer = setTimeout(() => this.cancel(noAnswer), this.#context.maxRingingMs);
		const outcome = await Promise.race([outgoing.outcome, this.#stopped]);
		clearTimeout(timer);
		if ('reason' in outcome) {
			void outgoing.outcome.then((late) => this.#disown(outgoing, late));
			return failed(outcome);
		}

		if (!outcome.ok) {
			return failed(refusalOfFailure(outcome.failure));
		}

		return outcome.value.status >= 300
			? failed(refusalByCallee(outcome.value.status))
			: this.#openAnswer(outgoing, outcome.value);
	}

	get #hangingUp(): HangingUp {
		const {endpoint, toolbox: filter} = this.#context;
		return {endpoint, filter, call: this.#offer.call, leg: this.#offer.leg.name};
	}

	async #makeInvite(): Promise<Result<SipRequest, Refusal>> {
		const {endpoint, toolbox, clock, contact, suites} = this.#context;
		const {call, leg, route, request, offered, streamIndex, localTag} = this.#offer;
		const {rtp, rtcp, advertisedAddress} = this.#offer.local;
		const from = parseNameAddr(header(request, 'From') ?? '');
		const to = parseNameAddr(header(request, 'To') ?? '');
		if (!from.ok || !to.ok) {
			return failed(refuse(400, 'Bad Request', 'BAD_ADDRESS'));
		}

		if (route.protection !== 'clear') {
			const handles = await toolbox.mintKeys({call, leg: 'callee', suites});
			for (const [index, suite] of suites.entries()) {
				this.#ownKeys.set(suite, handles[index] as OwnKeyHandle);
			}
		}

		const crypto = [...this.#ownKeys].map(
			([suite, handle], index): HandleAttribute => ({tag: index + 1, suite, handle, sessionParameters: {}}),
		);
		const end = {
			port: rtp.port,
			rtcpPort: rtcp.port,
			isRtcpMultiplexed: route.rtcpMux === 'offer',
			crypto,
		};
		this.#media = relayOffer(
			offered.session,
			offered.session.media.map((_, index) => (index === streamIndex ? end : undefined)),
		);
		const local = new LocalSession({sessionId: sessionIdFrom(clock), address: advertisedAddress});
		leg.local = local;
		const outbound = await toolbox.filterOutbound({
			call,
			leg: 'callee',
			role: 'offer',
			message: makeInvite({
				uri: route.contact ?? request.uri,
				from: writeNameAddr({...from.value, params: [{name: 'tag', value: localTag}]}),
				to: writeNameAddr({...to.value, params: []}),
				callId: `${endpoint.newTag()}@${advertisedAddress}`,
				sequence: 1,
				contact,
				wallMs: clock.wallMs(),
				sdp: local.write(this.#media),
			}),
		});
		return outbound.verdict === 'denial' ? failed(refusalOf(outbound)) : ok(outbound.message as SipRequest);
	}

	async #openAnswer(outgoing: OutgoingRequest, response: SipResponse): Promise<Result<OpenedSession, Refusal>> {
		const {call, route} = this.#offer;
		if (!(await this.#acknowledge(outgoing, response))) {
			return failed(badAnswer('NOT_A_DIALOG'));
		}

		if (this.#isStopped) {
			await this.#offer.leg.hangUp(this.#hangingUp);
			return failed(cancelled);
		}

		const answered = await openSession(this.#context.toolbox, {
			call,
			leg: 'callee',
			role: 'answer',
			origin: originOf(route.target),
			message: response,
		});
		if (!answered.ok) {
			return failed(badAnswer(answered.failure.reason));
		}

		this.#context.sources.earn(route.target, creditOfRelease);
		const checked = checkAnswer(this.#media, answered.value.session);
		return checked.ok ? answered : failed(badAnswer(checked.failure.code));
	}

	/** A 2xx is acknowledged whatever it holds (RFC 3261 §13.2.2.4). False where it makes no dialog. */
	async #acknowledge(outgoing: OutgoingRequest, response: SipResponse): Promise<boolean> {
		const dialog = Dialog.fromResponse(outgoing.request, response);
		if (!dialog.ok) {
			return false;
		}

		this.#offer.leg.dialog = dialog.value;
		const target = (await targetOf(dialog.value.nextHop)) ?? this.#offer.route.target;
		return outgoing.acknowledge(dialog.value.makeAck(outgoing.request), target);
	}

	/** An answer that nobody waits for any more. */
	async #disown(outgoing: OutgoingRequest, late: SipOutcome): Promise<void> {
		if (late.ok && late.value.status < 300) {
			await endFork(this.#hangingUp, outgoing, late.value, this.#offer.route.target);
		}
	}
}

const noAnswer = refuse(408, 'Request Timeout', 'CALLEE_TIMEOUT');

/** To the caller the gateway is what failed: neither the callee's body nor ours is any business of his. */
function badAnswer(reason: string): Refusal {
	return refuse(502, 'Bad Gateway', reason);
}

/** No answer is 408, a lost way 503 (RFC 3261 §8.1.3.1). */
function refusalOfFailure({code}: SipRequestFailure): Refusal {
	return code === 'TIMEOUT' ? noAnswer : refuse(503, 'Service Unavailable', `CALLEE_${code}`);
}

/** What a callee says of himself is passed on; what he says of our message (401, 415, 493 …) is 502; 3xx is not followed. */
function refusalByCallee(status: number): Refusal {
	const phrase = passedOn.get(status);
	if (phrase !== undefined) {
		return refuse(status, phrase, 'CALLEE_REFUSED');
	}

	return status < 400
		? refuse(480, 'Temporarily Unavailable', 'CALLEE_REDIRECTED')
		: refuse(502, 'Bad Gateway', 'CALLEE_REFUSED');
}

const passedOn: ReadonlyMap<number, string> = new Map([
	[404, 'Not Found'],
	[408, 'Request Timeout'],
	[410, 'Gone'],
	[480, 'Temporarily Unavailable'],
	[484, 'Address Incomplete'],
	[486, 'Busy Here'],
	[488, 'Not Acceptable Here'],
	[600, 'Busy Everywhere'],
	[603, 'Decline'],
	[604, 'Does Not Exist Anywhere'],
	[606, 'Not Acceptable'],
]);
