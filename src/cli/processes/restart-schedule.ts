/** When a process that died is started again: at once, and ever later where it dies again within a minute. */
export class RestartSchedule {
	#deaths: number[] = [];

	/** Notes a death now, and says how long to wait. */
	nextDelayMs(nowMs: number): number {
		this.#deaths = [...this.#deaths.filter((atMs) => nowMs - atMs < 60_000), nowMs];
		const again = this.#deaths.length - 1;
		return again === 0 ? 0 : Math.min(5000, 100 * 2 ** again);
	}
}
