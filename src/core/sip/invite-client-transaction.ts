import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {ackForFailure} from './derived-requests.js';
import {isReliable, type SipTarget} from './hop.js';
import {giveUpMs, type SipTimers} from './timers.js';
import {Transaction, type TransactionInput} from './transaction.js';

export type InviteClientState = 'calling' | 'proceeding' | 'accepted' | 'completed';

/**
 * INVITE client transaction (RFC 3261 §17.1.1 with RFC 6026 §7.2): retransmits by Timer A, gives up by Timer B,
 * acknowledges failures itself. In `accepted` every 2xx goes up: the user acknowledges them (§13.2.2.4).
 */
export class InviteClientTransaction extends Transaction<InviteClientState> {
	readonly #request: SipRequest;
	readonly #proceedingMs: number;
	#intervalMs: number;
	#ack: SipRequest | undefined;

	/** @param options.proceedingMs How long provisional responses may keep it alive. */
	constructor(
		options: {
			readonly request: SipRequest;
			readonly target: SipTarget;
			readonly timers: SipTimers;
			readonly proceedingMs: number;
		},
		nowMs: number,
	) {
		super({state: 'calling', target: options.target, timers: options.timers});
		this.#request = options.request;
		this.#proceedingMs = options.proceedingMs;
		this.#intervalMs = options.timers.t1Ms;
		this.endAtMs = nowMs + giveUpMs(options.timers);
		if (!isReliable(options.target.transport)) {
			this.retransmitAtMs = nowMs + this.#intervalMs;
		}

		this.send(options.request);
	}

	override handle(input: TransactionInput, nowMs: number): void {
		if (input.kind === 'time') {
			this.#onTime(nowMs);
		} else if (input.kind === 'response') {
			this.#onResponse(input.response, nowMs);
		} else if (input.kind === 'transport-error' && this.state !== 'accepted' && this.state !== 'terminated') {
			this.fail('transport-error');
		}
	}

	/** After a CANCEL: without a final response it ends in time, whatever provisional ones say (RFC 3261 §9.1). */
	endWithin(ms: number, nowMs: number): void {
		this.endAtMs = Math.min(this.endAtMs, nowMs + ms);
	}

	#onTime(nowMs: number): void {
		if (nowMs >= this.endAtMs) {
			if (this.state === 'calling' || this.state === 'proceeding') {
				this.fail('timeout');
			} else {
				this.terminate();
			}
		} else if (nowMs >= this.retransmitAtMs) {
			this.#intervalMs *= 2;
			this.retransmitAtMs = nowMs + this.#intervalMs;
			this.send(this.#request);
		}
	}

	#onResponse(response: SipResponse, nowMs: number): void {
		const {state} = this;
		if (state === 'completed') {
			if (response.status >= 300 && this.#ack) {
				this.send(this.#ack);
			}
		} else if (state === 'accepted') {
			if (response.status >= 200 && response.status < 300) {
				this.emit({kind: 'response', response});
			}
		} else if (state === 'calling' || state === 'proceeding') {
			this.emit({kind: 'response', response});
			if (response.status < 200) {
				this.enter('proceeding', state === 'calling' ? nowMs + this.#proceedingMs : this.endAtMs);
			} else if (response.status < 300) {
				this.enter('accepted', nowMs + giveUpMs(this.timers));
			} else {
				this.#complete(response, nowMs);
			}
		}
	}

	/** Timer D is at least 32 s on unreliable transports, whatever T1 is, and zero on reliable ones. */
	#complete(response: SipResponse, nowMs: number): void {
		this.#ack = ackForFailure(this.#request, response);
		this.send(this.#ack);
		if (isReliable(this.target.transport)) {
			this.terminate();
		} else {
			this.enter('completed', nowMs + Math.max(32_000, giveUpMs(this.timers)));
		}
	}
}
