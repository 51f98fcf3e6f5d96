import type {SrtpSuiteName} from '../../../wire/sdes/suites.js';
import {loadAddon} from '../addon.js';
import type {ProtectFailureCode, UnprotectFailureCode} from './failures.js';

/** @internal What native/binding exports for SRTP. Arguments are checked by our classes. */
export type NativeMasterKey = {
	deposit(): string;
	destroy(): void;
	reveal(): Uint8Array;
	suite(): SrtpSuiteName;
};

/** @internal */
export type NativeSessionKey = {
	readonly masterKey: NativeMasterKey;
	readonly mki: Uint8Array;
	readonly lifetimePackets: number;
};

type NativeSession = {
	rolloverCounter(ssrc: number): number | undefined;
	setRolloverCounter(ssrc: number, rolloverCounter: number): undefined | 'WENT_BACK' | 'TOO_MANY_SOURCES' | 'INTERNAL';
	destroy(): void;
};

/** @internal */
export type NativeInbound = NativeSession & {
	unprotectRtp(packet: Uint8Array): Uint8Array | UnprotectFailureCode;
	unprotectRtcp(packet: Uint8Array): Uint8Array | UnprotectFailureCode;
};

/** @internal */
export type NativeOutbound = NativeSession & {
	protectRtp(packet: Uint8Array): Uint8Array | ProtectFailureCode;
	protectRtcp(packet: Uint8Array): Uint8Array | ProtectFailureCode;
};

type SessionConstructor<Session> = new (
	keys: readonly NativeSessionKey[],
	replayWindowPackets: number,
	maxSources: number,
	activeKey: number,
) => Session;

/** @internal */
export type NativeSrtp = {
	MasterKey: {
		new (suite: SrtpSuiteName, keyAndSalt?: Uint8Array): NativeMasterKey;
		new (slot: string, claims: true): NativeMasterKey;
	};
	SrtpInbound: SessionConstructor<NativeInbound>;
	SrtpOutbound: SessionConstructor<NativeOutbound>;
};

/** @internal Throws as `loadAddon` does. */
export function nativeSrtp(): NativeSrtp {
	return loadAddon<NativeSrtp>();
}
