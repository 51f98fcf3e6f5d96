/** Base values of the transaction timers (RFC 3261 §17.1.1.1, table 4), milliseconds. */
export type SipTimers = {
	/** Estimate of the round trip; the first retransmission comes after it. @default 500 */
	readonly t1Ms: number;
	/** Longest pause between retransmissions of requests that are not INVITE and of INVITE responses. @default 4000 */
	readonly t2Ms: number;
	/** How long a message may stay in the network. @default 5000 */
	readonly t4Ms: number;
};

export const defaultSipTimers: SipTimers = {t1Ms: 500, t2Ms: 4000, t4Ms: 5000};

/** The defaults with what `changes` says. Throws `RangeError` for what is not above zero: timers would never advance. */
export function sipTimers(changes: Partial<SipTimers> = {}): SipTimers {
	const timers = {...defaultSipTimers, ...changes};
	for (const [name, value] of Object.entries(timers)) {
		if (!(value > 0 && Number.isFinite(value))) {
			throw new RangeError(`Expected milliseconds above zero for \`${name}\`, got ${value}.`);
		}
	}

	return timers;
}

/** Timers B, F, H, J, L and M: after 64 × T1 the other side is given up, or stops retransmitting. */
export function giveUpMs(timers: SipTimers): number {
	return 64 * timers.t1Ms;
}
