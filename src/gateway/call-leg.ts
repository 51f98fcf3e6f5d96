import {isDeepStrictEqual} from 'node:util';
import {invariant} from '../base/error.js';
import {type LocalMedia, LocalSession, type LocalSessionState} from '../core/offer-answer/index.js';
import {Dialog, type DialogState} from '../core/sip/dialog.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import type {MediaClient} from '../trusted/media/media-client.js';
import type {ConfigureLeg} from '../trusted/media/protocol.js';
import {type HangingUp, sendBye} from './hang-up.js';
import {type LegMedia, type LegName, type LegRules, legConfiguration, type SilenceLimits} from './leg-media.js';

/** What is agreed on a leg: the stream, and what we wrote last, in which it has its place. */
export type LegSession = LegMedia & {readonly written: readonly LocalMedia[]};

/** A leg that is up, as plain data that a structured clone carries: what another process needs to go on with it. */
export type LegSnapshot = {
	readonly name: LegName;
	readonly rules: LegRules & SilenceLimits;
	readonly dialog: DialogState;
	readonly local: LocalSessionState;
	readonly session: LegSession;
};

/** One side of a call as the user part knows it: a dialog, and what is agreed in it. No keys. */
export class CallLeg {
	readonly name: LegName;
	readonly #rules: LegRules & SilenceLimits;
	dialog: Dialog | undefined;
	/** Writes our SDP. */
	local: LocalSession | undefined;
	/** What is in force; undefined until both sides have agreed. */
	session: LegSession | undefined;
	#configured: Omit<ConfigureLeg, 'kind'> | undefined;
	#isAcknowledged: Promise<void> = Promise.resolve();

	constructor(name: LegName, rules: LegRules & SilenceLimits) {
		this.name = name;
		const {mediaInterface, stun, rtpTimeoutMs, rtcpTimeoutMs} = rules;
		this.#rules = {
			rtpTimeoutMs,
			rtcpTimeoutMs,
			...(mediaInterface === undefined ? {} : {mediaInterface}),
			...(stun === undefined ? {} : {stun}),
		};
	}

	/** Goes on where {@link snapshot} was taken. The media plane is told everything anew when something changes. */
	static restore({name, rules, dialog, local, session}: LegSnapshot): CallLeg {
		const leg = new CallLeg(name, rules);
		leg.dialog = Dialog.restore(dialog);
		leg.local = LocalSession.restore(local);
		leg.session = session;
		return leg;
	}

	/** What {@link restore} takes; undefined unless the leg is up. */
	snapshot(): LegSnapshot | undefined {
		const {name, dialog, local, session} = this;
		return dialog?.state === 'confirmed' && local !== undefined && session !== undefined
			? {name, rules: this.#rules, dialog: dialog.toState(), local: local.toState(), session}
			: undefined;
	}

	/** Resolves when the peer has, or will never, acknowledge our last 2xx: before that we begin nothing (RFC 3261 §14.1, §15). */
	get isAcknowledged(): Promise<void> {
		return this.#isAcknowledged;
	}

	/** A 2xx of ours is on its way. What answers UPDATE is never acknowledged: it has half a second to arrive. */
	awaitAck(incoming: IncomingRequest): void {
		this.#isAcknowledged = new Promise((resolve) => {
			if (incoming.request.method !== 'INVITE') {
				setTimeout(resolve, arrivalMs).unref();
			}

			for (const event of ['ack', 'ack-timeout', 'transport-error'] as const) {
				incoming.once(event, () => resolve());
			}
		});
	}

	/** Tells the media plane what holds on this leg now, where it is something else than before. */
	async configure(
		media: Pick<MediaClient, 'configureLeg'>,
		call: string,
		leg: LegMedia,
		rollover: 'keep' | 'reset' = 'keep',
	): Promise<void> {
		const configuration = legConfiguration(call, this.name, leg, this.#rules, rollover);
		if (!isDeepStrictEqual(configuration, this.#configured)) {
			await media.configureLeg(configuration);
			this.#configured = configuration;
		}
	}

	/** Dialog, writer and session of a leg that is up. Throws where there is none. */
	established(): {readonly dialog: Dialog; readonly local: LocalSession; readonly session: LegSession} {
		const {dialog, local, session} = this;
		invariant(dialog !== undefined && local !== undefined && session !== undefined, 'a leg that is up');
		return {dialog, local, session};
	}

	/** Ends the dialog where there is one; resolves when the peer has answered, or is given up. Safe twice. */
	async hangUp(hangingUp: Omit<HangingUp, 'leg'>): Promise<void> {
		await this.#isAcknowledged;
		await sendBye({...hangingUp, leg: this.name}, this.dialog);
	}
}

/** T1 of RFC 3261: an estimate of a round trip. */
const arrivalMs = 500;
