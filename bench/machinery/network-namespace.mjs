import {spawnSync} from 'node:child_process';
import process from 'node:process';

const mark = 'SALLYPORT_BENCH_NAMESPACE';

/** Ways into a network namespace, the best first: the second needs no privilege where the kernel allows it. */
const entries = [
	['unshare', '--net'],
	['unshare', '--user', '--map-root-user', '--net'],
];

/** True in a process that {@link enterNetworkNamespace} began. */
export const isInNetworkNamespace = process.env[mark] === '1';

/**
 * Runs this program again in a network namespace of its own with nothing but loopback, where no firewall, connection
 * tracking or traffic of others takes part. Returns the status with which it ended, or undefined where the system allows
 * no namespace: the ordinary loopback has to do then.
 */
export function enterNetworkNamespace() {
	const script = 'ip link set lo up && exec "$@"';
	const entry = entries.find(
		([program, ...argv]) => spawnSync(program, [...argv, 'ip', 'link', 'set', 'lo', 'up']).status === 0,
	);
	if (entry === undefined) {
		return undefined;
	}

	const [program, ...argv] = entry;
	const {status} = spawnSync(
		program,
		[...argv, 'sh', '-c', script, 'sh', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
		{stdio: 'inherit', env: {...process.env, [mark]: '1'}},
	);
	return status ?? 1;
}
