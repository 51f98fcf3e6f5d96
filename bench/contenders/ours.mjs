import {ChildProcess} from '../machinery/child-process.mjs';
import {freshKey} from '../machinery/leg-keys.mjs';

/** Our media plane in a process of its own. */
export function startOurs({core}) {
	const child = new ChildProcess(new URL('ours-process.mjs', import.meta.url), core);
	return {
		name: 'ours',
		pid: child.pid,
		canCarry: () => true,
		/** → parties as the generator plays them, by call. */
		async setUp(addresses, suites) {
			const calls = addresses.map((parties) =>
				parties.map((remote, party) => ({
					remote,
					...(suites[party] !== undefined && {inbound: freshKey(suites[party]), outbound: freshKey(suites[party])}),
				})),
			);
			const ports = await child.ask({command: 'setUp', calls});
			return calls.map((legs, call) =>
				legs.map(({inbound, outbound}, party) => ({
					relay: ports[call][party],
					// What the leg takes in, its party sends.
					...(inbound !== undefined && {outbound: inbound, inbound: outbound}),
				})),
			);
		},
		javascriptOctets: () => child.ask({command: 'measureHeap'}),
		tearDown: () => child.ask({command: 'tearDown'}),
		close: () => child.close(),
	};
}
