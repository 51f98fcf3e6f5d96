import process from 'node:process';

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs every contender once, then every one again, `runs` times over, so that a slow minute of the machine meets all.
 * A contender is `{name, measure: async () => ({metric: number, …})}`; a metric's median and spread are returned.
 */
export async function interleave(contenders, runs) {
	const samples = contenders.map(() => []);
	for (let run = 0; run < runs; run++) {
		// A sign of life on the terminal, without a place in the report.
		process.stderr.write('.');
		for (const [index, contender] of contenders.entries()) {
			samples[index].push(await contender.measure());
		}
	}

	return contenders.map(({name}, index) => ({name, ...summarize(samples[index])}));
}

function summarize(samples) {
	const metrics = {};
	const spread = {};
	for (const metric of Object.keys(samples[0] ?? {})) {
		const values = samples.map((sample) => sample[metric]);
		metrics[metric] = median(values);
		spread[metric] = [Math.min(...values), Math.max(...values)];
	}

	return {metrics, spread};
}

/** Ratios ours ÷ peer of some metrics, by `ours/PEER METRIC CASE`. A peer without the metric has none. */
export function ratiosOf(contenders, metrics, caseName) {
	const ours = contenders.find(({name}) => name === 'ours');
	const ratios = {};
	for (const {name, metrics: theirs} of contenders.filter((contender) => contender !== ours)) {
		for (const metric of metrics) {
			if (theirs[metric] > 0 && ours?.metrics[metric] !== undefined) {
				ratios[`ours/${name} ${metric} ${caseName}`] = ours.metrics[metric] / theirs[metric];
			}
		}
	}

	return ratios;
}

/** Merges what the cases of a bench measured: metrics and spread get the case's name behind theirs. */
export function mergeCases(cases, ratioMetrics) {
	const contenders = new Map();
	let ratios = {};
	for (const {caseName, outcome} of cases) {
		ratios = {...ratios, ...ratiosOf(outcome, ratioMetrics, caseName)};
		for (const {name, metrics, spread} of outcome) {
			const entry = contenders.get(name) ?? {name, metrics: {}, spread: {}};
			contenders.set(name, entry);
			for (const metric of Object.keys(metrics)) {
				entry.metrics[`${metric} ${caseName}`] = metrics[metric];
				entry.spread[`${metric} ${caseName}`] = spread[metric];
			}
		}
	}

	return {contenders: [...contenders.values()], ratios};
}
