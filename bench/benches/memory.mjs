// What a call costs that carries nothing: memory of the process, and how fast calls come and go.
import {installed, remarksOnRelays, startRelays} from '../machinery/contenders.mjs';
import {interleave, mergeCases} from '../machinery/measure.mjs';
import {cpuMicroseconds, proportionalOctets} from '../machinery/process-usage.mjs';
import {suitesOf} from '../machinery/protections.mjs';

export const purpose = 'user memory per idle call, and calls set up and ended per second of CPU';

const suites = suitesOf('srtp-srtp-cm');
const nobody = [
	{address: '127.0.0.1', port: 9000},
	{address: '127.0.0.1', port: 9002},
];
const idleCalls = 1000;

export async function run({runs, seconds}) {
	const calls = Math.max(10, Math.min(idleCalls, Math.round(idleCalls * seconds)));
	const outcome = await interleave(
		installed(['ours', 'rtpengine']).map((name) => ({name, measure: () => measure(name, calls)})),
		runs,
	);
	return {
		...mergeCases([{caseName: `srtp-srtp-cm ${calls}`, outcome}], ['kibPerIdleCall', 'cpuUsPerSetUpAndEnd']),
		remarks: [
			...remarksOnRelays(),
			`Slope of PSS from ${calls} to ${2 * calls} idle calls, SRTP on both legs; the kernel's sockets are not in it.`,
			"javascriptKib is the part that is V8's own, after a collection; nativeKib is the rest.",
			'Ours is driven over an IPC channel of Node, rtpengine over its ng protocol with an offer and an answer.',
		],
	};
}

/** In a fresh process each time: memory that was given back once would hide what the next calls take. */
async function measure(name, calls) {
	const [relay] = await startRelays([name]);
	try {
		const addresses = Array.from({length: calls}, () => nobody);
		const cpuBefore = cpuMicroseconds(relay.pid);
		await relay.setUp(addresses, suites);
		await relay.tearDown();
		const cpu = cpuMicroseconds(relay.pid) - cpuBefore;

		await relay.setUp(addresses, suites);
		const before = await memoryOf(relay);
		await relay.setUp(addresses, suites);
		const after = await memoryOf(relay);
		await relay.tearDown();
		const kibPerIdleCall = (after.octets - before.octets) / calls / 1024;
		const javascriptKib = (after.javascriptOctets - before.javascriptOctets) / calls / 1024;
		return {
			kibPerIdleCall,
			...(relay.javascriptOctets && {javascriptKib, nativeKib: kibPerIdleCall - javascriptKib}),
			cpuUsPerSetUpAndEnd: cpu / calls,
			setUpsPerCpuSecond: (1e6 * calls) / cpu,
		};
	} finally {
		await relay.close();
	}
}

async function memoryOf(relay) {
	const javascriptOctets = (await relay.javascriptOctets?.()) ?? 0;
	return {javascriptOctets, octets: proportionalOctets(relay.pid)};
}
