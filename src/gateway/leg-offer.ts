import {ok, type Result} from '../base/result.js';
import {checkAnswer, type LocalMedia} from '../core/offer-answer/index.js';
import type {SipTarget} from '../core/sip/hop.js';
import type {OutgoingRequest, SipOutcome} from '../io/sip/outgoing-request.js';
import type {SipRequest, SipResponse} from '../wire/sip/message.js';
import {creditOfRelease} from './admission.js';
import type {CallContext} from './call-context.js';
import type {CallLeg} from './call-leg.js';
import {allowHeader, contactHeader, withSdp} from './call-messages.js';
import {originOf} from './message-filter.js';
import {kept, lost, type OfferFailure} from './offer-failure.js';
import {type OpenedSession, openSession} from './opened-session.js';
import {cancelled, type Refusal, refusalOf, refuse} from './refusal.js';
import {targetOf} from './sip-target.js';

type Install = (answered: OpenedSession) => Promise<Result<void, OfferFailure>>;

/** An offer of ours in the dialog of a leg that is up: re-INVITE, ACK, and the answer opened. */
export class LegOffer {
	readonly #context: CallContext;
	readonly #call: string;
	readonly #leg: CallLeg;
	readonly #stopped: Promise<unknown>;

	/** @param stopped Resolves when the call ends: then nobody waits for the answer any more. */
	constructor(context: CallContext, call: string, leg: CallLeg, stopped: Promise<unknown>) {
		this.#context = context;
		this.#call = call;
		this.#leg = leg;
		this.#stopped = stopped;
	}

	/**
	 * Offers these sections.
	 *
	 * @param install Puts the answer in force. Only then it is acknowledged: a peer that waits for the ACK before it sends
	 * under a new key is heard from its first packet on.
	 */
	async send(media: readonly LocalMedia[], install: Install): Promise<Result<void, OfferFailure>> {
		const {dialog} = this.#leg.established();
		await Promise.race([this.#leg.isAcknowledged, this.#stopped]);
		if (!dialog.canInvite) {
			return kept(refuse(491, 'Request Pending', 'GLARE'));
		}

		const invite = await this.#makeInvite(media).catch((error: unknown) => {
			dialog.abandonInvite();
			throw error;
		});
		const target = invite.ok ? await targetOf(dialog.nextHop) : undefined;
		if (!invite.ok || target === undefined) {
			dialog.abandonInvite();
			return invite.ok ? kept(refuse(503, 'Service Unavailable', 'PEER_UNREACHABLE')) : invite;
		}

		const outgoing = this.#context.endpoint.request(invite.value, target);
		const timer = setTimeout(() => outgoing.cancel(), patienceMs);
		const outcome = await Promise.race([outgoing.outcome, this.#stopped.then(() => undefined)]);
		clearTimeout(timer);
		if (outcome === undefined) {
			outgoing.cancel();
			void outgoing.outcome.then((late) => this.#disown(outgoing, late, target));
			return kept(cancelled);
		}

		if (!outcome.ok) {
			dialog.abandonInvite();
			const {code} = outcome.failure;
			// No answer is 408, which ends the dialog; a lost way is 503, which does not (RFC 3261 §8.1.3.1, §12.2.1.2).
			return code === 'TIMEOUT'
				? lost(refuse(408, 'Request Timeout', 'PEER_TIMEOUT'))
				: kept(refuse(503, 'Service Unavailable', `PEER_${code}`));
		}

		return this.#take(outgoing, outcome.value, target, media, install);
	}

	async #makeInvite(media: readonly LocalMedia[]): Promise<Result<SipRequest, OfferFailure>> {
		const {toolbox, clock, contact} = this.#context;
		const {dialog, local} = this.#leg.established();
		const request = dialog.makeRequest('INVITE', {headers: [contactHeader(contact), allowHeader]});
		const outbound = await toolbox.filterOutbound({
			call: this.#call,
			leg: this.#leg.name,
			role: 'offer',
			message: withSdp(request, local.write(media), clock.wallMs()),
		});
		return outbound.verdict === 'denial' ? kept(refusalOf(outbound)) : ok(outbound.message as SipRequest);
	}

	async #take(
		outgoing: OutgoingRequest,
		response: SipResponse,
		target: SipTarget,
		media: readonly LocalMedia[],
		install: Install,
	): Promise<Result<void, OfferFailure>> {
		const {dialog} = this.#leg.established();
		dialog.receiveResponse(response);
		if (response.status >= 300) {
			const isGone = dialog.state === 'terminated';
			const refusal = refuse(...toOther(response.status, isGone), 'PEER_REFUSED');
			return isGone ? lost(refusal) : kept(refusal);
		}

		try {
			const answered = await this.#openAnswer(response, target, media);
			return answered.ok ? await install(answered.value) : answered;
		} finally {
			outgoing.acknowledge(dialog.makeAck(outgoing.request), (await targetOf(dialog.nextHop)) ?? target);
		}
	}

	async #openAnswer(
		response: SipResponse,
		target: SipTarget,
		media: readonly LocalMedia[],
	): Promise<Result<OpenedSession, OfferFailure>> {
		const {toolbox, sources} = this.#context;
		const answered = await openSession(toolbox, {
			call: this.#call,
			leg: this.#leg.name,
			role: 'answer',
			origin: originOf(target),
			message: response,
		});
		if (!answered.ok) {
			return lost(badAnswer(answered.failure.reason));
		}

		sources.earn(target, creditOfRelease);
		const checked = checkAnswer(media, answered.value.session);
		return checked.ok ? answered : lost(badAnswer(checked.failure.code));
	}

	/** An answer that nobody waits for any more: acknowledged all the same (RFC 3261 §13.2.2.4). The BYE is under way. */
	async #disown(outgoing: OutgoingRequest, late: SipOutcome, target: SipTarget): Promise<void> {
		const {dialog} = this.#leg.established();
		if (late.ok && late.value.status < 300) {
			outgoing.acknowledge(dialog.makeAck(outgoing.request), (await targetOf(dialog.nextHop)) ?? target);
		}
	}
}

/** What a peer says to an offer that the other peer caused: glare is passed on, all else is that it will not. */
function toOther(status: number, isGone: boolean): [status: number, phrase: string] {
	if (status === 491) {
		return [491, 'Request Pending'];
	}

	return isGone ? [480, 'Temporarily Unavailable'] : [488, 'Not Acceptable Here'];
}

function badAnswer(reason: string): Refusal {
	return refuse(502, 'Bad Gateway', reason);
}

/** Telephones answer such offers by themselves; who asks a user is cancelled before the other side gives us up (timer F). */
const patienceMs = 30_000;
