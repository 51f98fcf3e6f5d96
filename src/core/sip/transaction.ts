import type {SipMessage, SipRequest, SipResponse} from '../../wire/sip/message.js';
import type {SipTarget} from './hop.js';
import type {SipTimers} from './timers.js';

export type TransactionInput =
	| {readonly kind: 'time'}
	/** A retransmission of the request, or an ACK (server transactions). */
	| {readonly kind: 'request'; readonly request: SipRequest}
	/** From the network (client transactions). */
	| {readonly kind: 'response'; readonly response: SipResponse}
	/** From the user of the transaction (server transactions). */
	| {readonly kind: 'respond'; readonly response: SipResponse}
	| {readonly kind: 'transport-error'};

export type TransactionOutput =
	| {readonly kind: 'send'; readonly message: SipMessage; readonly target: SipTarget}
	/** For the user of a client transaction; never a retransmission of a final response below 200 or above 299. */
	| {readonly kind: 'response'; readonly response: SipResponse}
	/** No final response (client), or no ACK (INVITE server), in time. */
	| {readonly kind: 'timeout'}
	| {readonly kind: 'transport-error'};

export type TransactionOptions<State> = {
	readonly state: State;
	readonly target: SipTarget;
	readonly timers: SipTimers;
};

/**
 * What the four machines of RFC 3261 §17 have in common: one timer that retransmits, one that ends, a queue of outputs.
 *
 * - `handle` feeds it; afterwards drain `poll` and call again with `{kind: 'time'}` at `waitUntil`.
 * - `state` reaches `terminated` once and stays there; outputs that are left may still be drained.
 */
export abstract class Transaction<State extends string> {
	protected readonly target: SipTarget;
	protected readonly timers: SipTimers;
	protected retransmitAtMs = Number.POSITIVE_INFINITY;
	protected endAtMs = Number.POSITIVE_INFINITY;
	protected currentState: State | 'terminated';
	readonly #outputs: TransactionOutput[] = [];

	constructor(options: TransactionOptions<State>) {
		this.currentState = options.state;
		this.target = options.target;
		this.timers = options.timers;
	}

	get state(): State | 'terminated' {
		return this.currentState;
	}

	/** When `{kind: 'time'}` is due; infinite when no timer runs. */
	get waitUntil(): number {
		return Math.min(this.retransmitAtMs, this.endAtMs);
	}

	poll(): TransactionOutput | undefined {
		return this.#outputs.shift();
	}

	abstract handle(input: TransactionInput, nowMs: number): void;

	protected emit(output: TransactionOutput): void {
		this.#outputs.push(output);
	}

	protected send(message: SipMessage): void {
		this.emit({kind: 'send', message, target: this.target});
	}

	/** Enters `state` for `forMs`, without retransmissions unless the caller sets them. */
	protected enter(state: State, endAtMs: number): void {
		this.currentState = state;
		this.retransmitAtMs = Number.POSITIVE_INFINITY;
		this.endAtMs = endAtMs;
	}

	protected terminate(): void {
		this.currentState = 'terminated';
		this.retransmitAtMs = Number.POSITIVE_INFINITY;
		this.endAtMs = Number.POSITIVE_INFINITY;
	}

	protected fail(kind: 'timeout' | 'transport-error'): void {
		this.emit({kind});
		this.terminate();
	}
}
