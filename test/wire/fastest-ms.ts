/** Milliseconds of the best of a few runs, so that what else the machine does is not measured. */
export function fastestMs(run: () => void): number {
	const times = Array.from({length: 5}, () => {
		const start = performance.now();
		run();
		return performance.now() - start;
	});
	return Math.min(...times);
}
