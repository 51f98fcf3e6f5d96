import {loadAddon} from '../addon.js';
import type {NativeMasterKey} from '../srtp/native-srtp.js';

/** What the system granted to a process that is to keep its memory to itself. */
export type Hardening = {
	/** No other process of this user may read our memory or attach to us. */
	readonly isUndumpable: boolean;
	readonly hasNoCore: boolean;
};

/** @internal What native/binding/domains-binding.h exports. */
export type NativeDomains = {
	hardenProcess(): Hardening;
	secretMemory(): {readonly octets: number; readonly lockedOctets: number};
	createSocketPair(keepsRecords: boolean): readonly [number, number];
	closeDescriptor(descriptor: number): void;
	PrivateChannel: new (descriptor: number, receives: boolean, exitAfterMs: number) => NativePrivateChannel;
};

/** @internal */
export type NativePrivateChannel = {
	sendKey(key: NativeMasterKey): string;
	sendDescriptor(descriptor: number): void;
	drain(): void;
	takeDescriptor(): number | undefined;
	refused(): number;
	close(): void;
};

/** @internal Throws as `loadAddon` does. */
export function nativeDomains(): NativeDomains {
	return loadAddon<NativeDomains>();
}
