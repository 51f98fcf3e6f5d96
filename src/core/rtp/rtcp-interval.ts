/**
 * Milliseconds until the next RTCP packet of a call between two (RFC 3550 §6.3.1): the minimum of 5 s, half of it
 * before the first, times 0.5 to 1.5 so that participants do not fall into step, over e − 3/2.
 */
export function rtcpIntervalMs(options: {
	readonly isFirst: boolean;
	readonly random: number;
	readonly minimumMs?: number;
}): number {
	const minimumMs = (options.minimumMs ?? 5000) / (options.isFirst ? 2 : 1);
	return (minimumMs * (0.5 + options.random)) / (Math.E - 1.5);
}
