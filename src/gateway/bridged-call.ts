import {EventEmitter} from 'node:events';
import {invariant, SallyportError} from '../base/error.js';
import type {MessageIdentity} from '../core/sip/identity.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {LegStatistics, MediaEvent} from '../trusted/media/protocol.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {costs} from './admission.js';
import type {CallContext} from './call-context.js';
import {CallLeg, type LegSnapshot} from './call-leg.js';
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

/**
 * A call that is up, as plain data that a structured clone carries: what another process needs to go on with it while
 * toolbox and media domain live. The names of keys in it mean something to them alone.
 */
export type CallSnapshot = {
	readonly call: string;
	readonly localTags: readonly [caller: string, callee: string];
	readonly callerIdentity: string;
	readonly calleeUri: string;
	readonly legs: readonly [caller: LegSnapshot, callee: LegSnapshot];
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
	readonly #calleeUri: string;
	readonly #caller: CallLeg;
	/** Of a call that was restored; else the set-up has them. */
	readonly #restored: {readonly callee: CallLeg; readonly callerIdentity: string} | undefined;
	/** How the call came about; undefined where another process saw to that. */
	#beginning: {readonly incoming: IncomingRequest; readonly setup: CallSetup} | undefined;
	/** From the moment that the call is up. */
	#renegotiation: Renegotiation | undefined;
	#state: CallSummary['state'] = 'inviting';
	/** What is still being done for the call; it lets go soon after the call has ended. */
	#attempt: Promise<unknown> = Promise.resolve();
	#ending: Promise<void> | undefined;

	private constructor(
		context: CallContext,
		{call, localTags, calleeUri}: Pick<CallSnapshot, 'call' | 'localTags' | 'calleeUri'>,
		caller: CallLeg,
		restored?: {readonly callee: CallLeg; readonly callerIdentity: string},
	) {
		super();
		this.#context = context;
		this.id = call;
		this.localTags = localTags;
		this.#calleeUri = calleeUri;
		this.#caller = caller;
		this.#restored = restored;
	}

	/** A call for this INVITE: {@link connect} makes it. */
	static begin(context: CallContext, incoming: IncomingRequest): BridgedCall {
		const {endpoint, callerRules, silence} = context;
		const call = endpoint.newTag();
		const calleeTag = endpoint.newTag();
		const caller = new CallLeg('caller', {...callerRules(incoming.origin), ...silence});
		const names = {call, localTags: [incoming.localTag, calleeTag], calleeUri: incoming.request.uri} as const;
		const begun = new BridgedCall(context, names, caller);
		begun.#beginning = {incoming, setup: new CallSetup(context, {call, incoming, caller, calleeTag})};
		return begun;
	}

	/** Goes on with a call that another process had. */
	static restore(context: CallContext, snapshot: CallSnapshot): BridgedCall {
		const [caller, callee] = snapshot.legs.map((leg) => CallLeg.restore(leg)) as [CallLeg, CallLeg];
		const {callerIdentity} = snapshot;
		const restored = new BridgedCall(context, snapshot, caller, {callee, callerIdentity});
		restored.#goOn(callee);
		for (const leg of [caller, callee]) {
			// What was agreed and not yet told to the media plane; else it changes nothing.
			leg.configure(context.media, snapshot.call, leg.established().session).catch((error: unknown) => {
				void restored.end(error instanceof SallyportError ? error.code : 'INTERNAL');
			});
		}

		return restored;
	}

	/** What {@link restore} takes; undefined unless the call is up. */
	snapshot(): CallSnapshot | undefined {
		const [caller, callee] = this.#legs().map((leg) => leg.snapshot());
		return this.#state === 'established' && caller !== undefined && callee !== undefined
			? {
					call: this.id,
					localTags: this.localTags,
					callerIdentity: this.#callerIdentity,
					calleeUri: this.#calleeUri,
					legs: [caller, callee],
				}
			: undefined;
	}

	get summary(): CallSummary {
		return {
			call: this.id,
			state: this.#state,
			caller: this.#callerIdentity,
			callee: this.#calleeUri,
			suites: {...suiteOf(this.#caller), ...suiteOf(this.#callee)},
		};
	}

	/** Carries the INVITE through to an answer. Never rejects: what goes wrong becomes a final response. */
	async connect(): Promise<void> {
		const {incoming, setup} = this.#begun();
		incoming.once('cancel', () => void this.end('cancelled'));
		incoming.once('ack-timeout', () => void this.end('no-ack'));
		incoming.respond(incoming.makeResponse(100, 'Trying'));
		const attempt = this.#connect(incoming, setup).catch((error: unknown) =>
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
			const headers = request.method === 'UPDATE' ? [contactHeader(this.#context.contact)] : capabilities();
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
			const {incoming} = this.#begun();
			incoming.respond(incoming.makeResponse(Number(status), String(phrase)));
		}

		this.#state = 'ended';
		this.#beginning?.setup.cancel();
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
	async #connect(incoming: IncomingRequest, setup: CallSetup): Promise<Refusal | undefined> {
		const answer = await setup.run();
		const {callee} = setup;
		if (!answer.ok || callee === undefined || this.#isEnded()) {
			return answer.ok ? cancelled : answer.failure;
		}

		this.#goOn(callee);
		this.#caller.dialog?.answerInvite(200);
		this.#caller.awaitAck(incoming);
		incoming.respond(answer.value);
		this.emit('established', this.summary);
		return undefined;
	}

	#goOn(callee: CallLeg): void {
		this.#state = 'established';
		this.#renegotiation = new Renegotiation(this.#context, this.id, [this.#caller, callee], (reason) => {
			void this.end(reason);
		});
	}

	#begun(): {readonly incoming: IncomingRequest; readonly setup: CallSetup} {
		invariant(this.#beginning !== undefined, 'a call that began here');
		return this.#beginning;
	}

	get #callee(): CallLeg | undefined {
		return this.#restored?.callee ?? this.#beginning?.setup.callee;
	}

	get #callerIdentity(): string {
		return this.#restored?.callerIdentity ?? this.#beginning?.setup.callerIdentity ?? '';
	}

	#legs(): readonly CallLeg[] {
		return this.#callee === undefined ? [this.#caller] : [this.#caller, this.#callee];
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
