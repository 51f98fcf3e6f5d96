export const tolerableLossPercent = 0.1;

/** Beyond this a core had no room left. */
const busyPercent = 90;
const lateUs = 5000;
/** Packets are a frame of 20 ms; later than that a queue was growing, which socket buffers hide from the count of losses. */
const queueingUs = 20_000;

/**
 * Which side was at its end in a case:
 * `generator` when its core was full or its own sockets were; `others` when it was behind its plan although its core was
 * not full with it, so that something else had the core; `relay` when packets were lost or queued, or its core was full,
 * and it was none of the other two; else undefined.
 */
export function saturatedSide(metrics) {
	const {generatorLateP99Us, generatorCpuPercent, generatorDrops} = metrics;
	if (generatorCpuPercent > busyPercent || generatorDrops > 0) {
		return 'generator';
	}

	const {relayCpuPercent, lossPercent, latencyP99Us} = metrics;
	if (relayCpuPercent > busyPercent) {
		return 'relay';
	}

	if (generatorLateP99Us > lateUs) {
		return 'others';
	}

	return lossPercent > tolerableLossPercent || latencyP99Us > queueingUs ? 'relay' : undefined;
}

/** Whether a lower rate would have been better for relay or generator. */
export function isTooFast(metrics) {
	return ['relay', 'generator'].includes(saturatedSide(metrics));
}

/** What a reader of a case must know, in a sentence; undefined when nothing saturated. */
export function describeSaturation(caseName, contender, metrics) {
	const side = saturatedSide(metrics);
	const {relayCpuPercent, generatorCpuPercent, generatorLateP99Us, lossPercent} = metrics;
	const figures =
		`relay's core ${relayCpuPercent.toFixed(0)} % busy with it, generator's ${generatorCpuPercent.toFixed(0)} %, ` +
		`generator ${(generatorLateP99Us / 1000).toFixed(1)} ms late (p99), ${lossPercent.toFixed(2)} % lost`;
	return side && `${caseName}, ${contender}: ${verdicts[side]} (${figures}).`;
}

const verdicts = {
	relay: 'the relay saturated',
	generator: 'the generator saturated',
	others: 'other programs kept the generator from its plan; latencies are theirs',
};
