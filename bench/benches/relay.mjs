// A relay in a process of its own, traffic from another: what a packet costs the relay, what is lost, how long it takes.
import {remarksOnRelays, startGenerator, startRelays} from '../machinery/contenders.mjs';
import {interleave, mergeCases} from '../machinery/measure.mjs';
import {protections} from '../machinery/protections.mjs';
import {sendThrough} from '../machinery/relay-run.mjs';
import {describeSaturation, isTooFast} from '../machinery/saturation.mjs';

export const purpose = 'CPU per relayed packet, loss and latency, beside node:dgram and rtpengine (userspace)';

const packetsPerSecond = 50;
/** Tried in turn where the full rate is too much for one of the contenders. */
const lesserRates = [40, 30, 25, 20, 15, 10, 5, 2];
const floodCalls = 10;
/** More on one port at a time and rtpengine's userspace path stands still for good. */
const floodInFlight = 64;
const floodPacketsPerSecond = 20_000;

export async function run({runs, seconds, calls, only}) {
	const generator = startGenerator();
	const relays = await startRelays(['ours', 'node:dgram', 'rtpengine']);
	const cases = [];
	const remarks = [];
	/** One case: each relay in turn, `runs` times. Remarks tell who was at his end. */
	const measure = async (caseName, able, traffic) => {
		const outcome = await interleave(
			able.map((relay) => ({name: relay.name, measure: () => sendThrough(relay, generator, traffic)})),
			runs,
		);
		cases.push({caseName, outcome});
		return outcome;
	};

	try {
		for (const {name, suites} of protections.filter((protection) => protection.name.includes(only))) {
			const able = relays.filter((relay) => relay.canCarry(suites));
			for (const count of calls) {
				const traffic = steadyTraffic({suites, calls: count, seconds});
				const caseName = `${name} ${count}`;
				const outcome = await measure(caseName, able, traffic);
				remarks.push(...remarksOnSaturation(caseName, outcome));
				if (outcome.some(({metrics}) => isTooFast(metrics))) {
					const rate = await highestSustainedRate(able, generator, traffic, seconds);
					remarks.push(`${caseName}: compared also at ${rate} packets/s of each stream, ${describeRate(rate)}.`);
					await measure(`${caseName} at ${rate}/s`, able, steadyTraffic({...traffic, seconds, rate}));
				}
			}

			await measure(`${name} flood`, able, floodTraffic({suites, seconds}));
		}

		return {
			...mergeCases(cases, ['cpuUsPerPacket', 'latencyP50Us', 'latencyP99Us', 'packetsPerSecond']),
			remarks: [...remarksOnRelays(), ...remarks],
		};
	} finally {
		generator.close();
		for (const relay of relays) {
			await relay.close();
		}
	}
}

function steadyTraffic({suites, calls, seconds, rate = packetsPerSecond}) {
	return {
		suites,
		calls,
		packetsPerSecond: rate,
		packetsPerStream: Math.max(1, Math.round(rate * seconds)),
		payloadOctets: 160,
	};
}

/** As fast as packets come back, with a bounded number on their way. */
function floodTraffic({suites, seconds}) {
	return {
		suites,
		calls: floodCalls,
		packetsPerSecond: 100_000,
		packetsPerStream: Math.max(1, Math.round((floodPacketsPerSecond * seconds) / (2 * floodCalls))),
		payloadOctets: 1200,
		maxInFlightPackets: floodInFlight,
	};
}

/** The first of the lesser rates at which nobody is at his end, tried once with each; the lowest when there is none. */
async function highestSustainedRate(relays, generator, traffic, seconds) {
	for (const rate of lesserRates.slice(0, -1)) {
		if (await isSustained(relays, generator, steadyTraffic({...traffic, seconds, rate}))) {
			return rate;
		}
	}

	return lesserRates.at(-1);
}

async function isSustained(relays, generator, traffic) {
	for (const relay of relays) {
		if (isTooFast(await sendThrough(relay, generator, traffic))) {
			return false;
		}
	}

	return true;
}

function describeRate(rate) {
	return rate === lesserRates.at(-1) ? 'the lowest one tried' : 'the highest one that all sustained';
}

function remarksOnSaturation(caseName, outcome) {
	return outcome.flatMap(({name, metrics}) => describeSaturation(caseName, name, metrics) ?? []);
}
