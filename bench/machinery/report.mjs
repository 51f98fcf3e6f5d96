/**
 * What `--json` writes: `{machine, benches: [{name, contenders: [{name, metrics}], ratios}]}`. A metric is a median; the
 * least and the most of its runs stand beside it as `METRIC CASE least` and `METRIC CASE most`.
 */
export function toReport(machine, outcomes) {
	return {
		machine,
		benches: outcomes.map(({name, contenders, ratios}) => ({
			name,
			contenders: contenders.map((contender) => ({name: contender.name, metrics: withSpread(contender)})),
			ratios,
		})),
	};
}

function withSpread({metrics, spread}) {
	return Object.fromEntries(
		Object.entries(metrics).flatMap(([metric, value]) => [
			[metric, value],
			[`${metric} least`, spread[metric][0]],
			[`${metric} most`, spread[metric][1]],
		]),
	);
}
