import {isDeepStrictEqual} from 'node:util';
import {SallyportError} from '../base/error.js';
import {ok, type Result} from '../base/result.js';
import {
	type AnsweredEnd,
	isSameStream,
	type LocalMedia,
	type MediaView,
	relayAnswer,
	reofferMedia,
} from '../core/offer-answer/index.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {OwnKeyHandle} from '../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import type {SipResponse} from '../wire/sip/message.js';
import {creditOfRelease} from './admission.js';
import {mediaOfAnswer, mediaOfOffer} from './agreed-media.js';
import type {CallContext} from './call-context.js';
import type {CallLeg, LegSession} from './call-leg.js';
import {contactHeader, withSdp} from './call-messages.js';
import type {LegCrypto} from './leg-media.js';
import {LegOffer} from './leg-offer.js';
import {originOf} from './message-filter.js';
import {failureOf, kept, lost, type OfferFailure} from './offer-failure.js';
import {type OfferedChange, readChange} from './offered-change.js';
import {type OpenedSession, openSession} from './opened-session.js';
import {cancelled, refusalOf, refuse} from './refusal.js';

type Outcome = Result<void, OfferFailure>;

/**
 * Offers in a call that is up (RFC 3264 §8): a peer's are opened by the toolbox, asked of the other leg where they mean
 * anything to it, and answered; ours put a fresh key on a leg. One at a time. What is refused leaves everything as it was.
 */
export class Renegotiation {
	readonly #context: CallContext;
	readonly #call: string;
	readonly #legs: readonly [CallLeg, CallLeg];
	readonly #end: (reason: string) => void;
	readonly #stopped: Promise<void>;
	#resolveStopped = (): void => {};
	#isStopped = false;
	#busyWith: CallLeg | undefined;
	#idle: Promise<unknown> = Promise.resolve();

