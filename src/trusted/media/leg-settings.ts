import {SallyportError} from '../../base/error.js';
import {
	expectArray,
	expectChoice,
	expectInteger,
	expectObject,
	expectOctets,
	expectTransportAddress,
} from './argument-checks.js';
import type {LegRules} from './leg-rules.js';
import type {NativeLegSettings, NativeSession, NativeSessionKey} from './native-media-plane.js';
import type {PayloadCodec, SourcePolicy} from './protocol.js';
import {toNativeSource} from './source-policy.js';
import {toNativeStun} from './stun-policy.js';

/** A master key for a leg, by the slot of native memory where `MasterKey.deposit()` left it. It is taken out once. */
export type LegKey = {
	readonly slot: string;
	/** 1 to 128 octets; needed where a leg has several keys. */
	readonly mki?: Uint8Array;
	/** Packets after which the key must not be used, 1 to 2^48 (RFC 4568 §6.1). Absent: the maxima of RFC 3711 §9.2. */
	readonly lifetimePackets?: number;
};

/** What is done with the packets of a leg. `keep` leaves a session in force, with its indices and replay windows. */
export type LegSessions =
	| {readonly kind: 'clear'}
	| {
			readonly kind: 'srtp';
			readonly inbound:
				| 'keep'
				| {
						/** What the peer sends with: one, or several with an MKI each. */
						readonly keys: readonly LegKey[];
						/** Packets remembered to refuse replays, 64 to 32767 (RFC 3711 §3.3.2). @default 128 */
						readonly replayWindowPackets?: number;
						/**
						 * Rollover counters where these keys follow others: they go on (RFC 3711 §3.3.1), or the peer starts again
						 * at 0 (RFC 4568 §7.1.4 where its address changed; Microsoft Teams). A key that stays keeps them. @default 'keep'
						 */
						readonly rollover?: 'keep' | 'reset';
						/**
						 * How long the keys before these stay valid beside them where both have MKIs, 0 to 60000. Without MKI they go
						 * 500 ms after the first packet under one of these. @default 5000
						 */
						readonly rekeyGraceMs?: number;
						/**
						 * What happens to packets under a key past its lifetime; the event `key-expired` tells either way. `stop` drops
						 * them, `alert` lets them pass until the maxima of RFC 3711 §9.2. @default 'stop'
						 */
						readonly whenExpired?: 'stop' | 'alert';
						/**
						 * Rollovers that a stream may have had, above what was heard of it, without our knowing, 0 to 64: packets that
						 * fail their tag are tried under so many higher rollover counters, 200 tries a second at most. The first that
						 * opens is dropped, the next that agrees with it passes. @default 0
						 */
						readonly lateJoinRollovers?: number;
				  };
			readonly outbound:
				| 'keep'
				| (LegKey & {
						/** Our rollover counters where this key follows another, as `inbound.rollover`. @default 'keep' */
						readonly rollover?: 'keep' | 'reset';
				  });
	  };

export type LegSettings = LegRules & {
	readonly sessions: LegSessions;
	/** `learned` and `relatch` need SRTP. @default {kind: 'declared'} */
	readonly source?: SourcePolicy;
};

const directions = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
const rolloverRules = ['keep', 'reset'] as const;
const expiryRules = ['stop', 'alert'] as const;
const maxRekeyGraceMs = 60_000;
const maxLateJoinRollovers = 64;
const maxKeysPerLeg = 16;
const maxMkiOctets = 128;

/**
 * Checks every field and lays it down for the addon. Throws `TypeError` or `RangeError` and names the field, or
 * `SallyportError` `NO_RTCP_PORT`.
 *
 * @param made How the leg's ports were bound.
 */
export function toNativeLegSettings(settings: LegSettings, made: 'pair' | 'mux'): NativeLegSettings {
	const {
		remote,
		rtcp: rtcpPorts,
		sessions,
		source,
		payloadTypes,
		direction,
		maxSources,
		reflections,
		stun,
		dtls,
		...monitoring
	} = expectObject('settings', settings, [
		'remote',
		'rtcp',
		'sessions',
		'source',
		'payloadTypes',
		'direction',
		'maxSources',
		'reflections',
		'stun',
		'dtls',
		'codecs',
		'rtpTimeoutMs',
		'rtcpTimeoutMs',
	]);
	const {codecs, rtpTimeoutMs, rtcpTimeoutMs} = monitoring;
	const {rtp, rtcp} = expectObject('remote', remote, ['rtp', 'rtcp']);
	const checkedSource = toNativeSource(source);
	const checkedSessions = checkSessions(sessions);
	if (checkedSessions.isClear && (checkedSource.source === 'learned' || checkedSource.mayMove)) {
		throw new TypeError('Expected SRTP where addresses are learned or latched again, got clear sessions.');
	}

	const checkedPorts = rtcpPorts === undefined ? made : expectChoice('rtcp', rtcpPorts, ['pair', 'mux']);
	if (made === 'mux' && checkedPorts === 'pair') {
		throw new SallyportError('NO_RTCP_PORT', 'Expected `rtcp` to stay `mux` on a leg that was made with one port.');
	}

	return {
		isMultiplexed: checkedPorts === 'mux',
		remoteRtp: expectTransportAddress('remote.rtp', rtp),
		remoteRtcp: expectTransportAddress('remote.rtcp', rtcp),
		direction: direction === undefined ? 'sendrecv' : expectChoice('direction', direction, directions),
		clocks: checkCodecs(codecs).map(({payloadType, clockRate}) => ({payloadType, clockHz: clockRate})),
		rtpTimeoutMs: checkTimeout('rtpTimeoutMs', rtpTimeoutMs),
		rtcpTimeoutMs: checkTimeout('rtcpTimeoutMs', rtcpTimeoutMs),
		...checkedSource,
		...checkedSessions,
		maxSources: maxSources === undefined ? 64 : expectInteger('maxSources', maxSources, 1, 4096),
		passesReflections:
			reflections !== undefined && expectChoice('reflections', reflections, ['drop', 'pass']) === 'pass',
		reportsDtls: dtls !== undefined && expectChoice('dtls', dtls, ['report']) === 'report',
		...(stun !== undefined && {stun: toNativeStun(stun)}),
		...(payloadTypes !== undefined && {payloadTypes: checkPayloadTypes(payloadTypes)}),
	};
}

