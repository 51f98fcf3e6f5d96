import {toHex} from '../../base/bytes.js';
import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {discardKey, type KeyChannel, type LegLeave, type RedeemedKey} from './key-channel.js';
import type {LegSessions} from './leg-settings.js';
import type {CreatedRelay, MediaPlane} from './media-plane.js';
import type {LegIndex, RelayId} from './plane-events.js';
import type {ConfigureLeg, LegProtection, LegStatistics} from './protocol.js';

type SrtpProtection = LegProtection & {readonly kind: 'srtp'};

type CallLeg = {
	readonly name: string;
	readonly clearAllowed: boolean;
	/** What the sessions in force were made from: handles, MKIs and replay window. */
	inbound: string;
	outbound: string;
};

type PreparedSessions = {
	readonly sessions: LegSessions;
	/** Slots that wait to be claimed. */
	readonly slots: readonly string[];
};

/** The relay of one call: what its ticket allows, and which keys are in force. Commands must come one at a time. */
export class MediaCall {
	readonly relay: RelayId;
	readonly #name: string;
	readonly #plane: MediaPlane;
	readonly #keys: KeyChannel;
	readonly #legs: readonly [CallLeg, CallLeg];

	constructor(
		name: string,
		created: CreatedRelay,
		leaves: readonly [LegLeave, LegLeave],
		plane: MediaPlane,
		keys: KeyChannel,
	) {
		this.relay = created.relay;
		this.#name = name;
		this.#plane = plane;
		this.#keys = keys;
		this.#legs = [newLeg(leaves[0]), newLeg(leaves[1])];
	}

	legName(index: LegIndex): string {
		return this.#legs[index].name;
	}

	/**
	 * Installs what the command says. Sessions whose handles did not change stay in force, indices and all, so a handle is
	 * redeemed once however often the leg is changed. Keys redeemed for a change that fails are wiped.
	 */
	async configure(command: ConfigureLeg): Promise<Result<undefined, CodedFailure>> {
		const index = this.#legs.findIndex(({name}) => name === command.leg);
		const leg = this.#legs[index];
		if (leg === undefined) {
			return fail('UNKNOWN_LEG', 'Expected a leg of this call.');
		}

		const {kind: _, call: _call, leg: _leg, protection, ...rules} = command;
		if (protection.kind === 'clear' && !leg.clearAllowed) {
			return fail('CLEAR_NOT_ALLOWED', 'Expected a ticket that allows plain RTP on this leg.');
		}

		const inbound = protection.kind === 'clear' ? '' : describeInbound(protection);
		const outbound = protection.kind === 'clear' ? '' : describeOutbound(protection);
		const prepared =
			protection.kind === 'clear'
				? ok({sessions: {kind: 'clear'}, slots: []} as const)
				: await this.#redeem(command.leg, protection, leg.inbound === inbound, leg.outbound === outbound);
		if (!prepared.ok) {
			return prepared;
		}

		const {sessions, slots} = prepared.value;
		try {
			await this.#plane.configureLeg(this.relay, index === 0 ? 0 : 1, {
				...rules,
				sessions,
			});
		} catch (error) {
			slots.forEach(discardKey);
			throw error;
		}

		leg.inbound = inbound;
		leg.outbound = outbound;
		return ok(undefined);
	}

	async statistics(): Promise<readonly LegStatistics[]> {
		return this.#named(await this.#plane.statistics(this.relay));
	}

	/** Closes the ports, wipes the keys, tells the toolbox, and returns the last counters. */
	async destroy(): Promise<readonly LegStatistics[]> {
		try {
			return this.#named(await this.#plane.destroyRelay(this.relay));
		} finally {
			void this.#keys.tellRelayEnded(this.#name);
		}
	}

	#named(statistics: readonly Omit<LegStatistics, 'leg'>[]): readonly LegStatistics[] {
		return statistics.map((each, index) => ({leg: this.legName(index === 0 ? 0 : 1), ...each}));
	}

	async #redeem(
		leg: string,
		protection: SrtpProtection,
		keepsInbound: boolean,
		keepsOutbound: boolean,
	): Promise<Result<PreparedSessions, CodedFailure>> {
		const wanted = [
			...(keepsInbound
				? []
				: protection.inbound.map(({key, mki}) => ({
						mki,
						redeem: () => this.#keys.redeemPeerKey(key, this.#name, leg),
					}))),
			...(keepsOutbound
				? []
				: [
						{
							mki: protection.outbound.mki,
							redeem: () => this.#keys.redeemOwnKey(protection.outbound.key, this.#name, leg),
						},
					]),
		];
		const redeemed: RedeemedKey[] = [];
		for (const {mki, redeem} of wanted) {
			const key = await redeem();
			if (key.ok) {
				redeemed.push(key.value);
			}

			const failure = key.ok ? mismatch(key.value, protection, mki) : key;
			if (failure !== undefined) {
				for (const {slot} of redeemed) {
					discardKey(slot);
				}

				return failure;
			}
		}

		const legKeys = redeemed.map(toLegKey);
		const outboundKey = keepsOutbound ? undefined : legKeys.pop();
		const {replayWindowPackets, rollover, rekeyGraceMs, whenExpired, lateJoinRollovers} = protection;
		return ok({
			slots: redeemed.map(({slot}) => slot),
			sessions: {
				kind: 'srtp',
				inbound: keepsInbound
					? 'keep'
					: {
							keys: legKeys,
							...(replayWindowPackets !== undefined && {replayWindowPackets}),
							...(rollover?.inbound !== undefined && {rollover: rollover.inbound}),
							...(rekeyGraceMs !== undefined && {rekeyGraceMs}),
							...(whenExpired !== undefined && {whenExpired}),
							...(lateJoinRollovers !== undefined && {lateJoinRollovers}),
						},
				outbound:
					outboundKey === undefined
						? 'keep'
						: {...outboundKey, ...(rollover?.outbound !== undefined && {rollover: rollover.outbound})},
			},
		});
	}
}

function newLeg({leg, clearAllowed}: LegLeave): CallLeg {
	return {name: leg, clearAllowed, inbound: '', outbound: ''};
}

/** The toolbox knows what the signalling said of a key; a command that says otherwise is refused. */
function mismatch(key: RedeemedKey, {suite}: SrtpProtection, mki: Uint8Array | undefined) {
	if (key.suite !== suite) {
		return fail('SUITE_MISMATCH', `Expected the key's own suite ${key.suite}, got ${suite}.`);
	}

	if (mki !== undefined && Buffer.compare(mki, key.mki) !== 0) {
		return fail('MKI_MISMATCH', "Expected the key's own MKI, got another.");
	}

	return undefined;
}

function toLegKey({slot, mki, lifetimePackets}: RedeemedKey) {
	return {slot, ...(mki.byteLength > 0 && {mki}), ...(lifetimePackets !== undefined && {lifetimePackets})};
}

function describeInbound({suite, inbound, replayWindowPackets = 128}: SrtpProtection): string {
	return JSON.stringify([suite, replayWindowPackets, inbound.map(({key, mki}) => [key, mki && toHex(mki)])]);
}

function describeOutbound({suite, outbound: {key, mki}}: SrtpProtection): string {
	return JSON.stringify([suite, key, mki && toHex(mki)]);
}
