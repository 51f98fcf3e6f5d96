import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';
import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import type {BridgeTicket, OwnKeyHandle, PeerKeyHandle} from '../toolbox/protocol.js';
import {parseKeyChannelReply} from './media-messages.js';
import {idOf, PortRequests} from './port-requests.js';
import type {KeyChannelReply, KeyChannelRequest} from './protocol.js';
import {MasterKey} from './srtp/master-key.js';

/** What a ticket allows one leg. */
export type LegLeave = {readonly leg: string; readonly clearAllowed: boolean};

/** A key that lies in a slot of native memory until it is installed or discarded. */
export type RedeemedKey = {
	readonly slot: string;
	readonly suite: SrtpSuiteName;
	/** Empty: packets carry none. */
	readonly mki: Uint8Array;
	readonly lifetimePackets?: number;
};

/**
 * The media domain's own way to the toolbox. Refusals carry the toolbox's code; silence is `REQUEST_TIMEOUT`. It is closed where
 * something else comes than replies as agreed.
 */
export class KeyChannel {
	readonly #requests: PortRequests<KeyChannelRequest, KeyChannelReply>;

	constructor(port: Link, timeoutMs: number) {
		this.#requests = new PortRequests(port, {
			timeoutMs,
			parseReply: parseKeyChannelReply,
			onBadReply: () => this.close(),
			onOther: (message) => this.#onLate(message),
		});
	}

	async redeemTicket(
		ticket: BridgeTicket,
		call: string,
		legs: readonly string[],
	): Promise<Result<readonly LegLeave[], CodedFailure>> {
		const reply = await this.#ask({kind: 'redeem-ticket', ticket, call, legs});
		if (!reply.ok) {
			return reply;
		}

		if (
			!('legs' in reply.value) ||
			!isSameSet(
				legs,
				reply.value.legs.map(({leg}) => leg),
			)
		) {
			return fail('TICKET_MISMATCH', 'Expected a ticket for exactly the legs of this relay.');
		}

		return ok(reply.value.legs);
	}

	redeemPeerKey(key: PeerKeyHandle, call: string, leg: string): Promise<Result<RedeemedKey, CodedFailure>> {
		return this.#redeemKey({kind: 'redeem-peer-key', key, call, leg});
	}

	redeemOwnKey(key: OwnKeyHandle, call: string, leg: string): Promise<Result<RedeemedKey, CodedFailure>> {
		return this.#redeemKey({kind: 'redeem-own-key', key, call, leg});
	}

	/** Tells the toolbox that the relay of a call is gone. What it answers changes nothing. */
	async tellRelayEnded(call: string): Promise<void> {
		await this.#ask({kind: 'relay-ended', call});
	}

	/** Tells the toolbox from where packets of a leg have come. What it answers changes nothing. */
	async tellHeardFrom(call: string, leg: string, address: string): Promise<void> {
		await this.#ask({kind: 'heard-from', call, leg, address});
	}

	close(): void {
		this.#requests.close();
	}

	/** A key whose request was given up must not stay in the vault. */
	#onLate(message: unknown): void {
		try {
			const {id, ...reply} = message as {readonly id?: unknown};
			const late = parseKeyChannelReply(idOf({id}) === undefined ? {} : reply);
			if (late.ok && 'slot' in late) {
				discardKey(late.slot);
			}
		} catch {
			this.close();
		}
	}

	async #redeemKey(request: KeyChannelRequest): Promise<Result<RedeemedKey, CodedFailure>> {
		const reply = await this.#ask(request);
		if (!reply.ok) {
			return reply;
		}

		return 'slot' in reply.value ? ok(reply.value) : fail('BAD_REPLY', 'Expected a slot from the toolbox, got none.');
	}

	async #ask(request: KeyChannelRequest): Promise<Result<KeyChannelReply & {readonly ok: true}, CodedFailure>> {
		try {
			const reply = await this.#requests.ask(request);
			return reply.ok ? ok(reply) : fail(reply.code, reply.message);
		} catch (error) {
			if (error instanceof SallyportError) {
				return fail(error.code, error.message);
			}

			throw error;
		}
	}
}

/** Wipes the key of a slot, if one is still there. */
export function discardKey(slot: string): void {
	try {
		MasterKey.claim(slot).destroy();
	} catch (error) {
		if (!(error instanceof SallyportError && error.code === 'KEY_SLOT_EMPTY')) {
			throw error;
		}
	}
}

function isSameSet(expected: readonly string[], actual: readonly string[]): boolean {
	return expected.length === actual.length && new Set([...expected, ...actual]).size === expected.length;
}