function checkSessions(sessions: unknown): Pick<NativeLegSettings, 'isClear' | 'inbound' | 'outbound'> {
	const {kind, inbound, outbound} = expectObject('sessions', sessions, ['kind', 'inbound', 'outbound']);
	if (expectChoice('sessions.kind', kind, ['clear', 'srtp']) === 'clear') {
		return {isClear: true};
	}

	return {
		isClear: false,
		...(inbound !== 'keep' && {inbound: checkInbound(inbound)}),
		...(outbound !== 'keep' && {outbound: checkOutbound(outbound)}),
	};
}

function checkInbound(inbound: unknown): NativeSession {
	const rules = expectObject('inbound', inbound, [
		'keys',
		'replayWindowPackets',
		'rollover',
		'rekeyGraceMs',
		'whenExpired',
		'lateJoinRollovers',
	]);
	const {keys, replayWindowPackets, rollover, rekeyGraceMs, whenExpired, lateJoinRollovers} = rules;
	const list = expectArray('inbound.keys', keys, 1, maxKeysPerLeg);
	return {
		keys: list.map((key, index) => checkKey(`inbound.keys[${index}]`, key)),
		...(replayWindowPackets !== undefined && {
			replayWindowPackets: expectInteger('inbound.replayWindowPackets', replayWindowPackets, 64, 32_767),
		}),
		...(rollover !== undefined && {rollover: expectChoice('inbound.rollover', rollover, rolloverRules)}),
		...(rekeyGraceMs !== undefined && {
			rekeyGraceMs: expectInteger('inbound.rekeyGraceMs', rekeyGraceMs, 0, maxRekeyGraceMs),
		}),
		...(whenExpired !== undefined && {whenExpired: expectChoice('inbound.whenExpired', whenExpired, expiryRules)}),
		...(lateJoinRollovers !== undefined && {
			lateJoinRollovers: expectInteger('inbound.lateJoinRollovers', lateJoinRollovers, 0, maxLateJoinRollovers),
		}),
	};
}

function checkOutbound(outbound: unknown): NativeSession {
	const {rollover, ...key} = expectObject('outbound', outbound, ['rollover', 'slot', 'mki', 'lifetimePackets']);
	return {
		keys: [checkKey('outbound', key)],
		...(rollover !== undefined && {rollover: expectChoice('outbound.rollover', rollover, rolloverRules)}),
	};
}

function checkKey(name: string, key: unknown): NativeSessionKey {
	const {slot, mki, lifetimePackets} = expectObject(name, key, ['slot', 'mki', 'lifetimePackets']);
	if (typeof slot !== 'string' || !/^[0-9a-f]{32}$/.test(slot)) {
		throw new TypeError(`Expected 32 hexadecimal digits for \`${name}.slot\`.`);
	}

	return {
		slot,
		...(mki !== undefined && {mki: expectOctets(`${name}.mki`, mki, 1, maxMkiOctets)}),
		...(lifetimePackets !== undefined && {
			lifetimePackets: expectInteger(`${name}.lifetimePackets`, lifetimePackets, 1, 2 ** 48),
		}),
	};
}

/** Throws `TypeError` or `RangeError` and names the field. */
export function checkCodecs(codecs: unknown): readonly PayloadCodec[] {
	return expectArray('codecs', codecs ?? [], 0, 128).map((codec, index) => {
		const {payloadType, name, clockRate} = expectObject(`codecs[${index}]`, codec, [
			'payloadType',
			'name',
			'clockRate',
		]);
		if (typeof name !== 'string' || !/^[\w.+-]{1,32}$/.test(name)) {
			throw new TypeError(`Expected 1 to 32 characters of a token for \`codecs[${index}].name\`.`);
		}

		return {
			payloadType: expectInteger(`codecs[${index}].payloadType`, payloadType, 0, 127),
			name,
			clockRate: expectInteger(`codecs[${index}].clockRate`, clockRate, 1, 192_000),
		};
	});
}

function checkTimeout(name: string, timeoutMs: unknown): number {
	return timeoutMs === undefined ? 0 : expectInteger(name, timeoutMs, 1000, 86_400_000);
}

function checkPayloadTypes(payloadTypes: unknown): readonly number[] {
	const list = expectArray('payloadTypes', payloadTypes, 0, 128);
	return list.map((type, index) => expectInteger(`payloadTypes[${index}]`, type, 0, 127));
}
