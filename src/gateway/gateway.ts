import {EventEmitter} from 'node:events';
import {SallyportError} from '../base/error.js';
import {type MessageIdentity, readIdentity} from '../core/sip/identity.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {SipEndpoint, SipEndpointCounters} from '../io/sip/sip-endpoint.js';
import type {LegStatistics, MediaEvent} from '../trusted/media/protocol.js';
import type {Alert} from '../trusted/toolbox/protocol.js';
import {costs} from './admission.js';
import {BridgedCall, type CallSnapshot, type CallSummary} from './bridged-call.js';
import type {CallContext} from './call-context.js';
import {allowedMethods, allowing, capabilities, registrarMethods} from './call-messages.js';
import type {Refusal} from './refusal.js';
import type {Registrar} from './registrar/registrar.js';

export type GatewayEvents = {
	'call-established': [summary: CallSummary];
	/** An INVITE that was not let through. The reason is for the operator; the caller got the status alone. */
	'call-refused': [summary: CallSummary, refusal: Refusal];
	/** A call that had been made, or that its caller gave up. */
	'call-ended': [summary: CallSummary, reason: string, statistics: readonly LegStatistics[]];
	/** Of the toolbox: what an operator should look at. */
	alert: [alert: Alert];
	/** Of the media domain: packets from a wrong source and such. */
	media: [event: MediaEvent];
	/** Our bug; the call was ended, the gateway goes on. */
	failure: [error: unknown];
};

/** What a gateway stands on; `openGateway` makes it from a configuration. */
export type GatewayParts = CallContext & {
	/** Calls at one time; more are answered 503. @default 1000 */
	readonly maxCalls?: number;
	/** Takes registrations; without one REGISTER is not among the methods. */
	readonly registrar?: Pick<Registrar, 'receive'>;
};

/**
 * The user part of the gateway: takes SIP requests, makes calls of them, and counts. It holds no key: the toolbox
 * filters every message, the media domain carries the packets.
 */
export class Gateway extends EventEmitter<GatewayEvents> {
	readonly #context: CallContext;
	readonly #endpoint: SipEndpoint;
	readonly #maxCalls: number;
	readonly #registrar: Pick<Registrar, 'receive'> | undefined;
	readonly #methods: readonly string[];
	readonly #calls = new Map<string, BridgedCall>();
	/** By our tag in each of its dialogs. */
	readonly #byLocalTag = new Map<string, BridgedCall>();
	#isClosing = false;

