import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {isReliable, type SipTarget} from './hop.js';
import {giveUpMs, type SipTimers} from './timers.js';
import {Transaction, type TransactionInput} from './transaction.js';

export type NonInviteClientState = 'trying' | 'proceeding' | 'completed';

/** Client transaction for all but INVITE and ACK (RFC 3261 §17.1.2): Timers E, F and K. */
export class NonInviteClientTransaction extends Transaction<NonInviteClientState> {
	readonly #request: SipRequest;
	#intervalMs: number;

	constructor(
		options: {readonly request: SipRequest; readonly target: SipTarget; readonly timers: SipTimers},
		nowMs: number,
	) {
		super({state: 'trying', target: options.target, timers: options.timers});
		this.#request = options.request;
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
		} else if (input.kind === 'transport-error' && (this.state === 'trying' || this.state === 'proceeding')) {
			this.fail('transport-error');
		}
	}

	#onTime(nowMs: number): void {
		if (nowMs >= this.endAtMs) {
			if (this.state === 'completed') {
				this.terminate();
			} else {
				this.fail('timeout');
			}
		} else if (nowMs >= this.retransmitAtMs) {
			const {t2Ms} = this.timers;
			this.#intervalMs = this.state === 'proceeding' ? t2Ms : Math.min(2 * this.#intervalMs, t2Ms);
			this.retransmitAtMs = nowMs + this.#intervalMs;
			this.send(this.#request);
		}
	}

	#onResponse(response: SipResponse, nowMs: number): void {
		if (this.state !== 'trying' && this.state !== 'proceeding') {
			return;
		}

		this.emit({kind: 'response', response});
		if (response.status < 200) {
			this.currentState = 'proceeding';
		} else if (isReliable(this.target.transport)) {
			this.terminate();
		} else {
			this.enter('completed', nowMs + this.timers.t4Ms);
		}
	}
}
