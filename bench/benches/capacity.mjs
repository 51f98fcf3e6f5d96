// How many packets a second one core relays before it loses any or lets them queue.
import {remarksOnRelays, startGenerator, startRelays} from '../machinery/contenders.mjs';
import {interleave, mergeCases} from '../machinery/measure.mjs';
import {suitesOf} from '../machinery/protections.mjs';
import {sendThrough} from '../machinery/relay-run.mjs';
import {tolerableLossPercent} from '../machinery/saturation.mjs';

export const purpose =
	'packets/s that one core relays with less than 0.1 % loss, SRTP to SRTP, beside rtpengine (userspace)';

const suites = suitesOf('srtp-srtp-cm');
const mostCalls = 200;
/** Of each stream; doubled until a step fails, then the distance is halved. */
const firstRate = 25;
const halvings = 4;
const highestRate = 3200;
/** Kernel buffers hide a second of overload from the count of losses: a rate also fails when 1 of 100 queues longer. */
const tolerableQueueUs = 50_000;
/** The machine, not the relay, may have failed a step. */
const tries = 2;

export async function run({runs, seconds}) {
	const calls = Math.max(1, Math.min(mostCalls, Math.round(mostCalls * seconds)));
	const generator = startGenerator();
	const relays = await startRelays(['ours', 'rtpengine']);
	try {
		const outcome = await interleave(
			relays.map((relay) => ({name: relay.name, measure: () => findCapacity(relay, generator, {calls, seconds})})),
			runs,
		);
		const caseName = 'srtp-srtp-cm 160';
		return {
			...mergeCases([{caseName, outcome}], ['packetsPerSecond']),
			remarks: [
				...remarksOnRelays(),
				`${calls} calls both ways; a rate counts when less than ${tolerableLossPercent} % is lost and 99 of 100 come within ${tolerableQueueUs / 1000} ms.`,
				...outcome
					.filter(({metrics}) => metrics.limitedByGenerator > 0)
					.map(({name}) => `${name}: the generator could not offer more; the figure is a lower bound.`),
			],
		};
	} finally {
		generator.close();
		for (const relay of relays) {
			await relay.close();
		}
	}
}

/** The rates are those really offered: a generator that is behind its plan offers less than it meant to. */
async function findCapacity(relay, generator, scale) {
	let best = {offeredPerSecond: 0, relayCpuPercent: 0, cpuUsPerPacket: 0};
	let limitedByGenerator = 0;
	/** True when the relay stood it and it was what had been asked for. */
	const stands = async (rate) => {
		const sample = await tryRate(relay, generator, {...scale, rate});
		if (sample === undefined) {
			return false;
		}

		best = sample.offeredPerSecond > best.offeredPerSecond ? sample : best;
		const isOffered = sample.offeredPerSecond > 0.9 * rate * 2 * scale.calls;
		limitedByGenerator = isOffered ? 0 : 1;
		return isOffered;
	};

	let low = 0;
	let high = firstRate;
	while (high < highestRate && (await stands(high))) {
		low = high;
		high = 2 * high;
	}

	for (let halving = 0; halving < halvings && limitedByGenerator === 0; halving++) {
		const middle = Math.round((low + high) / 2);
		if (await stands(middle)) {
			low = middle;
		} else {
			high = middle;
		}
	}

	return {
		packetsPerSecond: best.offeredPerSecond,
		relayCpuPercent: best.relayCpuPercent,
		cpuUsPerPacket: best.cpuUsPerPacket,
		limitedByGenerator,
	};
}

/** What was measured at a rate, or undefined when the relay did not stand it. */
async function tryRate(relay, generator, {rate, calls, seconds}) {
	for (let attempt = 0; attempt < tries; attempt++) {
		const sample = await sendThrough(relay, generator, {
			suites,
			calls,
			packetsPerSecond: rate,
			packetsPerStream: Math.max(1, Math.round(rate * seconds)),
			payloadOctets: 160,
		});
		if (sample.lossPercent < tolerableLossPercent && sample.latencyP99Us < tolerableQueueUs) {
			return sample;
		}
	}

	return undefined;
}
