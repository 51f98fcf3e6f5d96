import {randomBytes} from 'node:crypto';
import type {Clock} from '../../base/clock.js';
import {invariant} from '../../base/error.js';
import {
	buildAnswer,
	checkAnswer,
	chooseCrypto,
	type LocalMedia,
	LocalSession,
	readSession,
} from '../../core/offer-answer/index.js';
import {Dialog} from '../../core/sip/dialog.js';
import type {SipTarget} from '../../core/sip/hop.js';
import type {MessageIdentity} from '../../core/sip/identity.js';
import type {IncomingRequest} from '../../io/sip/incoming-request.js';
import type {SipEndpoint} from '../../io/sip/sip-endpoint.js';
import type {OwnKeyHandle, Release} from '../../trusted/toolbox/protocol.js';
import type {HandleAttribute} from '../../wire/sdes/handle-attribute.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import {header} from '../../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {contactHeader, makeInvite, withSdp} from '../call-messages.js';
import {endFork, type HangingUp, sendBye} from '../hang-up.js';
import {carriedStream} from '../leg-media.js';
import {type MessageFilter, originOf} from '../message-filter.js';
import {cancelled, type Refusal, refusalOf, refuse} from '../refusal.js';
import {targetOf} from '../sip-target.js';
import type {KeySource} from './key-source.js';
import {type HeardAndSaid, PhoneAudio, type PhoneKeys, type PhoneMedia, type PhoneSpeech} from './phone-audio.js';

export type PhoneCallParts = {
	readonly aor: string;
	readonly endpoint: SipEndpoint;
	readonly filter: MessageFilter;
	readonly keys: KeySource;
	readonly suites: readonly SrtpSuiteName[];
	readonly acceptAnySource: boolean;
	readonly clock: Clock;
	readonly contact: string;
	readonly audio: PhoneMedia;
};

/** What is left of a call when it is over. */
export type PhoneCallReport = HeardAndSaid & {
	readonly suite: SrtpSuiteName;
	readonly reason: string;
};

const leg = 'line';

/** One call at a phone, from INVITE to BYE. */
export class PhoneCall {
	/** Resolves when the call is over. */
	readonly finished: Promise<PhoneCallReport>;
	readonly #parts: PhoneCallParts;
	readonly #audio: PhoneAudio;
	readonly #id = randomBytes(12).toString('hex');
	readonly #session: LocalSession;
	#finish: (report: PhoneCallReport) => void = () => {};
	#dialog: Dialog | undefined;
	#suite: SrtpSuiteName | undefined;
	#isOver = false;
	#peer = {from: '', identity: ''};

