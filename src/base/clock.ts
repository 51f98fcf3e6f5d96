/** A source of time. Protocol cores take `nowMs` as an argument instead. */
export type Clock = {
	/** Milliseconds since 1970-01-01T00:00:00Z; may step. */
	wallMs(): number;
	/** Milliseconds since an arbitrary start; never steps back. */
	monotonicMs(): number;
};

/** The machine's own clocks. */
export const systemClock: Clock = {
	wallMs: () => Date.now(),
	monotonicMs: () => performance.now(),
};
