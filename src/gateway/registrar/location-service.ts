import type {SipTarget} from '../../core/sip/hop.js';

/** One place where a registered party is reached (RFC 3261 §10). */
export type Binding = {
	/** URI of the Contact, as registered. */
	readonly contact: string;
	/** Preference, 0 to 1 (RFC 3261 §20.10). */
	readonly preference: number;
	/** Where requests to it go: over the way that the registration came by. */
	readonly target: SipTarget;
	readonly callId: string;
	readonly sequence: number;
	/** Monotonic. */
	readonly expiresAtMs: number;
};

export type BindingFailure = 'OUT_OF_ORDER' | 'TOO_MANY_BINDINGS';

/**
 * Where the addresses of our own domains are reached: bindings by canonical AOR, in memory. Without clock or sockets; bounded by the
 * addresses that may authenticate and by {@link maxBindings} of each.
 */
export class LocationService {
	readonly #bindings = new Map<string, readonly Binding[]>();

	/** Addresses with a binding, expired ones included until they are looked at. */
	get size(): number {
		return this.#bindings.size;
	}

	/** Those that have not expired, best first: by preference, then the newest. */
	bindingsOf(aor: string, nowMs: number): readonly Binding[] {
		const known = this.#bindings.get(aor) ?? [];
		const alive = known.filter(({expiresAtMs}) => expiresAtMs > nowMs);
		if (alive.length < known.length) {
			this.#set(aor, alive);
		}

		return alive;
	}

	/**
	 * Adds, refreshes and removes bindings (one whose time has passed goes): all of them, or none where one comes out of order
	 * (RFC 3261 §10.3, step 7).
	 */
	change(aor: string, changes: readonly Binding[], nowMs: number): BindingFailure | undefined {
		let bindings = this.bindingsOf(aor, nowMs);
		for (const change of changes) {
			const before = bindings.find(({contact}) => contact === change.contact);
			if (before?.callId === change.callId && change.sequence <= before.sequence) {
				return 'OUT_OF_ORDER';
			}

			const others = bindings.filter((binding) => binding !== before);
			bindings = change.expiresAtMs > nowMs ? [change, ...others] : others;
		}

		if (bindings.length > maxBindings) {
			return 'TOO_MANY_BINDINGS';
		}

		this.#set(
			aor,
			bindings.toSorted((left, right) => right.preference - left.preference),
		);
		return undefined;
	}

	#set(aor: string, bindings: readonly Binding[]): void {
		if (bindings.length > 0) {
			this.#bindings.set(aor, bindings);
		} else {
			this.#bindings.delete(aor);
		}
	}
}

/** Telephones that one address may have. */
export const maxBindings = 10;
