/** One thing that the demonstration shows: what should happen, what did, and the figures behind it. */
export type DemoStep = {
	readonly name: string;
	readonly expected: string;
	readonly observed: string;
	/** Computed from what was observed. */
	readonly ok: boolean;
	readonly [figure: string]: unknown;
};

export type DemoReport = {
	readonly ok: boolean;
	readonly steps: readonly DemoStep[];
	/** Recordings and captures that were written. */
	readonly files: readonly string[];
};

/** Median of numbers; undefined of none. */
export function median(values: readonly number[]): number | undefined {
	return quantile(values, 0.5);
}

/** The value below which `share` of the values lie; undefined of none. */
export function quantile(values: readonly number[], share: number): number | undefined {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Two decimals are what a person reads. */
export function rounded(value: number | undefined): number | null {
	return value === undefined ? null : Math.round(value * 100) / 100;
}
