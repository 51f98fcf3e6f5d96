import {EventEmitter} from 'node:events';
import {SallyportError} from '../base/error.js';
import type {MessageIdentity} from '../core/sip/identity.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {LegStatistics, MediaEvent} from '../trusted/media/protocol.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {costs} from './admission.js';
import type {CallContext} from './call-context.js';
import {CallLeg} from './call-leg.js';
import {capabilities, contactHeader} from './call-messages.js';
import {CallSetup} from './call-setup.js';
import {hasOffer, isSigned} from './dialog-body.js';
import {originOf} from './message-filter.js';
import {cancelled, type Refusal, refuse} from './refusal.js';
import {Renegotiation} from './renegotiation.js';

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

/** One call through the gateway: a dialog on either side, a relay between them, and the toolbox before every message. */
export class BridgedCall extends EventEmitter<BridgedCallEvents> {
	readonly id: string;
	/** Our tags in the dialogs of caller and callee: what names this call in later requests. */
	readonly localTags: readonly [caller: string, callee: string];
	readonly #context: CallContext;
	readonly #incoming: IncomingRequest;
	readonly #caller: CallLeg;
	readonly #setup: CallSetup;
	/** From the moment that the call is up. */
	#renegotiation: Renegotiation | undefined;
	#state: CallSummary['state'] = 'inviting';
	/** What is still being done for the call; it lets go soon after the call has ended. */
	#attempt: Promise<unknown> = Promise.resolve();
	#ending: Promise<void> | undefined;

	constructor(context: CallContext, incoming: IncomingRequest) {
		super();
		this.#context = context;
		this.#incoming = incoming;
		this.id = context.endpoint.newTag();
		const calleeTag = context.endpoint.newTag();
		this.localTags = [incoming.localTag, calleeTag];
		this.#caller = new CallLeg('caller', {...context.callerRules(incoming.origin), ...context.silence});
		this.#setup = new CallSetup(context, {call: this.id, incoming, caller: this.#caller, calleeTag});
	}

	get summary(): CallSummary {
		return {
			call: this.id,
			state: this.#state,
			caller: this.#setup.callerIdentity,
			callee: this.#incoming.request.uri,
			suites: {...suiteOf(this.#caller), ...suiteOf(this.#setup.callee)},
		};
	}

	/** Carries the INVITE through to an answer. Never rejects: what goes wrong becomes a final response. */
	async connect(): Promise<void> {
		const incoming = this.#incoming;
		incoming.once('cancel', () => void this.end('cancelled'));
		incoming.once('ack-timeout', () => void this.end('no-ack'));
		incoming.respond(incoming.makeResponse(100, 'Trying'));
		const attempt = this.#connect().catch((error: unknown) =>
			refuse(503, 'Service Unavailable', error instanceof SallyportError ? error.code : 'INTERNAL'),
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

		if (hasOffer(request)) {
			await this.#answerOffer(leg, incoming);
			return;
		}

		// No other request changes the session: what it carries besides a signature of its headers is not opened, and claims nothing.
		const filtered = await this.#context.toolbox.filterInbound({
			call: this.id,
			leg: leg.name,
			role: 'none',
			origin: originOf(origin),
			message: isSigned(request) ? request : {...request, body: new Uint8Array()},
		});
		const refusal = filtered.verdict === 'denial' ? filtered : leg.dialog.receiveRequest(request);
		if (refusal !== undefined) {
			const reason = 'reasonPhrase' in refusal ? refusal.reasonPhrase : refusal.reason;
			incoming.respond(incoming.makeResponse(refusal.status, reason, {headers: refusal.headers}));
		} else if (request.method === 'BYE') {
			incoming.respond(incoming.makeResponse(200, 'OK'));
			await this.end('bye');
		} else if (request.method === 'INVITE') {
			// It wants an offer of ours, to be answered in the ACK: the session stays as it is (RFC 3261 §14.2).
			leg.dialog.answerInvite(488);
			incoming.respond(incoming.makeResponse(488, 'Not Acceptable Here'));
		} else {
			const headers = request.method === 'UPDATE' ? [contactHeader(this.#context.contact)] : capabilities;
			incoming.respond(incoming.makeResponse(200, 'OK', {headers}));
		}
	}

	/** Something about the packets of the call. */
	receiveMediaEvent(event: MediaEvent): void {
		switch (event.kind) {
			case 'relay-ended':
				void this.end(event.reason);
				break;
			case 'rtp-timeout':
			case 'rtcp-timeout':
			case 'key-expired':
				// Who is not heard any more has gone; what would go on under a worn key must not.
				void this.end(event.kind);
				break;
			case 'rekey-due': {
				const leg = this.#legs().find(({name}) => name === event.leg);
				if (leg !== undefined) {
					void this.#renegotiation?.rekey(leg);
				}

				break;
			}

			default:
				break;
		}
	}

	/** An offer costs what an invitation costs: it is opened like one. */
	async #answerOffer(leg: CallLeg, incoming: IncomingRequest): Promise<void> {
		const {clock, sources} = this.#context;
		const early = leg.dialog?.refuseOffer();
		if (early !== undefined || this.#renegotiation === undefined) {
			const {status = 491, reason = 'Request Pending', headers = []} = early ?? {};
			incoming.respond(incoming.makeResponse(status, reason, {headers}));
		} else if (sources.spend(incoming.origin, costs.invitation, clock.monotonicMs())) {
			await this.#renegotiation.answer(leg, incoming);
		} else {
			const headers = [{name: 'Retry-After', value: '5'}];
			incoming.respond(incoming.makeResponse(503, 'Service Unavailable', {headers}));
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
		this.#setup.cancel();
		const {endpoint, toolbox, media} = this.#context;
		const farewells = this.#legs().map((leg) => leg.hangUp({endpoint, filter: toolbox, call: this.id}));
		// What was under way could still make a relay or a key.
		await Promise.all([this.#attempt, this.#renegotiation?.stop()]);
		const statistics = await media.destroyRelay(this.id).catch(() => []);
		await toolbox.endCall({call: this.id, reason}).catch(() => {});
		this.emit('ended', reason, statistics);
		await Promise.allSettled(farewells);
	}

	/** Why the call did not come about; undefined where it did. */
	async #connect(): Promise<Refusal | undefined> {
		const answer = await this.#setup.run();
		const {callee} = this.#setup;
		if (!answer.ok || callee === undefined || this.#isEnded()) {
			return answer.ok ? cancelled : answer.failure;
		}

		this.#renegotiation = new Renegotiation(this.#context, this.id, [this.#caller, callee], (reason) => {
			void this.end(reason);
		});
		this.#state = 'established';
		this.#caller.dialog?.answerInvite(200);
		this.#caller.awaitAck(this.#incoming);
		this.#incoming.respond(answer.value);
		this.emit('established', this.summary);
		return undefined;
	}

	#legs(): readonly CallLeg[] {
		const {callee} = this.#setup;
		return callee === undefined ? [this.#caller] : [this.#caller, callee];
	}

	/** Asked after an await, in which much may have happened. */
	#isEnded(): boolean {
		return this.#state === 'ended';
	}
}

function suiteOf(leg: CallLeg | undefined): CallSummary['suites'] {
	const suite = leg?.session?.crypto?.suite;
	return leg === undefined || suite === undefined ? {} : {[leg.name]: suite};
}