	/** @param end Asked for where the two sides would be left with different ideas of the session. */
	constructor(context: CallContext, call: string, legs: readonly [CallLeg, CallLeg], end: (reason: string) => void) {
		this.#context = context;
		this.#call = call;
		this.#legs = legs;
		this.#end = end;
		this.#stopped = new Promise((resolve) => {
			this.#resolveStopped = resolve;
		});
	}

	/** Gives up what is under way; resolves when nothing of it is. Safe twice. */
	async stop(): Promise<void> {
		this.#isStopped = true;
		this.#resolveStopped();
		await this.#idle;
	}

	/** Answers a peer's INVITE or UPDATE that has a body. */
	async answer(leg: CallLeg, incoming: IncomingRequest): Promise<void> {
		const {dialog} = leg;
		const isOthersTurn = this.#legs.some(
			(each) => each.session === undefined || (each !== leg && each === this.#busyWith),
		);
		const early = isOthersTurn ? glare : this.#busyWith === leg ? tooEarly : dialog?.refuseOffer();
		if (early !== undefined) {
			incoming.respond(incoming.makeResponse(early.status, early.reason, {headers: early.headers}));
			return;
		}

		await this.#alone(leg, async () => {
			const outcome = await this.#answer(leg, incoming).catch(failureOf);
			if (!outcome.ok) {
				const {refusal, session} = outcome.failure;
				dialog?.answerInvite(refusal.status);
				incoming.respond(incoming.makeResponse(refusal.status, refusal.reasonPhrase, {headers: refusal.headers}));
				if (session === 'lost') {
					this.#end(refusal.reason);
				}
			}
		});
	}

	/** Offers the peer of a leg a fresh key of ours, again after glare; gives up after some tries. */
	async rekey(leg: CallLeg): Promise<void> {
		for (let tries = 0; tries < maxTries && !this.#isStopped; tries++) {
			if (this.#busyWith === undefined && (await this.#alone(leg, () => this.#tryRekey(leg).catch(() => false)))) {
				return;
			}

			await Promise.race([this.#stopped, pause(retryAfterMs(leg))]);
		}
	}

	async #answer(leg: CallLeg, incoming: IncomingRequest): Promise<Outcome> {
		const {toolbox, sources, suites} = this.#context;
		const {request, origin} = incoming;
		const opened = await openSession(toolbox, {
			call: this.#call,
			leg: leg.name,
			role: 'offer',
			origin: originOf(origin),
			message: request,
		});
		if (!opened.ok) {
			return kept(opened.failure);
		}

		sources.earn(origin, creditOfRelease);
		const {dialog, session} = leg.established();
		const disorder = dialog.receiveRequest(request);
		if (disorder !== undefined) {
			const {status, reason, headers} = disorder;
			return kept({...refuse(status, reason, 'OUT_OF_ORDER'), headers});
		}

		const change = readChange(session, opened.value, suites);
		if (change === undefined) {
			return kept(refuse(488, 'Not Acceptable Here', 'NO_ACCEPTABLE_STREAM'));
		}

		const other = leg === this.#legs[0] ? this.#legs[1] : this.#legs[0];
		if (isSameStream(session.stream, change.stream)) {
			return this.#accept(leg, other, opened.value, change, incoming);
		}

		const asked = await this.#ask(other, change.stream);
		if (!asked.ok) {
			return asked;
		}

		const accepted = await this.#accept(leg, other, opened.value, change, incoming).catch(failureOf);
		if (!accepted.ok && !this.#isStopped) {
			const restored = await this.#ask(other, session.stream);
			return restored.ok ? accepted : lost(accepted.failure.refusal);
		}

		return accepted;
	}

	/** What the peer of the other leg has to agree to: our session with it, with what the first peer says of the stream. */
	async #ask(leg: CallLeg, stream: MediaView): Promise<Outcome> {
		const {crypto, streamIndex, written} = leg.established().session;
		const line = crypto && ownLine(crypto, crypto.ownKey);
		const media = written.map((section, index) =>
			index === streamIndex ? reofferMedia(section, stream, line) : section,
		);
		return this.#offer(leg, media, crypto?.ownKey);
	}

	async #tryRekey(leg: CallLeg): Promise<boolean> {
		const {crypto, streamIndex, written} = leg.established().session;
		if (crypto === undefined) {
			return true;
		}

		const ownKey = await this.#freshKey(leg, crypto.suite);
		const media = written.map((section, index) =>
			index === streamIndex ? {...section, crypto: [ownLine(crypto, ownKey)]} : section,
		);
		const offered = await this.#offer(leg, media, ownKey);
		if (!offered.ok && offered.failure.session === 'lost') {
			this.#end(offered.failure.refusal.reason);
		}

		return offered.ok;
	}

	/** Offers these sections, and puts what was answered in force. */
	async #offer(leg: CallLeg, media: readonly LocalMedia[], ownKey: OwnKeyHandle | undefined): Promise<Outcome> {
		const offer = new LegOffer(this.#context, this.#call, leg, this.#stopped);
		return offer.send(media, (answered) => this.#install(leg, media, answered, ownKey));
	}

	async #install(
		leg: CallLeg,
		media: readonly LocalMedia[],
		opened: OpenedSession,
		ownKey: OwnKeyHandle | undefined,
	): Promise<Outcome> {
		const {streamIndex, remote} = leg.established().session;
		const next = mediaOfAnswer({
			opened,
			streamIndex,
			section: media[streamIndex],
			ownKey,
			remoteBefore: remote,
		});
		if (next === undefined) {
			return lost(refuse(488, 'Not Acceptable Here', 'NO_MEDIA'));
		}

		const hasMoved = next.crypto !== undefined && !isDeepStrictEqual(next.remote.rtp, remote.rtp);
		try {
			await leg.configure(this.#context.media, this.#call, next, hasMoved ? 'reset' : 'keep');
		} catch (error) {
			// The peer takes its answer to be in force.
			return lost(failureOf(error).failure.refusal);
		}

		leg.session = {...next, written: media};
		return ok(undefined);
	}

	/**
	 * Puts an offer in force and answers it. The peer's key first, durably; then the answer leaves; our own new key only when
	 * the peer has it. So no packet is lost to a re-key.
	 */
	async #accept(
		leg: CallLeg,
		other: CallLeg,
		opened: OpenedSession,
		change: OfferedChange,
		incoming: IncomingRequest,
	): Promise<Outcome> {
		const {toolbox, media, clock, contact} = this.#context;
		const {dialog, local, session: before} = leg.established();
		const {chosen, hasMoved, mayWait} = change;
		const {streamIndex} = before;
		const ownKey = await this.#ownKeyFor(leg, before.crypto, change);
		const answer = makeAnswer(before, other, opened, chosen && ownKey && {chosen, handle: ownKey});
		const next = mediaOfOffer(
			{opened, streamIndex, section: answer[streamIndex], ownKey, remoteBefore: before.remote},
			chosen,
		);
		if (next === undefined) {
			return kept(refuse(488, 'Not Acceptable Here', 'NO_COMMON_FORMAT'));
		}

		if (incoming.isCancelled || this.#isStopped) {
			return kept(cancelled);
		}

		const isLater = mayWait && before.crypto !== undefined && before.crypto.ownKey !== ownKey;
		const first = isLater && next.crypto ? {...next, crypto: {...next.crypto, ownKey: before.crypto.ownKey}} : next;
		await leg.configure(media, this.#call, first, hasMoved ? 'reset' : 'keep');
		const response = incoming.makeResponse(200, 'OK', {headers: [contactHeader(contact)]});
		const outbound = await toolbox.filterOutbound({
			call: this.#call,
			leg: leg.name,
			role: 'answer',
			message: withSdp(response, local.write(answer), clock.wallMs()),
		});
		if (outbound.verdict === 'denial' || incoming.isCancelled || this.#isStopped) {
			return kept(outbound.verdict === 'denial' ? refusalOf(outbound) : cancelled);
		}

		leg.session = {...next, written: answer};
		dialog.answerInvite(200);
		leg.awaitAck(incoming);
		incoming.once('ack-timeout', () => this.#end('no-ack'));
		incoming.respond(outbound.message as SipResponse);
		if (isLater) {
			void leg.isAcknowledged.then(() => this.#sendUnderNewKey(leg));
		}

		return ok(undefined);
	}

	async #ownKeyFor(
		leg: CallLeg,
		before: LegCrypto | undefined,
		{chosen, needsFreshKey}: OfferedChange,
	): Promise<OwnKeyHandle | undefined> {
		return chosen && needsFreshKey ? this.#freshKey(leg, chosen.suite) : before?.ownKey;
	}

	async #freshKey(leg: CallLeg, suite: SrtpSuiteName): Promise<OwnKeyHandle> {
		const [key] = await this.#context.toolbox.mintKeys({call: this.#call, leg: leg.name, suites: [suite]});
		return key;
	}

	async #sendUnderNewKey(leg: CallLeg): Promise<void> {
		if (!this.#isStopped) {
			const {session} = leg.established();
			await leg.configure(this.#context.media, this.#call, session).catch((error: unknown) => {
				if (!this.#isStopped) {
					this.#end(error instanceof SallyportError ? error.code : 'INTERNAL');
				}
			});
		}
	}

	async #alone<Value>(leg: CallLeg, work: () => Promise<Value>): Promise<Value> {
		this.#busyWith = leg;
		const run = work().finally(() => {
			this.#busyWith = undefined;
		});
		this.#idle = run.catch(() => {});
		return run;
	}
}

