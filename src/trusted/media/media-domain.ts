import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';
import {expectInteger} from './argument-checks.js';
import {KeyChannel} from './key-channel.js';
import {MediaCall} from './media-call.js';
import {parseMediaCommand} from './media-messages.js';
import type {LegPlace, MediaPlane} from './media-plane.js';
import type {
	MediaPlaneEvent,
	MediaPlaneEvents,
	MediaPlaneKeyEvent,
	MediaPlaneSilenceEvent,
	PortsExhausted,
	SideProtocolEvent,
	SourceChangeEvent,
} from './plane-events.js';
import {idOf} from './port-requests.js';
import type {CreateRelay, MediaCommand, MediaEvent, MediaReply} from './protocol.js';

export type MediaDomainOptions = {
	/** Carries the packets. Stays open when the domain closes. */
	readonly plane: MediaPlane;
	/**
	 * Commands come here: `{id, …MediaCommand}`; `{id, …MediaReply}` and bare `MediaEvent`s go back. Absent: with `attachUser`.
	 */
	readonly user?: Link;
	/** `{id, …KeyChannelRequest}` goes here, `{id, …KeyChannelReply}` comes back. */
	readonly toolbox: Link;
	/** Calls at one time, and commands that wait, 1 to 100000. @default 10000 */
	readonly maxCalls?: number;
	/** Time that the toolbox has for an answer. @default 10000 */
	readonly toolboxTimeoutMs?: number;
	/** How long relays go on without a user domain, 0 to 600000. @default 0 */
	readonly userGraceMs?: number;
	/** The user domain sent what none of ours can have sent; its link is closed then. @default it is refused, and may go on */
	readonly onBreach?: () => void;
};

/**
 * The media plane behind links (DESIGN §3.4). It believes the user domain nothing: every field is checked, packets
 * are bridged only on a ticket of the toolbox, in clear only where the ticket says so, and keys come from the toolbox by
 * the slot of native memory where they lie. A bad message is answered `BAD_COMMAND`; none throws. When the user's link
 * closes all relays end, unless another comes in time.
 */
export class MediaDomain {
	readonly #plane: MediaPlane;
	#user: Link | undefined;
	readonly #keys: KeyChannel;
	readonly #userGraceMs: number;
	readonly #onBreach: (() => void) | undefined;
	#abandonment: NodeJS.Timeout | undefined;
	readonly #maxCalls: number;
	readonly #calls = new Map<string, MediaCall>();
	readonly #callsByRelay = new Map<number, string>();
	/** The last command of each call that has one under way. */
	readonly #tails = new Map<string, Promise<void>>();
	#waiting = 0;
	#isClosed = false;

