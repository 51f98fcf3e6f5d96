import process from 'node:process';

/** Runs of a property: `usual` in the short profile, `TEST_RUNS_FACTOR` times as many in the long one. */
export function runs(usual: number): {readonly numRuns: number} {
	return {numRuns: usual * Number(process.env['TEST_RUNS_FACTOR'] ?? 1)};
}

/** How long a soak lasts: two seconds in the short profile, `TEST_SOAK_SECONDS` in the long one. */
export const soakMs = Number(process.env['TEST_SOAK_SECONDS'] ?? 2) * 1000;
/** In the short profile other tests share the process, and its memory and descriptors tell nothing. */
export const isSoakingAlone = process.env['TEST_SOAK_SECONDS'] !== undefined;
