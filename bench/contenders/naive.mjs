import {ChildProcess} from '../machinery/child-process.mjs';

/** What a program would write first: two sockets of `node:dgram` for each call, plain RTP from one to the other. */
export function startNaive({core}) {
	const child = new ChildProcess(new URL('naive-process.mjs', import.meta.url), core);
	return {
		name: 'node:dgram',
		pid: child.pid,
		canCarry: (suites) => suites.every((suite) => suite === undefined),
		async setUp(addresses) {
			const ports = await child.ask({command: 'setUp', calls: addresses});
			return ports.map((legs) => legs.map((relay) => ({relay})));
		},
		tearDown: () => child.ask({command: 'tearDown'}),
		close: () => child.close(),
	};
}
