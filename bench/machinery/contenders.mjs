import os from 'node:os';
import {startNaive} from '../contenders/naive.mjs';
import {startOurs} from '../contenders/ours.mjs';
import {rtpengineVersion, startRtpengine} from '../peers/rtpengine.mjs';
import {ChildProcess} from './child-process.mjs';
import {isInNetworkNamespace} from './network-namespace.mjs';

const cores = os.availableParallelism();
/** The relays' core; undefined where there is no other one for the generator. */
export const relayCore = cores > 1 ? 0 : undefined;

/** Of these names the ones that can be started here. */
export function installed(names) {
	return rtpengineVersion() === undefined ? names.filter((name) => name !== 'rtpengine') : names;
}

/** Starts what is installed of `names`, each a process of its own pinned to the same core. */
export async function startRelays(names) {
	const starts = {ours: startOurs, 'node:dgram': startNaive, rtpengine: startRtpengine};
	const relays = [];
	for (const name of installed(names)) {
		relays.push(await starts[name]({core: relayCore}));
	}

	return relays;
}

/** The traffic generator on the cores that are left. */
export function startGenerator() {
	const program = new URL('generator-process.mjs', import.meta.url);
	return new ChildProcess(program, cores > 1 ? `1-${cores - 1}` : undefined);
}

/** What holds for every figure of a relay. */
export function remarksOnRelays() {
	const version = rtpengineVersion();
	return [
		relayCore === undefined
			? 'One core for relay and generator: latencies are of both.'
			: `Relays on core ${relayCore} alone, the generator on the others.`,
		isInNetworkNamespace
			? 'All of them in a network namespace of their own, on its loopback.'
			: 'On the ordinary loopback: the system allows no network namespace (it takes root, unshare and ip).',
		version === undefined
			? 'rtpengine is not installed and was left out; on Debian: apt-get install rtpengine-daemon'
			: `rtpengine ${version}, userspace (--table=-1), one thread for media.`,
	];
}
