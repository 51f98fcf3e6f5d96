import type {SipResponse} from '../../wire/sip/message.js';
import {isReliable, type SipTarget} from './hop.js';
import {giveUpMs, type SipTimers} from './timers.js';
import {Transaction, type TransactionInput} from './transaction.js';

export type NonInviteServerState = 'trying' | 'proceeding' | 'completed';

/**
 * Server transaction for all but INVITE and ACK (RFC 3261 §17.2.2). A user that has not answered after 64 × T1 answers
 * nobody any more (RFC 4320 §4.2), so the transaction ends there.
 */
export class NonInviteServerTransaction extends Transaction<NonInviteServerState> {
	#lastResponse: SipResponse | undefined;

	constructor(options: {readonly target: SipTarget; readonly timers: SipTimers}, nowMs: number) {
		super({state: 'trying', target: options.target, timers: options.timers});
		this.endAtMs = nowMs + giveUpMs(options.timers);
	}

	override handle(input: TransactionInput, nowMs: number): void {
		if (input.kind === 'time') {
			if (nowMs >= this.endAtMs) {
				this.terminate();
			}
		} else if (input.kind === 'request') {
			if (this.#lastResponse && this.state !== 'terminated') {
				this.send(this.#lastResponse);
			}
		} else if (input.kind === 'respond') {
			this.#onRespond(input.response, nowMs);
		} else if (input.kind === 'transport-error' && this.state !== 'terminated') {
			this.fail('transport-error');
		}
	}

	#onRespond(response: SipResponse, nowMs: number): void {
		if (this.state !== 'trying' && this.state !== 'proceeding') {
			return;
		}

		this.#lastResponse = response;
		this.send(response);
		if (response.status < 200) {
			this.currentState = 'proceeding';
		} else if (isReliable(this.target.transport)) {
			this.terminate();
		} else {
			// Timer J.
			this.enter('completed', nowMs + giveUpMs(this.timers));
		}
	}
}