	constructor(options: MediaDomainOptions) {
		const {plane, user, toolbox, maxCalls = 10_000, toolboxTimeoutMs = 10_000, userGraceMs = 0, onBreach} = options;
		this.#plane = plane;
		this.#userGraceMs = expectInteger('userGraceMs', userGraceMs, 0, 600_000);
		this.#onBreach = onBreach;
		this.#maxCalls = expectInteger('maxCalls', maxCalls, 1, 100_000);
		this.#keys = new KeyChannel(toolbox, expectInteger('toolboxTimeoutMs', toolboxTimeoutMs, 1, 600_000));
		plane.on('wrong-source', this.#onWrongSource);
		plane.on('first-packet', this.#onFirstPacket);
		plane.on('rekey-due', this.#onRekeyDue);
		plane.on('key-expired', this.#onKeyExpired);
		plane.on('ports-exhausted', this.#onPortsExhausted);
		plane.on('source-learned', this.#onSourceLearned);
		plane.on('source-moved', this.#onSourceMoved);
		plane.on('dtls', this.#onDtls);
		plane.on('zrtp', this.#onZrtp);
		plane.on('rtp-timeout', this.#onRtpTimeout);
		plane.on('rtcp-timeout', this.#onRtcpTimeout);
		if (user !== undefined) {
			this.attachUser(user);
		}
	}

	/** Serves the user domain over this link, in place of the one before. The relays stay as they are. */
	attachUser(user: Link): void {
		clearTimeout(this.#abandonment);
		const before = this.#user;
		this.#user = user;
		before?.close();
		user.on('message', (message: unknown) => this.#onMessage(user, message));
		user.on('close', () => this.#onUserGone(user));
	}

	/** Calls that have a relay now. */
	get size(): number {
		return this.#calls.size;
	}

	/** Ends all relays, tells the toolbox, and closes both ports. Safe to call twice. */
	async close(): Promise<void> {
		if (this.#isClosed) {
			return;
		}

		this.#isClosed = true;
		clearTimeout(this.#abandonment);
		this.#plane.off('wrong-source', this.#onWrongSource);
		this.#plane.off('first-packet', this.#onFirstPacket);
		this.#plane.off('rekey-due', this.#onRekeyDue);
		this.#plane.off('key-expired', this.#onKeyExpired);
		this.#plane.off('ports-exhausted', this.#onPortsExhausted);
		this.#plane.off('source-learned', this.#onSourceLearned);
		this.#plane.off('source-moved', this.#onSourceMoved);
		this.#plane.off('dtls', this.#onDtls);
		this.#plane.off('zrtp', this.#onZrtp);
		this.#plane.off('rtp-timeout', this.#onRtpTimeout);
		this.#plane.off('rtcp-timeout', this.#onRtcpTimeout);
		await Promise.all(this.#tails.values());
		await Promise.allSettled([...this.#calls.keys()].map((name) => this.#end(name, 'closed')));
		this.#user?.close();
		this.#keys.close();
	}

	#onUserGone(user: Link): void {
		if (user !== this.#user) {
			return;
		}

		this.#user = undefined;
		if (this.#userGraceMs === 0) {
			void this.close();
			return;
		}

		this.#abandonment = setTimeout(() => {
			for (const name of this.#calls.keys()) {
				void this.#end(name, 'user-lost');
			}
		}, this.#userGraceMs);
	}

	#onMessage(user: Link, message: unknown): void {
		const id = idOf(message);
		if (id === undefined) {
			refuse(user, undefined, 'BAD_COMMAND', 'Expected an object with an integer `id`.');
			this.#cutOff(user);
			return;
		}

		const {id: _, ...body} = message as {readonly id: number};
		const command = parseMediaCommand(body);
		if (!command.ok) {
			refuse(user, id, command.failure.code, command.failure.message);
			if (command.failure.isForeign) {
				this.#cutOff(user);
			}
		} else if (this.#isClosed || this.#waiting >= this.#maxCalls) {
			refuse(user, id, 'TOO_MANY_COMMANDS', 'Expected fewer commands at one time.');
		} else {
			this.#enqueue(user, id, command.value);
		}
	}

	/** Where processes speak, a message of a foreign form is no accident. */
	#cutOff(user: Link): void {
		if (this.#onBreach !== undefined) {
			user.close();
			this.#onBreach();
		}
	}

	/** One command of a call after the other; calls do not wait for each other. */
	#enqueue(user: Link, id: number, command: MediaCommand): void {
		this.#waiting++;
		const tail = (this.#tails.get(command.call) ?? Promise.resolve()).then(async () => {
			user.postMessage({...(await this.#answer(command)), id});
			this.#waiting--;
			if (this.#tails.get(command.call) === tail) {
				this.#tails.delete(command.call);
			}
		});
		this.#tails.set(command.call, tail);
	}

	async #answer(command: MediaCommand): Promise<MediaReply> {
		try {
			return await this.#obey(command);
		} catch (error) {
			return error instanceof SallyportError
				? {ok: false, code: error.code, message: error.message}
				: {ok: false, code: 'INTERNAL', message: 'Expected the media domain to do as told, got a fault of its own.'};
		}
	}

	async #obey(command: MediaCommand): Promise<MediaReply> {
		if (command.kind === 'create-relay') {
			return this.#create(command);
		}

		const call = this.#calls.get(command.call);
		if (call === undefined) {
			return {ok: false, code: 'UNKNOWN_CALL', message: 'Expected a call that has a relay.'};
		}

		switch (command.kind) {
			case 'configure-leg': {
				const configured = await call.configure(command);
				return configured.ok ? {ok: true} : {ok: false, ...configured.failure};
			}

			case 'read-statistics':
				return {ok: true, statistics: await call.statistics()};
			case 'destroy-relay':
				return {ok: true, statistics: await this.#end(command.call, 'destroyed')};
		}
	}

	async #create({call: name, ticket, legs}: CreateRelay): Promise<MediaReply> {
		if (this.#calls.has(name)) {
			return {ok: false, code: 'CALL_EXISTS', message: 'Expected a call that has no relay yet.'};
		}

		if (this.#calls.size >= this.#maxCalls) {
			return {ok: false, code: 'TOO_MANY_CALLS', message: `Expected fewer than ${this.#maxCalls} calls at one time.`};
		}

		const [first, second] = legs;
		if (first === undefined || second === undefined) {
			return {ok: false, code: 'BAD_COMMAND', message: 'Expected two legs.'};
		}

		const leaves = await this.#keys.redeemTicket(ticket, name, [first.leg, second.leg]);
		if (!leaves.ok) {
			return {ok: false, ...leaves.failure};
		}

		const mayBeClear = (leg: string) => leaves.value.some((leave) => leave.leg === leg && leave.clearAllowed);
		try {
			const created = await this.#plane.createRelay([placeOf(first), placeOf(second)]);
			const call = new MediaCall(
				name,
				created,
				[
					{leg: first.leg, clearAllowed: mayBeClear(first.leg)},
					{leg: second.leg, clearAllowed: mayBeClear(second.leg)},
				],
				this.#plane,
				this.#keys,
			);
			this.#calls.set(name, call);
			this.#callsByRelay.set(created.relay, name);
			return {
				ok: true,
				legs: [
					{leg: first.leg, local: created.legs[0]},
					{leg: second.leg, local: created.legs[1]},
				],
			};
		} catch (error) {
			// The ticket is spent: the toolbox may forget the call's bridge.
			void this.#keys.tellRelayEnded(name);
			throw error;
		}
	}

	async #end(name: string, reason: string) {
		const call = this.#calls.get(name);
		if (call === undefined) {
			return [];
		}

		this.#calls.delete(name);
		this.#callsByRelay.delete(call.relay);
		const statistics = await call.destroy();
		this.#post({kind: 'relay-ended', call: name, reason});
		return statistics;
	}

	readonly #onWrongSource = ({relay, leg, from, suppressed}: MediaPlaneEvent): void => {
		this.#raise(relay, (call) => ({
			kind: 'wrong-source',
			call,
			leg: this.#legName(call, leg),
			from,
			suppressed,
		}));
	};

	readonly #onFirstPacket = ({relay, leg, from}: MediaPlaneEvent): void => {
		this.#raise(relay, (call) => ({kind: 'first-packet', call, leg: this.#legName(call, leg), from}));
		this.#tellHeard(relay, leg, from.address);
	};

	readonly #onRekeyDue = ({relay, leg}: MediaPlaneKeyEvent): void => {
		this.#raise(relay, (call) => ({kind: 'rekey-due', call, leg: this.#legName(call, leg)}));
	};

	readonly #onRtpTimeout = ({relay, leg}: MediaPlaneSilenceEvent): void => {
		this.#raise(relay, (call) => ({kind: 'rtp-timeout', call, leg: this.#legName(call, leg)}));
	};

	readonly #onRtcpTimeout = ({relay, leg}: MediaPlaneSilenceEvent): void => {
		this.#raise(relay, (call) => ({kind: 'rtcp-timeout', call, leg: this.#legName(call, leg)}));
	};

	readonly #onKeyExpired = ({relay, leg, direction}: MediaPlaneEvents['key-expired'][0]): void => {
		this.#raise(relay, (call) => ({kind: 'key-expired', call, leg: this.#legName(call, leg), direction}));
	};

	readonly #onPortsExhausted = (event: PortsExhausted): void => {
		this.#post({kind: 'ports-exhausted', ...event});
	};

	readonly #onSourceLearned = (event: SourceChangeEvent): void => this.#raiseSourceChange('source-learned', event);

	readonly #onSourceMoved = (event: SourceChangeEvent): void => this.#raiseSourceChange('source-moved', event);

	readonly #onDtls = ({relay, leg, ...rest}: SideProtocolEvent & {readonly octets: Uint8Array}): void => {
		this.#raise(relay, (call) => ({kind: 'dtls', call, leg: this.#legName(call, leg), ...rest}));
	};

	readonly #onZrtp = ({relay, leg, ...rest}: SideProtocolEvent): void => {
		this.#raise(relay, (call) => ({kind: 'zrtp', call, leg: this.#legName(call, leg), ...rest}));
	};

