import {BoundedMap} from '../../../base/bounded-map.js';

/** What cannot be: one identity has live calls from two places, or was at another one too short a time ago. */
export type Impossibility = 'two-places' | 'too-soon';

type Presence = {readonly calls: Map<string, string>; place: string; atMs: number};

/** Where each identity's live calls come from. Bounded: the identity heard least recently is forgotten. */
export class OriginPresence {
	readonly #identities: BoundedMap<string, Presence>;
	/** Identities of a call, by call. */
	readonly #calls: BoundedMap<string, Set<string>>;
	readonly #travelMs: number;

	/** `travelSeconds`: time that it takes at least to get to another place. @default 60 */
	constructor({travelSeconds = 60, limit = 100_000} = {}) {
		this.#identities = new BoundedMap(limit);
		this.#calls = new BoundedMap(limit);
		this.#travelMs = 1000 * travelSeconds;
	}

	/** Notes that a call of `identity` comes from `place`, and says what is impossible about it. A call may move. */
	arrive(identity: string, call: string, place: string, nowMs: number): Impossibility | undefined {
		const presence = this.#identities.get(identity) ?? {calls: new Map<string, string>(), place, atMs: nowMs};
		const isKnownCall = presence.calls.has(call);
		const elsewhere = [...presence.calls].some(([other, where]) => other !== call && where !== place);
		const isTooSoon = presence.place !== place && !isKnownCall && nowMs - presence.atMs < this.#travelMs;
		if (isKnownCall || presence.calls.size < maxCallsOfOne) {
			presence.calls.set(call, place);
			const identities = this.#calls.get(call) ?? new Set<string>();
			identities.add(identity);
			this.#calls.set(call, identities);
		}

		presence.place = place;
		presence.atMs = nowMs;
		this.#identities.set(identity, presence);
		return elsewhere ? 'two-places' : isTooSoon ? 'too-soon' : undefined;
	}

	/** The call is over. */
	leave(call: string): void {
		for (const identity of this.#calls.get(call) ?? []) {
			this.#identities.get(identity)?.calls.delete(call);
		}

		this.#calls.delete(call);
	}
}

/** Calls of one identity that are looked at. */
const maxCallsOfOne = 64;
