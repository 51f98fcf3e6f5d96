import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {isReliable, type SipTarget} from './hop.js';
import {giveUpMs, type SipTimers} from './timers.js';
import {Transaction, type TransactionInput} from './transaction.js';

export type InviteServerState = 'proceeding' | 'accepted' | 'completed' | 'confirmed';

/** The user has this long before the transaction says 100 for it (RFC 3261 §17.2.1). */
const tryingDelayMs = 200;

/**
 * INVITE server transaction (RFC 3261 §17.2.1 with RFC 6026 §7.1), and with it the part of the UAS core that repeats a
 * 2xx until its ACK (§13.3.1.4): both last 64 × T1, and one place then knows whether the ACK came.
 * A retransmitted INVITE is answered with the last provisional or failure response; in `accepted` it is absorbed.
 */
export class InviteServerTransaction extends Transaction<InviteServerState> {
	readonly #trying: SipResponse;
	#lastResponse: SipResponse | undefined;
	#intervalMs = 0;
	#isAcknowledged = false;

	/**
	 * @param options.trying The 100 to send when the user is slow.
	 * @param options.proceedingMs How long the user may take for a final response.
	 */
	constructor(
		options: {
			readonly trying: SipResponse;
			readonly target: SipTarget;
			readonly timers: SipTimers;
			readonly proceedingMs: number;
		},
		nowMs: number,
	) {
		super({state: 'proceeding', target: options.target, timers: options.timers});
		this.#trying = options.trying;
		this.retransmitAtMs = nowMs + tryingDelayMs;
		this.endAtMs = nowMs + options.proceedingMs;
	}

	override handle(input: TransactionInput, nowMs: number): void {
		if (input.kind === 'time') {
			this.#onTime(nowMs);
		} else if (input.kind === 'request') {
			this.#onRequest(input.request, nowMs);
		} else if (input.kind === 'respond') {
			this.#onRespond(input.response, nowMs);
		} else if (input.kind === 'transport-error' && this.state !== 'terminated') {
			// RFC 6026 §8.7: the user is told, and timers decide how long we stay.
			this.emit({kind: 'transport-error'});
		}
	}

	#onTime(nowMs: number): void {
		if (nowMs >= this.endAtMs) {
			const isExpected = this.state === 'confirmed' || (this.state === 'accepted' && this.#isAcknowledged);
			if (isExpected) {
				this.terminate();
			} else {
				this.fail('timeout');
			}
		} else if (nowMs >= this.retransmitAtMs) {
			this.#retransmit(nowMs);
		}
	}

	#retransmit(nowMs: number): void {
		if (this.state === 'proceeding') {
			this.retransmitAtMs = Number.POSITIVE_INFINITY;
			this.#lastResponse = this.#trying;
			this.send(this.#trying);
		} else if (this.#lastResponse) {
			this.#intervalMs = Math.min(2 * this.#intervalMs, this.timers.t2Ms);
			this.retransmitAtMs = nowMs + this.#intervalMs;
			this.send(this.#lastResponse);
		}
	}

	#onRequest(request: SipRequest, nowMs: number): void {
		if (request.method === 'ACK') {
			this.#onAck(nowMs);
		} else if ((this.state === 'proceeding' || this.state === 'completed') && this.#lastResponse) {
			this.send(this.#lastResponse);
		}
	}

	#onAck(nowMs: number): void {
		if (this.state === 'accepted') {
			this.#isAcknowledged = true;
			this.retransmitAtMs = Number.POSITIVE_INFINITY;
		} else if (this.state === 'completed') {
			if (isReliable(this.target.transport)) {
				this.terminate();
			} else {
				this.enter('confirmed', nowMs + this.timers.t4Ms);
			}
		}
	}

	#onRespond(response: SipResponse, nowMs: number): void {
		if (this.state !== 'proceeding') {
			return;
		}

		this.#lastResponse = response;
		this.send(response);
		if (response.status < 200) {
			this.retransmitAtMs = Number.POSITIVE_INFINITY;
			return;
		}

		// A 2xx is repeated on every transport, since a later hop may lose it; a failure only on ours.
		const isSuccess = response.status < 300;
		this.enter(isSuccess ? 'accepted' : 'completed', nowMs + giveUpMs(this.timers));
		if (isSuccess || !isReliable(this.target.transport)) {
			this.#intervalMs = this.timers.t1Ms;
			this.retransmitAtMs = nowMs + this.#intervalMs;
		}
	}
}
