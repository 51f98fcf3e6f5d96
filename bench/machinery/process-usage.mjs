import {readdirSync, readFileSync} from 'node:fs';

/** CPU time of all threads of a process in microseconds, as the scheduler counts it (to the nanosecond, not the tick). */
export function cpuMicroseconds(pid) {
	let total = 0;
	for (const thread of readdirSync(`/proc/${pid}/task`)) {
		const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
		total += Number(running) / 1000;
	}

	return total;
}

/** Memory in octets that a process has for itself: resident, pages shared with others counted in part (PSS). */
export function proportionalOctets(pid) {
	const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
	return 1024 * Number(kibibytes);
}