/** Our answer to an offer: what the other peer said last of the stream, from our port. */
function makeAnswer(
	{streamIndex, written}: LegSession,
	other: CallLeg,
	{session: offer}: OpenedSession,
	crypto: AnsweredEnd['crypto'] | undefined,
): LocalMedia[] {
	const {port = 0, rtcpPort} = written[streamIndex] ?? {};
	const end: AnsweredEnd = {
		port,
		...(rtcpPort === undefined ? {} : {rtcpPort}),
		isRtcpMultiplexed: true,
		...(crypto ? {crypto} : {}),
	};
	const {stream} = other.established().session;
	const said = offer.media.map((section, index) => (index === streamIndex ? stream : {...section, isRefused: true}));
	return relayAnswer(
		offer,
		{...offer, media: said},
		offer.media.map((_, index) => (index === streamIndex ? end : undefined)),
	);
}

function ownLine({tag, suite}: LegCrypto, handle: OwnKeyHandle): HandleAttribute {
	return {tag, suite, handle, sessionParameters: {}};
}

/** RFC 3261 §14.1: whose Call-ID it is waits longer, so that the two do not meet again. */
function retryAfterMs({name}: CallLeg): number {
	return name === 'callee' ? 2100 + 1900 * Math.random() : 2000 * Math.random();
}

function pause(forMs: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, forMs).unref();
	});
}

const glare = {status: 491, reason: 'Request Pending', headers: []} as const;
const tooEarly = {
	status: 500,
	reason: 'Server Internal Error',
	headers: [{name: 'Retry-After', value: '5'}],
} as const;
const maxTries = 5;
