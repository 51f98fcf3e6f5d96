import {equalBytes} from '../../../base/bytes.js';
import {handleOf, MasterKey} from './master-key.js';
import type {NativeSessionKey} from './native-srtp.js';

/** One master key of a session and the name that packets call it by. */
export type SessionKey = {
	readonly masterKey: MasterKey;
	/** Master key identifier (RFC 3711 §3.1), 1 to 128 octets. Absent: packets carry none, and this is the only key. */
	readonly mki?: Uint8Array;
	/**
	 * Packets that the key may protect, counted for SRTP and for SRTCP over all sources (RFC 4568 §6.1), 1 to 2^48.
	 * Whichever count gets there first ends the key. @default 2^48 SRTP and 2^31 SRTCP packets (RFC 3711 §9.2)
	 */
	readonly lifetimePackets?: number;
};

/** Options of both directions. */
export type SrtpSessionOptions = {
	/** 1 to 16 keys of one suite. Several only with an MKI each, all of one length, no two the same. */
	readonly keys: readonly SessionKey[];
	/** Packets remembered to refuse replays, 64 to 32767 (RFC 3711 §3.3.2), rounded up to a multiple of 32. @default 128 */
	readonly replayWindowPackets?: number;
	/** Sources (SSRCs) that the session keeps state for, 1 to 4096. @default 64 */
	readonly maxSources?: number;
};

/** @internal The arguments of a native session. Throws `TypeError` or `RangeError`. */
export function nativeArguments(
	options: SrtpSessionOptions,
	allowed: readonly string[],
	activeMki?: Uint8Array,
): [keys: NativeSessionKey[], replayWindowPackets: number, maxSources: number, activeKey: number] {
	refuseUnknownNames(options, allowed);
	if (!Array.isArray(options.keys)) {
		throw new TypeError('Expected an array for `keys`, got something else.');
	}

	const keys = options.keys.map(nativeKey);
	return [
		keys,
		checkedInteger('replayWindowPackets', options.replayWindowPackets ?? 128, 64, 32_767),
		checkedInteger('maxSources', options.maxSources ?? 64, 1, 4096),
		activeKey(keys, activeMki),
	];
}

/** @internal Throws `RangeError` for what is not an unsigned 32-bit integer. */
export function checkedUint32(name: string, value: number): number {
	return checkedInteger(name, value, 0, 0xff_ff_ff_ff);
}

/** @internal Throws `TypeError` for what is not a Uint8Array. */
export function checkedPacket(packet: Uint8Array): Uint8Array {
	if (!(packet instanceof Uint8Array)) {
		throw new TypeError('Expected a Uint8Array for `packet`, got something else.');
	}

	return packet;
}

const keyNames = ['masterKey', 'mki', 'lifetimePackets'];
const maxLifetimePackets = 2 ** 48;

function nativeKey(key: SessionKey): NativeSessionKey {
	refuseUnknownNames(key, keyNames);
	if (!(key.masterKey instanceof MasterKey)) {
		throw new TypeError('Expected a MasterKey for `masterKey`, got something else.');
	}

	if (key.mki !== undefined) {
		if (!(key.mki instanceof Uint8Array)) {
			throw new TypeError('Expected a Uint8Array for `mki`, got something else.');
		}

		checkedInteger('mki.length', key.mki.length, 1, 128);
	}

	return {
		masterKey: handleOf(key.masterKey),
		mki: key.mki ?? new Uint8Array(0),
		lifetimePackets: checkedInteger(
			'lifetimePackets',
			key.lifetimePackets ?? maxLifetimePackets,
			1,
			maxLifetimePackets,
		),
	};
}

function activeKey(keys: readonly NativeSessionKey[], activeMki: Uint8Array | undefined): number {
	if (activeMki === undefined) {
		return 0;
	}

	const index = keys.findIndex((key) => equalBytes(key.mki, activeMki));
	if (index === -1) {
		throw new RangeError('Expected the MKI of one of `keys` for `activeMki`, got another.');
	}

	return index;
}

function checkedInteger(name: string, value: number, least: number, most: number): number {
	if (!Number.isInteger(value) || value < least || value > most) {
		throw new RangeError(`Expected an integer from ${least} to ${most} for \`${name}\`, got ${String(value)}.`);
	}

	return value;
}

function refuseUnknownNames(options: object, allowed: readonly string[]): void {
	if (typeof options !== 'object' || options === null) {
		throw new TypeError('Expected an object of options, got something else.');
	}

	for (const name of Object.keys(options)) {
		if (!allowed.includes(name)) {
			throw new TypeError(`Expected one of ${allowed.join(', ')}, got the unknown option \`${name}\`.`);
		}
	}
}