	constructor({maxCalls = 1000, registrar, ...context}: GatewayParts) {
		super();
		if (!Number.isInteger(maxCalls) || maxCalls < 1) {
			throw new RangeError(`Expected a positive integer for \`maxCalls\`, got ${maxCalls}.`);
		}

		this.#context = context;
		this.#endpoint = context.endpoint;
		this.#maxCalls = maxCalls;
		this.#registrar = registrar;
		this.#methods = registrar === undefined ? allowedMethods : registrarMethods;
		this.#endpoint.on('request', (incoming) => this.#receive(incoming));
		this.#endpoint.on('failure', (error) => this.#report(error));
		context.media.on('event', (event: MediaEvent) => this.#onMediaEvent(event));
	}

	/** Calls that are being made, up, or being ended. */
	get calls(): readonly CallSummary[] {
		return [...this.#calls.values()].map(({summary}) => summary);
	}

	/** Every call that is up, as data by which another gateway goes on with it: see {@link restore}. */
	snapshot(): readonly CallSnapshot[] {
		return [...this.#calls.values()].flatMap((call) => call.snapshot() ?? []);
	}

	/**
	 * Goes on with calls of a gateway that is gone, while toolbox and media domain live. What that one had not finished (a call
	 * that rang, an offer that was not answered) is lost.
	 */
	restore(calls: readonly CallSnapshot[]): void {
		for (const snapshot of calls) {
			this.#add(BridgedCall.restore(this.#context, snapshot));
		}
	}

	/** Counters of every leg that is up, by call. */
	async readStatistics(): Promise<readonly {readonly call: string; readonly legs: readonly LegStatistics[]}[]> {
		const calls = [...this.#calls.keys()];
		const read = calls.map(async (call) => ({
			call,
			legs: await this.#context.media.readStatistics(call).catch(() => []),
		}));
		return Promise.all(read);
	}

	/** SIP transactions that are held, of both kinds. */
	get transactions(): number {
		const {server, client} = this.#endpoint.transactions;
		return server + client;
	}

	get counters(): SipEndpointCounters {
		return this.#endpoint.counters;
	}

	/**
	 * Ends every call with BYE and refuses what still comes. Resolves when all peers have answered, or after two seconds.
	 * The parts it stands on stay open.
	 */
	async close(reason = 'gateway-closed'): Promise<void> {
		this.#isClosing = true;
		let timer: NodeJS.Timeout | undefined;
		const timeUp = new Promise((resolve) => {
			timer = setTimeout(resolve, farewellMs);
		});
		await Promise.race([this.endCalls(reason), timeUp]);
		clearTimeout(timer);
	}

	/** Ends the calls that are there now; others may come. Resolves as `close` does. */
	async endCalls(reason: string): Promise<void> {
		await Promise.allSettled([...this.#calls.values()].map((call) => call.end(reason)));
	}

	#receive(incoming: IncomingRequest): void {
		const {request} = incoming;
		const identity = readIdentity(request);
		if (identity === undefined) {
			incoming.respond(incoming.makeResponse(400, 'Bad Request'));
		} else if (identity.toTag !== '') {
			this.#receiveInDialog(incoming, identity);
		} else if (request.method === 'INVITE') {
			this.#invite(incoming);
		} else if (request.method === 'REGISTER' && this.#registrar !== undefined) {
			this.#register(incoming, this.#registrar);
		} else if (request.method === 'OPTIONS') {
			incoming.respond(incoming.makeResponse(200, 'OK', {headers: capabilities(this.#methods)}));
		} else if (request.method === 'BYE') {
			incoming.respond(incoming.makeResponse(481, 'Call/Transaction Does Not Exist'));
		} else {
			incoming.respond(incoming.makeResponse(405, 'Method Not Allowed', {headers: [allowing(this.#methods)]}));
		}
	}

	#receiveInDialog(incoming: IncomingRequest, identity: MessageIdentity): void {
		const call = this.#byLocalTag.get(identity.toTag);
		if (call === undefined) {
			incoming.respond(incoming.makeResponse(481, 'Call/Transaction Does Not Exist'));
			return;
		}

		call.receive(incoming, identity).catch((error: unknown) => {
			incoming.respond(incoming.makeResponse(500, 'Server Internal Error'));
			this.#report(error);
		});
	}

	#register(incoming: IncomingRequest, registrar: Pick<Registrar, 'receive'>): void {
		const {clock, sources} = this.#context;
		if (this.#isClosing || !sources.spend(incoming.origin, costs.registration, clock.monotonicMs())) {
			refuseForNow(incoming);
			return;
		}

		registrar.receive(incoming).catch((error: unknown) => {
			incoming.respond(incoming.makeResponse(500, 'Server Internal Error'));
			this.#report(error);
		});
	}

	#invite(incoming: IncomingRequest): void {
		const {clock, sources} = this.#context;
		if (
			this.#isClosing ||
			this.#calls.size >= this.#maxCalls ||
			!sources.spend(incoming.origin, costs.invitation, clock.monotonicMs())
		) {
			refuseForNow(incoming);
			return;
		}

		const call = BridgedCall.begin(this.#context, incoming);
		this.#add(call);
		call.connect().catch((error: unknown) => this.#report(error));
	}

	#add(call: BridgedCall): void {
		this.#calls.set(call.id, call);
		for (const tag of call.localTags) {
			this.#byLocalTag.set(tag, call);
		}

		call.on('established', (summary) => this.emit('call-established', summary));
		let isRefused = false;
		call.on('refused', (refusal) => {
			isRefused = true;
			this.emit('call-refused', call.summary, refusal);
		});
		call.on('ended', (reason, statistics) => {
			this.#calls.delete(call.id);
			for (const tag of call.localTags) {
				this.#byLocalTag.delete(tag);
			}

			if (!isRefused) {
				this.emit('call-ended', call.summary, reason, statistics);
			}
		});
	}

	#onMediaEvent(event: MediaEvent): void {
		this.emit('media', event);
		if ('call' in event) {
			this.#calls.get(event.call)?.receiveMediaEvent(event);
		}
	}

	#report(error: unknown): void {
		this.emit('failure', error instanceof Error ? error : new SallyportError('INTERNAL', 'Expected an error.'));
	}
}

function refuseForNow(incoming: IncomingRequest): void {
	const headers = [{name: 'Retry-After', value: '5'}];
	incoming.respond(incoming.makeResponse(503, 'Service Unavailable', {headers}));
}

/** How long the peers may take to answer our BYEs when the gateway closes. */
const farewellMs = 2000;
