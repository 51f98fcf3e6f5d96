import {coded, handleOf, type MasterKey} from '../srtp/master-key.js';
import {type NativePrivateChannel, nativeDomains} from './native-domains.js';

/**
 * The sending end of a native channel to another process of ours: for keys, which never pass through a JavaScript buffer, and
 * for descriptors. Each method throws `SallyportError` KEY_CHANNEL_CLOSED or KEY_CHANNEL_FULL.
 */
export class PrivateSender {
	readonly #channel: NativePrivateChannel;

	/** Owns the descriptor, one end of a pair of `records`. */
	constructor(descriptor: number) {
		const {PrivateChannel} = nativeDomains();
		this.#channel = new PrivateChannel(descriptor, false, 0);
	}

	/** Sends a copy; the other process claims it by the name that is returned. */
	sendKey(key: MasterKey): string {
		return coded(() => this.#channel.sendKey(handleOf(key)));
	}

	/** Sends a duplicate; the caller still owns his. */
	sendDescriptor(descriptor: number): void {
		coded(() => this.#channel.sendDescriptor(descriptor));
	}

	/** Safe to call twice. */
	close(): void {
		this.#channel.close();
	}
}

/** The receiving end: a native thread puts keys into the vault of this process, and keeps descriptors until they are taken. */
export class PrivateReceiver {
	readonly #channel: NativePrivateChannel;

	/**
	 * Owns the descriptor. When the sender is gone and this end was not closed so long after, the process ends, whatever its
	 * JavaScript does; 0: never.
	 */
	constructor(descriptor: number, exitAfterMs: number) {
		const {PrivateChannel} = nativeDomains();
		this.#channel = new PrivateChannel(descriptor, true, exitAfterMs);
	}

	/** Takes in what was sent before now. */
	drain(): void {
		coded(() => this.#channel.drain());
	}

	/** The oldest descriptor that was sent and not taken; the caller owns it. */
	takeDescriptor(): number | undefined {
		this.drain();
		return coded(() => this.#channel.takeDescriptor());
	}

	/** Records that were none as agreed. */
	get refused(): number {
		return coded(() => this.#channel.refused());
	}

	/** Safe to call twice. */
	close(): void {
		this.#channel.close();
	}
}
