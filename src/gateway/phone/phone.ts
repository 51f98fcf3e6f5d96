import {EventEmitter} from 'node:events';
import {type Clock, systemClock} from '../../base/clock.js';
import type {SipTarget} from '../../core/sip/hop.js';
import {readIdentity} from '../../core/sip/identity.js';
import type {IncomingRequest} from '../../io/sip/incoming-request.js';
import type {SipEndpoint} from '../../io/sip/sip-endpoint.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import {allowedMethods} from '../call-messages.js';
import type {MessageFilter} from '../message-filter.js';
import type {Refusal} from '../refusal.js';
import type {KeySource} from './key-source.js';
import type {PhoneMedia, PhoneSpeech} from './phone-audio.js';
import {PhoneCall, type PhoneCallParts, type PhoneCallReport} from './phone-call.js';

export type PhoneOptions = {
	/** Address of record: `sip:alice@example.com`. */
	readonly aor: string;
	readonly endpoint: SipEndpoint;
	readonly filter: MessageFilter;
	readonly keys: KeySource;
	readonly media: PhoneMedia;
	/** What it offers and accepts, by preference. */
	readonly suites: readonly SrtpSuiteName[];
	/** Spoken in each call that comes in; may be changed between calls. */
	readonly greeting: PhoneSpeech;
	/** Takes media from any address, as a phone without source checks does. @default false */
	readonly acceptAnySource?: boolean;
	readonly clock?: Clock;
};

export type PhoneEvents = {
	/** A call came in and was answered. `from` is as the message said, and as the filter proved it where it did. */
	answered: [call: {readonly from: string; readonly identity: string}];
	/** A call that came in was refused. */
	refused: [refusal: Refusal];
	/** An answered call is over. */
	ended: [report: PhoneCallReport];
	failure: [error: unknown];
};

/**
 * A telephone: one call at a time, G.711 over SRTP, answering by itself. It exists to be the other end of a gateway
 * in demonstrations and tests, and is built of the same parts.
 */
export class Phone extends EventEmitter<PhoneEvents> {
	readonly #options: PhoneOptions;
	#greeting: PhoneSpeech;
	#call: PhoneCall | undefined;

	constructor(options: PhoneOptions) {
		super();
		this.#options = {...options};
		this.#greeting = options.greeting;
		options.endpoint.on('request', (incoming) => {
			this.#receive(incoming).catch((error: unknown) => {
				incoming.respond(incoming.makeResponse(500, 'Server Internal Error'));
				this.emit('failure', error);
			});
		});
	}

	/** URI where this phone is reached. */
	get contact(): string {
		const {address, port} = this.#options.endpoint.localAddress('tcp');
		const user = /^sips?:([^@]+)@/.exec(this.#options.aor)?.[1] ?? 'phone';
		return `sip:${user}@${address}:${port};transport=tcp`;
	}

	setGreeting(greeting: PhoneSpeech): void {
		this.#greeting = greeting;
	}

	/**
	 * Calls `to`, speaks to the end, hangs up, and says what was said and heard. The refusal where the call did not come
	 * about; its reason is the filter's, or `CALLEE_REFUSED` with the callee's status.
	 */
	async call(
		to: string,
		target: SipTarget,
		speech: PhoneSpeech,
	): Promise<{readonly ok: true; readonly report: PhoneCallReport} | {readonly ok: false; readonly refusal: Refusal}> {
		if (this.#call !== undefined) {
			throw new RangeError('Expected a phone without a call.');
		}

		const call = await PhoneCall.open(this.#parts());
		this.#call = call;
		try {
			const refusal = await call.invite(to, target, speech);
			return refusal === undefined ? {ok: true, report: await call.finished} : {ok: false, refusal};
		} finally {
			this.#call = undefined;
			await call.end('over');
		}
	}

	async close(): Promise<void> {
		await this.#call?.end('phone-closed');
	}

	async #receive(incoming: IncomingRequest): Promise<void> {
		const {request} = incoming;
		const identity = readIdentity(request);
		const call = this.#call;
		if (identity === undefined) {
			incoming.respond(incoming.makeResponse(400, 'Bad Request'));
		} else if (identity.toTag !== '') {
			if (call?.owns(identity) !== true) {
				incoming.respond(incoming.makeResponse(481, 'Call/Transaction Does Not Exist'));
			} else {
				await call.receive(incoming);
			}
		} else if (request.method === 'INVITE') {
			await this.#answer(incoming);
		} else {
			const headers = [{name: 'Allow', value: allowedMethods.join(', ')}];
			incoming.respond(incoming.makeResponse(405, 'Method Not Allowed', {headers}));
		}
	}

	async #answer(incoming: IncomingRequest): Promise<void> {
		if (this.#call !== undefined) {
			incoming.respond(incoming.makeResponse(486, 'Busy Here'));
			return;
		}

		const call = await PhoneCall.open(this.#parts());
		this.#call = call;
		try {
			const refusal = await call.answer(incoming, this.#greeting);
			if (refusal !== undefined) {
				this.emit('refused', refusal);
				return;
			}

			this.emit('answered', call.peer);
			this.emit('ended', await call.finished);
		} finally {
			this.#call = undefined;
			await call.end('over');
		}
	}

	#parts(): PhoneCallParts {
		const {aor, endpoint, filter, keys, suites, media, acceptAnySource = false, clock = systemClock} = this.#options;
		return {
			aor,
			endpoint,
			filter,
			keys,
			suites,
			acceptAnySource,
			clock,
			contact: this.contact,
			audio: media,
		};
	}
}
