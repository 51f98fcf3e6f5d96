// A relay in a process of its own, traffic from another: what a packet costs the relay, what is lost, how long it takes.
import os from 'node:os';
import {setTimeout as sleep} from 'node:timers/promises';
import {startNaive} from '../contenders/naive.mjs';
import {startOurs} from '../contenders/ours.mjs';
import {ChildProcess} from '../machinery/child-process.mjs';
import {interleave, mergeCases} from '../machinery/measure.mjs';
import {cpuMicroseconds} from '../machinery/process-usage.mjs';
import {rtpengineVersion, startRtpengine} from '../peers/rtpengine.mjs';

export const purpose = 'CPU per relayed packet, loss and latency, beside node:dgram and rtpengine (userspace)';

/** Suites of caller and callee; none is plain RTP. Where both have one they differ: rtpengine then must re-encrypt. */
const protections = [
	{name: 'rtp-rtp', suites: [undefined, undefined]},
	{name: 'srtp-rtp', suites: ['AES_CM_128_HMAC_SHA1_80', undefined]},
	{name: 'srtp-srtp-cm', suites: ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32']},
	{name: 'srtp-srtp-gcm', suites: ['AEAD_AES_128_GCM', 'AEAD_AES_256_GCM']},
];

const packetsPerSecond = 50;
const saturatedLossPercent = 0.1;
/** Later than this, or busier, the generator itself did not keep its plan. */
const generatorLateUs = 5000;
const generatorBusyPercent = 90;

export async function run({runs, seconds, calls, only}) {
	const version = rtpengineVersion();
	const cores = os.availableParallelism();
	const core = cores > 1 ? 0 : undefined;
	const generator = new ChildProcess(
		new URL('../machinery/generator-process.mjs', import.meta.url),
		cores > 1 ? `1-${cores - 1}` : undefined,
	);
	const relays = [startOurs({core}), startNaive({core})];
	try {
		if (version !== undefined) {
			relays.push(await startRtpengine({core}));
		}

		const cases = [];
		for (const {name, suites} of protections.filter((protection) => protection.name.includes(only))) {
			for (const count of calls) {
				const contenders = relays
					.filter((relay) => relay.canCarry(suites))
					.map((relay) => ({name: relay.name, measure: () => measure(relay, generator, {suites, count, seconds})}));
				cases.push({caseName: `${name} ${count}`, outcome: await interleave(contenders, runs)});
			}
		}

		return {
			...mergeCases(cases, ['cpuUsPerPacket', 'latencyP50Us', 'latencyP99Us']),
			remarks: [...remarksOn(version, core), ...cases.flatMap(saturationOf)],
		};
	} finally {
		generator.close();
		for (const relay of relays) {
			await relay.close();
		}
	}
}

async function measure(relay, generator, {suites, count, seconds}) {
	const addresses = await generator.ask({command: 'open', calls: count});
	const calls = await relay.setUp(addresses, suites);
	try {
		const packetsPerStream = Math.max(1, Math.round(packetsPerSecond * seconds));
		await generator.ask({command: 'prepare', calls, packetsPerSecond, packetsPerStream, payloadOctets: 160});
		// What setting up left to do is not charged to the packets.
		await sleep(200);
		const before = cpuMicroseconds(relay.pid);
		const report = await generator.ask({command: 'run'});
		const cpu = cpuMicroseconds(relay.pid) - before;
		demandTrue(relay.name, report);
		return {
			cpuUsPerPacket: cpu / report.delivered,
			relayCpuPercent: (100 * cpu * 1000) / report.elapsedNs,
			lossPercent: (100 * report.lost) / report.sent,
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

/** A relay that hands on what it should not is not measured. */
function demandTrue(name, {delivered, unauthentic, altered, strange, duplicated}) {
	if (delivered === 0 || unauthentic + altered + strange + duplicated > 0) {
		throw new Error(
			`Expected authentic packets from ${name}, got ${delivered} of them, ${unauthentic} not authentic, ` +
				`${altered} changed, ${strange} strange, ${duplicated} doubled.`,
		);
	}
}

function remarksOn(version, core) {
	return [
		core === undefined
			? 'One core for relay and generator: latencies are of both.'
			: `Relays on core ${core} alone, the generator on the others.`,
		version === undefined
			? 'rtpengine is not installed and was left out; on Debian: apt-get install rtpengine-daemon'
			: `rtpengine ${version}, userspace (--table=-1), one thread for media.`,
	];
}

/** Says where the generator was not what it should be, and where a relay could not keep up. */
function saturationOf({caseName, outcome}) {
	return outcome.flatMap(({name, metrics}) => {
		const {lossPercent, generatorLateP99Us, generatorCpuPercent, generatorDrops} = metrics;
		const isGenerator =
			generatorLateP99Us > generatorLateUs || generatorCpuPercent > generatorBusyPercent || generatorDrops > 0;
		if (isGenerator) {
			return [`${caseName}, ${name}: the generator did not keep its plan; the case says less than it seems.`];
		}

		return lossPercent > saturatedLossPercent
			? [`${caseName}, ${name}: the relay's side saturated, ${lossPercent.toFixed(2)} % lost.`]
			: [];
	});
}
