import {EventEmitter} from 'node:events';
import type {SipSource} from '../../core/sip/hop.js';
import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {makeResponse, type ResponseParts} from '../../wire/sip/response.js';

export type IncomingRequestEvents = {
	/** The INVITE was cancelled and has been answered 487; a later answer is not sent. */
	cancel: [];
	/** First ACK of our 2xx. */
	ack: [ack: SipRequest];
	/** No ACK of our 2xx within 64 × T1: the dialog should be ended by BYE (RFC 3261 §13.3.1.4). */
	'ack-timeout': [];
	/** An answer could not be sent. */
	'transport-error': [];
};

/** A request that came, with the means to answer it. After a final response only the events of a 2xx to INVITE follow. */
export class IncomingRequest extends EventEmitter<IncomingRequestEvents> {
	readonly request: SipRequest;
	readonly origin: SipSource;
	/** To tag that our responses carry where the request has none. */
	readonly localTag: string;
	readonly #send: (response: SipResponse) => boolean;
	#isCancelled = false;

	/** @internal Made by `SipEndpoint`. */
	constructor(request: SipRequest, origin: SipSource, localTag: string, send: (response: SipResponse) => boolean) {
		super();
		this.request = request;
		this.origin = origin;
		this.localTag = localTag;
		this.#send = send;
		this.once('cancel', () => {
			this.#isCancelled = true;
		});
	}

	get isCancelled(): boolean {
		return this.#isCancelled;
	}

	/** A response with what RFC 3261 §8.2.6 copies from the request, and our tag; to be passed to {@link respond}. */
	makeResponse(status: number, reason: string, parts: Omit<ResponseParts, 'toTag'> = {}): SipResponse {
		return makeResponse(this.request, status, reason, status === 100 ? parts : {...parts, toTag: this.localTag});
	}

	/** Sends a response. False where there was a final one already, or the transaction is over. */
	respond(response: SipResponse): boolean {
		return this.#send(response);
	}
}