	private constructor(parts: PhoneCallParts, audio: PhoneAudio) {
		this.#parts = parts;
		this.#audio = audio;
		this.#session = new LocalSession({
			sessionId: randomBytes(8).readBigUInt64BE() >> 1n,
			address: audio.local.rtp.address,
		});
		this.finished = new Promise((resolve) => {
			this.#finish = resolve;
		});
	}

	static async open(parts: PhoneCallParts): Promise<PhoneCall> {
		return new PhoneCall(parts, await PhoneAudio.open(parts.audio));
	}

	/** Who called: as the message said, and as the filter proved. */
	get peer(): {readonly from: string; readonly identity: string} {
		return this.#peer;
	}

	owns(identity: MessageIdentity): boolean {
		return this.#dialog?.matches(identity) === true;
	}

	/** Calls and speaks; hangs up at the end of the speech. The refusal where it came to nothing. */
	async invite(to: string, target: SipTarget, speech: PhoneSpeech): Promise<Refusal | undefined> {
		const {endpoint, filter, suites, clock, aor, contact} = this.#parts;
		const handles = await filter.mintKeys({call: this.#id, leg, suites});
		const ownKeys = new Map(suites.map((suite, index) => [suite, handles[index] as OwnKeyHandle]));

		const crypto = [...ownKeys].map(
			([suite, handle], index): HandleAttribute => ({tag: index + 1, suite, handle, sessionParameters: {}}),
		);
		const media: LocalMedia[] = [
			{
				media: 'audio',
				protocol: 'RTP/SAVP',
				port: this.#audio.local.rtp.port,
				formats: [{format: '0', rtpMap: 'PCMU/8000'}],
				packetTimeMs: 20,
				crypto,
			},
		];
		const outbound = await filter.filterOutbound({
			call: this.#id,
			leg,
			role: 'offer',
			message: makeInvite({
				uri: to,
				from: `<${aor}>;tag=${endpoint.newTag()}`,
				to: `<${to}>`,
				callId: `${endpoint.newTag()}@${this.#audio.local.rtp.address}`,
				sequence: 1,
				contact,
				wallMs: clock.wallMs(),
				sdp: this.#session.write(media),
			}),
		});
		if (outbound.verdict === 'denial') {
			return refusalOf(outbound);
		}

		const outgoing = endpoint.request(outbound.message as SipRequest, target);
		outgoing.on('fork', (response) => void endFork(this.#hangingUp, outgoing, response, target));
		const outcome = await outgoing.outcome;
		if (!outcome.ok) {
			return refuse(408, 'Request Timeout', outcome.failure.code);
		}

		const response = outcome.value;
		if (response.status >= 300) {
			return refuse(response.status, response.reason, 'CALLEE_REFUSED');
		}

		const dialog = Dialog.fromResponse(outgoing.request, response);
		if (!dialog.ok) {
			return refuse(502, 'Bad Gateway', dialog.failure.code);
		}

		this.#dialog = dialog.value;
		outgoing.acknowledge(dialog.value.makeAck(outgoing.request), (await targetOf(dialog.value.nextHop)) ?? target);
		const refusal = await this.#takeAnswer(response, media, ownKeys, target, speech).catch((error: unknown) => {
			if (!this.#isOver) {
				throw error;
			}

			// The other side hung up while the answer was being opened.
			return cancelled;
		});
		if (refusal !== undefined) {
			await this.#sendBye();
		}

		return refusal;
	}

	/** Answers an INVITE, listens and speaks until the caller hangs up. The refusal where it was not answered. */
	async answer(incoming: IncomingRequest, speech: PhoneSpeech): Promise<Refusal | undefined> {
		incoming.respond(incoming.makeResponse(100, 'Trying'));
		const refusal = await this.#tryAnswer(incoming, speech);
		if (refusal !== undefined) {
			const {status, reasonPhrase, headers} = refusal;
			incoming.respond(incoming.makeResponse(status, reasonPhrase, {headers}));
		}

		return refusal;
	}

	/** A request in the dialog. */
	async receive(incoming: IncomingRequest): Promise<void> {
		const {request, origin} = incoming;
		const filtered = await this.#parts.filter.filterInbound({
			call: this.#id,
			leg,
			role: request.method === 'INVITE' ? 'offer' : 'none',
			origin: originOf(origin),
			message: request,
		});
		if (filtered.verdict === 'denial') {
			const {status, reasonPhrase, headers} = filtered;
			incoming.respond(incoming.makeResponse(status, reasonPhrase, {headers}));
			return;
		}

		const refusal = this.#dialog?.receiveRequest(request);
		if (refusal !== undefined) {
			incoming.respond(incoming.makeResponse(refusal.status, refusal.reason, {headers: refusal.headers}));
		} else if (request.method === 'BYE') {
			incoming.respond(incoming.makeResponse(200, 'OK'));
			await this.end('bye');
		} else {
			this.#dialog?.answerInvite(488);
			incoming.respond(incoming.makeResponse(488, 'Not Acceptable Here'));
		}
	}

	/** Hangs up where there is something to hang up, and lets go of everything; safe twice. */
	async end(reason: string): Promise<void> {
		if (this.#isOver) {
			return;
		}

		this.#isOver = true;
		await this.#sendBye().catch(() => {});
		const heardAndSaid = await this.#audio.close();
		await this.#parts.filter.endCall({call: this.#id, reason}).catch(() => {});
		if (this.#suite !== undefined) {
			this.#finish({...heardAndSaid, suite: this.#suite, reason});
		}
	}

	async #tryAnswer(incoming: IncomingRequest, speech: PhoneSpeech): Promise<Refusal | undefined> {
		const {filter, suites, clock, contact} = this.#parts;
		const {request, origin} = incoming;
		const released = await filter.filterInbound({
			call: this.#id,
			leg,
			role: 'offer',
			origin: originOf(origin),
			message: request,
		});
		if (released.verdict === 'denial') {
			return refusalOf(released);
		}

		const session = readSession(released.sdp);
		const dialog = Dialog.fromRequest(request, incoming.localTag);
		const index = session.ok ? carriedStream(session.value) : undefined;
		const stream = session.ok && index !== undefined ? session.value.media[index] : undefined;
		const chosen = stream && chooseCrypto(stream, suites);
		if (!session.ok || !dialog.ok || !stream?.remote || !chosen || !stream.formats.some(({format}) => format === '0')) {
			return refuse(488, 'Not Acceptable Here', 'NO_ACCEPTABLE_STREAM');
		}

		this.#peer = {from: header(request, 'From') ?? '', identity: released.identity};
		this.#dialog = dialog.value;
		const [ownKey] = await filter.mintKeys({call: this.#id, leg, suites: [chosen.suite]});
		// The peer's key is in force, durably, before the answer leaves.
		const keys = await this.#keysFor(released, index ?? 0, chosen, ownKey);
		const answer = buildAnswer(
			session.value,
			session.value.media.map((_, at) =>
				at === index
					? {port: this.#audio.local.rtp.port, formats: ['0'], packetTimeMs: 20, crypto: {chosen, handle: ownKey}}
					: undefined,
			),
		);
		const response = incoming.makeResponse(200, 'OK', {headers: [contactHeader(contact)]});
		const outbound = await filter.filterOutbound({
			call: this.#id,
			leg,
			role: 'answer',
			message: withSdp(response, this.#session.write(answer), clock.wallMs()),
		});
		if (outbound.verdict === 'denial') {
			return refusalOf(outbound);
		}

		this.#suite = chosen.suite;
		this.#audio.listen(keys, stream.remote, this.#parts.acceptAnySource);
		const remote = stream.remote;
		incoming.once('ack', () => void this.#audio.speak(remote, speech));
		incoming.once('ack-timeout', () => void this.end('no-ack'));
		incoming.once('cancel', () => void this.end('cancelled'));
		dialog.value.answerInvite(200);
		incoming.respond(outbound.message as SipResponse);
		return undefined;
	}

	async #takeAnswer(
		response: SipResponse,
		offer: readonly LocalMedia[],
		ownKeys: ReadonlyMap<SrtpSuiteName, OwnKeyHandle>,
		target: SipTarget,
		speech: PhoneSpeech,
	): Promise<Refusal | undefined> {
		const released = await this.#parts.filter.filterInbound({
			call: this.#id,
			leg,
			role: 'answer',
			origin: originOf(target),
			message: response,
		});
		if (released.verdict === 'denial') {
			return refusalOf(released);
		}

		const session = readSession(released.sdp);
		const checked = session.ok ? checkAnswer(offer, session.value) : session;
		const stream = session.ok ? session.value.media[0] : undefined;
		const chosen = stream?.crypto[0];
		const ownKey = chosen && ownKeys.get(chosen.suite);
		if (!checked.ok || !stream?.remote || !chosen || !ownKey) {
			return refuse(488, 'Not Acceptable Here', checked.ok ? 'NO_ACCEPTABLE_STREAM' : checked.failure.code);
		}

		this.#suite = chosen.suite;
		this.#audio.listen(await this.#keysFor(released, 0, chosen, ownKey), stream.remote, this.#parts.acceptAnySource);
		void this.#audio.speak(stream.remote, speech).then(() => this.end('spoken'));
		return undefined;
	}

	async #keysFor(
		{keys: released}: Release,
		mediaIndex: number,
		chosen: HandleAttribute,
		ownKey: OwnKeyHandle,
	): Promise<PhoneKeys> {
		const {keys} = this.#parts;
		const peer = released.find((key) => key.mediaIndex === mediaIndex && key.tag === chosen.tag);
		invariant(peer, 'a released key for the chosen crypto line');
		const inbound = await keys.peerKey(peer.handle, this.#id, leg);
		const outbound = await keys.ownKey(ownKey, this.#id, leg);
		return peer.mki.length === 0 ? {inbound, outbound} : {inbound, inboundMki: peer.mki, outbound};
	}

	#sendBye(): Promise<void> {
		return sendBye(this.#hangingUp, this.#dialog);
	}

	get #hangingUp(): HangingUp {
		const {endpoint, filter} = this.#parts;
		return {endpoint, filter, call: this.#id, leg};
	}
}
