// What a call costs that carries nothing: resident memory of the process, and how fast calls come and go.
import os from 'node:os';
import {startOurs} from '../contenders/ours.mjs';
import {interleave} from '../machinery/measure.mjs';
import {cpuMicroseconds, residentOctets} from '../machinery/process-usage.mjs';
import {rtpengineVersion, startRtpengine} from '../peers/rtpengine.mjs';

export const purpose = 'resident memory per idle call, and calls set up and ended per second of CPU';

const suites = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];
const nobody = [
	{address: '127.0.0.1', port: 9000},
	{address: '127.0.0.1', port: 9002},
];
const idleCalls = 1000;

export async function run({runs, seconds}) {
	const calls = Math.max(10, Math.min(idleCalls, Math.round(idleCalls * seconds)));
	const core = os.availableParallelism() > 1 ? 0 : undefined;
	const version = rtpengineVersion();
	const starts = [startOurs, ...(version === undefined ? [] : [startRtpengine])];
	const contenders = await interleave(
		starts.map((start) => ({
			name: start === startOurs ? 'ours' : 'rtpengine',
			measure: () => measure(start, core, calls),
		})),
		runs,
	);
	const [ours, theirs] = contenders.map(({metrics}) => metrics);
	const ratios = {};
	for (const metric of theirs === undefined ? [] : ['kibPerIdleCall', 'cpuUsPerSetUpAndEnd']) {
		ratios[`ours/rtpengine ${metric} srtp-srtp-cm ${calls}`] = ours[metric] / theirs[metric];
	}

	return {
		contenders,
		ratios,
		remarks: [
			`Slope of VmRSS from ${calls} to ${2 * calls} idle calls, SRTP on both legs; the kernel's sockets are not in it.`,
			'Ours is driven over an IPC channel of Node, rtpengine over its ng protocol with an offer and an answer.',
			...(version === undefined
				? ['rtpengine is not installed and was left out; on Debian: apt-get install rtpengine-daemon']
				: []),
		],
	};
}

/** In a fresh process each time: memory that was given back once would hide what the next calls take. */
async function measure(start, core, calls) {
	const relay = await start({core});
	try {
		const addresses = Array.from({length: calls}, () => nobody);
		const cpuBefore = cpuMicroseconds(relay.pid);
		await relay.setUp(addresses, suites);
		await relay.tearDown();
		const cpu = cpuMicroseconds(relay.pid) - cpuBefore;

		await relay.setUp(addresses, suites);
		const before = residentOctets(relay.pid);
		await relay.setUp(addresses, suites);
		const octets = residentOctets(relay.pid) - before;
		await relay.tearDown();
		return {
			kibPerIdleCall: octets / calls / 1024,
			cpuUsPerSetUpAndEnd: cpu / calls,
			setUpsPerCpuSecond: (1e6 * calls) / cpu,
		};
	} finally {
		await relay.close();
	}
}
