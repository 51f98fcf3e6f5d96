import {EventEmitter} from 'node:events';
import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {SipTarget} from '../../core/sip/hop.js';
import type {SipRequest, SipResponse} from '../../wire/sip/message.js';

/** Why there is no final response: to be treated as 408 (`TIMEOUT`) or 503 (RFC 3261 §8.1.3.1). */
export type SipRequestFailure = CodedFailure<
	'TIMEOUT' | 'TRANSPORT_ERROR' | 'TOO_MANY_TRANSACTIONS' | 'NO_TRANSPORT' | 'CLOSED'
>;

export type SipOutcome = Result<SipResponse, SipRequestFailure>;

export type OutgoingRequestEvents = {
	provisional: [response: SipResponse];
	/** Once. */
	final: [outcome: SipOutcome];
	/** A 2xx of one more fork of the INVITE: to be acknowledged and ended by BYE (RFC 3261 §13.2.2.4). */
	fork: [response: SipResponse];
};

type Actions = {
	readonly cancel: () => void;
	readonly acknowledge: (ack: SipRequest, target: SipTarget) => boolean;
};

/**
 * A request of ours on its way. Events are never emitted before the code that made it has run to its end; `outcome`
 * may be awaited at any time.
 */
export class OutgoingRequest extends EventEmitter<OutgoingRequestEvents> {
	/** Without Via. */
	readonly request: SipRequest;
	/** Resolves once, never rejects. */
	readonly outcome: Promise<SipOutcome>;
	readonly #actions: Actions;
	#settle: (outcome: SipOutcome) => void = () => {};
	#isSettled = false;

	/** @internal Made by `SipEndpoint`. */
	constructor(request: SipRequest, actions: Actions) {
		super();
		this.request = request;
		this.#actions = actions;
		this.outcome = new Promise((resolve) => {
			this.#settle = resolve;
		});
	}

	/** Cancels an INVITE, as soon as a provisional response allows it; the outcome is then usually 487. */
	cancel(): void {
		this.#actions.cancel();
	}

	/** Sends the ACK of a 2xx, and again whenever the 2xx comes again. False where no socket can send it. */
	acknowledge(ack: SipRequest, target: SipTarget): boolean {
		return this.#actions.acknowledge(ack, target);
	}

	/** All responses in order, to the final one. Ends without one on failure: see `outcome`. */
	async *responses(): AsyncGenerator<SipResponse, void> {
		const waiting: SipResponse[] = [];
		let wake = (): void => {};
		const take = (response: SipResponse): void => {
			waiting.push(response);
			wake();
		};

		this.on('provisional', take);
		this.once('final', () => wake());
		try {
			while (!this.#isSettled || waiting.length > 0) {
				const response = waiting.shift();
				if (response) {
					yield response;
				} else {
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
				}
			}

			const outcome = await this.outcome;
			if (outcome.ok) {
				yield outcome.value;
			}
		} finally {
			this.off('provisional', take);
		}
	}

	/** @internal */
	receive(response: SipResponse): void {
		if (response.status < 200) {
			this.emit('provisional', response);
		} else if (this.#isSettled) {
			this.emit('fork', response);
		} else {
			this.#finish(ok(response));
		}
	}

	/** @internal */
	fail(code: SipRequestFailure['code'], message: string): void {
		if (!this.#isSettled) {
			this.#finish(fail(code, message));
		}
	}

	#finish(outcome: SipOutcome): void {
		this.#isSettled = true;
		this.#settle(outcome);
		this.emit('final', outcome);
	}
}