	#raiseSourceChange(kind: 'source-learned' | 'source-moved', {relay, leg, ...rest}: SourceChangeEvent): void {
		this.#raise(relay, (call) => ({kind, call, leg: this.#legName(call, leg), ...rest}));
		if (rest.authenticated) {
			this.#tellHeard(relay, leg, rest.from.address);
		}
	}

	/** For the toolbox's origin monitor, past the user domain. */
	#tellHeard(relay: number, leg: 0 | 1, address: string): void {
		const call = this.#callsByRelay.get(relay);
		if (call !== undefined && !this.#isClosed) {
			void this.#keys.tellHeardFrom(call, this.#legName(call, leg), address);
		}
	}

	#legName(call: string, index: 0 | 1): string {
		return this.#calls.get(call)?.legName(index) ?? '';
	}

	#raise(relay: number, toEvent: (call: string) => MediaEvent): void {
		const call = this.#callsByRelay.get(relay);
		if (call !== undefined) {
			this.#post(toEvent(call));
		}
	}

	#post(event: MediaEvent): void {
		this.#user?.postMessage(event);
	}
}

function refuse(user: Link, id: number | undefined, code: string, message: string): void {
	user.postMessage({ok: false, code, message, id: id ?? null});
}

function placeOf({leg: _, ...place}: CreateRelay['legs'][number]): LegPlace {
	return place;
}
