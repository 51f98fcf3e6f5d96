import {randomBytes, randomInt} from 'node:crypto';
import {isIPv6} from 'node:net';
import type {ExecutionContext} from 'ava';
import type {LegKey, LegSettings} from '#dist/trusted/media/leg-settings.js';
import {type CreatedRelay, type LegPlace, MediaPlane, type RelayStatistics} from '#dist/trusted/media/media-plane.js';
import type {RelayId} from '#dist/trusted/media/plane-events.js';
import type {MediaInterfaceOptions, MediaPlaneOptions} from '#dist/trusted/media/plane-options.js';
import type {LegPorts} from '#dist/trusted/media/protocol.js';
import {MasterKey} from '#dist/trusted/media/srtp/master-key.js';
import {SrtpInbound} from '#dist/trusted/media/srtp/srtp-inbound.js';
import {SrtpOutbound} from '#dist/trusted/media/srtp/srtp-outbound.js';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';
import {openParty, type Party, remoteOf} from './phone.js';

/** A range of ports that other tests do not use at the same time, with high probability. */
export function somePortRange(ports = 400): readonly [number, number] {
	const first = 20_000 + 2 * randomInt(0, 20_000);
	return [first, first + ports - 1];
}

/** Both loopback addresses under one name, with ports that rest for nobody. */
export function loopback(ports = somePortRange()): readonly MediaInterfaceOptions[] {
	return ['127.0.0.1', '::1'].map((address) => ({name: 'loopback', address, ports}));
}

export function openPlane(t: ExecutionContext, options: Partial<MediaPlaneOptions> = {}): MediaPlane {
	const plane = MediaPlane.open({interfaces: loopback(), portCoolDownMs: 0, ...options});
	t.teardown(() => plane.close());
	return plane;
}

/** A key that a phone of the test and a leg of the relay share. */
export class SharedKey {
	readonly suite: SrtpSuiteName;
	readonly #keyAndSalt: Uint8Array;

	constructor(
		suite: SrtpSuiteName,
		keyAndSalt = randomBytes(srtpSuites[suite].keyOctets + srtpSuites[suite].saltOctets),
	) {
		this.suite = suite;
		this.#keyAndSalt = keyAndSalt;
	}

	/** The same key, with as much of the salt as the other suite has. */
	as(suite: SrtpSuiteName): SharedKey {
		const {keyOctets, saltOctets} = srtpSuites[suite];
		return new SharedKey(suite, Buffer.from(this.#keyAndSalt.subarray(0, keyOctets + saltOctets)));
	}

	masterKey(): MasterKey {
		return MasterKey.fromBytes(this.suite, this.#keyAndSalt);
	}

	legKey(): LegKey {
		return {slot: this.masterKey().deposit()};
	}

	outbound(t: ExecutionContext): SrtpOutbound {
		const session = new SrtpOutbound({keys: [{masterKey: this.masterKey()}]});
		t.teardown(() => session.destroy());
		return session;
	}

	inbound(t: ExecutionContext): SrtpInbound {
		const session = new SrtpInbound({keys: [{masterKey: this.masterKey()}]});
		t.teardown(() => session.destroy());
		return session;
	}
}

/** The value of a result that must be good. */
export function must<Value>(
	result: {readonly ok: true; readonly value: Value} | {readonly ok: false; readonly failure: {readonly code: string}},
): Value {
	if (!result.ok) {
		throw new Error(result.failure.code);
	}

	return result.value;
}

export type Call = {
	readonly plane: MediaPlane;
	readonly relay: RelayId;
	readonly parties: readonly [Party, Party];
	/** Where the relay listens, by leg. */
	readonly ports: readonly [LegPorts, LegPorts];
};

/** A relay between two parties on loopback; settings of each leg as given, plain RTP and declared sources by default. */
export async function openCall(
	t: ExecutionContext,
	settings: readonly [Partial<LegSettings>, Partial<LegSettings>] = [{}, {}],
	{
		plane = openPlane(t),
		addresses = ['127.0.0.1', '127.0.0.1'],
		places = [{}, {}],
	}: {plane?: MediaPlane; addresses?: [string, string]; places?: readonly [LegPlace, LegPlace]} = {},
): Promise<Call> {
	const parties = [await openParty(t, addresses[0]), await openParty(t, addresses[1])] as const;
	const created: CreatedRelay = await plane.createRelay([
		{...placeOf(addresses[0]), ...places[0]},
		{...placeOf(addresses[1]), ...places[1]},
	]);
	for (const leg of [0, 1] as const) {
		await plane.configureLeg(created.relay, leg, {
			remote: remoteOf(parties[leg]),
			sessions: {kind: 'clear'},
			...settings[leg],
		});
	}

	return {plane, relay: created.relay, parties, ports: created.legs};
}

function placeOf(address: string): LegPlace {
	return {family: isIPv6(address) ? 'IPv6' : 'IPv4'};
}

/** SRTP settings of a leg; what we send and what the peer sends have keys of their own. */
export function srtpSettings(inbound: SharedKey, outbound: SharedKey): Pick<LegSettings, 'sessions'> {
	return {sessions: {kind: 'srtp', inbound: {keys: [inbound.legKey()]}, outbound: outbound.legKey()}};
}

/** Waits until the leg has counted `packets` on RTP and RTCP together. */
export async function settled({plane, relay}: Call, leg: 0 | 1, packets: number): Promise<RelayStatistics> {
	for (;;) {
		const statistics = await plane.statistics(relay);
		const {received, receivedRtcp} = statistics[leg];
		if (received.packets + receivedRtcp >= packets) {
			return statistics;
		}
	}
}

/** Every datagram that came is counted once as sent, handled or dropped. */
export function isBalanced(statistics: RelayStatistics): boolean {
	return ([0, 1] as const).every((leg) => {
		const {received, receivedRtcp, dropped, handled} = statistics[leg];
		const onward = statistics[leg === 0 ? 1 : 0];
		const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
		const kept = Object.values(handled).reduce((sum, count) => sum + count, 0);
		return received.packets + receivedRtcp === onward.sent.packets + onward.sentRtcp + lost + kept;
	});
}

/** Drops of one leg without the reasons that were never met. */
export function dropsOf(statistics: RelayStatistics, leg: 0 | 1): Readonly<Record<string, number>> {
	return Object.fromEntries(Object.entries(statistics[leg].dropped).filter(([, count]) => count > 0));
}
