/** A source of time. Protocol cores take `nowMs` as an argument instead. */
export type Clock = {
	/** Milliseconds since 1970-01-01T00:00:00Z; may step. */
	wallMs(): number;
	/** Milliseconds since an arbitrary start; never steps back. */
	monotonicMs(): number;
	/** Absent where the clock is not the machine's own: then one process knows nothing of the time of another. */
	readonly boot?: BootClock;
};

/** What the processes of one boot of the machine have in common, whatever is done to the wall clock. */
export type BootClock = {
	/** Another one after each boot. */
	readonly id: string;
	/** Milliseconds since the boot, without those asleep. */
	awakeMs(): number;
	/** Milliseconds since the boot. */
	uptimeMs(): number;
};

/** The machine's own clocks. */
export const systemClock: Clock = {
	wallMs: () => Date.now(),
	monotonicMs: () => performance.now(),
};
