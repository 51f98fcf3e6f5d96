import {setTimeout as sleep} from 'node:timers/promises';
import {cpuMicroseconds} from './process-usage.mjs';

/** After setting up, so that what it left to do is not charged to the packets. */
const settlingMs = 150;

/**
 * Sends one plan through a relay and returns what it cost and what became of it. `traffic` is a plan of the generator
 * without its calls. Throws when the relay passed on anything that it should not.
 */
export async function sendThrough(relay, generator, {suites, calls: count, ...traffic}) {
	const addresses = await generator.ask({command: 'open', calls: count});
	const calls = await relay.setUp(addresses, suites);
	try {
		await generator.ask({command: 'prepare', calls, ...traffic});
		await sleep(settlingMs);
		const before = cpuMicroseconds(relay.pid);
		const report = await generator.ask({command: 'run'});
		const cpu = cpuMicroseconds(relay.pid) - before;
		demandTrue(relay.name, report);
		const carryingNs = report.sendingNs + report.drainingNs;
		return {
			cpuUsPerPacket: cpu / report.delivered,
			packetsPerSecond: perSecond(report.delivered, carryingNs),
			offeredPerSecond: perSecond(report.sent, report.sendingNs),
			relayCpuPercent: (100 * cpu * 1000) / carryingNs,
			lossPercent: (100 * report.lost) / report.sent,
			reordered: report.reordered,
			latencyP50Us: report.latencyP50Ns / 1000,
			latencyP99Us: report.latencyP99Ns / 1000,
			generatorCpuPercent: (100 * report.cpuNs) / report.elapsedNs,
			generatorLateP99Us: report.lateP99Ns / 1000,
			generatorDrops: report.droppedByReceiver,
		};
	} finally {
		await relay.tearDown();
	}
}

function perSecond(packets, ns) {
	return (1e9 * packets) / Math.max(ns, 1);
}

/** A relay that hands on what it should not is not measured. */
function demandTrue(name, {delivered, unauthentic, altered, strange, duplicated}) {
	if (delivered === 0 || unauthentic + altered + strange + duplicated > 0) {
		throw new Error(
			`Expected authentic packets from ${name}, got ${delivered} of them, ${unauthentic} not authentic, ` +
				`${altered} changed, ${strange} strange, ${duplicated} doubled.`,
		);
	}
}
