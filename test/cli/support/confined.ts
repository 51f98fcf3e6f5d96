import {spawnSync} from 'node:child_process';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {confinedCommand, confinedEnvironment, readConfinement} from '#dist/cli/processes/confinement.js';

export type Attempt = {readonly how: 'read' | 'list' | 'write' | 'run' | 'connect'; readonly path: string};

const script = fileURLToPath(new URL('confined-probe.js', import.meta.url));
const confinement = {parentDeathSignal: 'SIGKILL', closeFrom: 3, mayBindPrivilegedPorts: false} as const;

/** The code of each attempt in a process that the launcher confined as it does ours; `done` where it succeeded. */
export function tryConfined(attempts: readonly Attempt[]): readonly string[] {
	return tried(confinedCommand(script, confinement), attempts);
}

/** The same without the launcher: that it is what makes the difference. */
export function tryFree(attempts: readonly Attempt[]): readonly string[] {
	return tried([process.execPath, script], attempts);
}

function tried([program = '', ...parameters]: readonly string[], attempts: readonly Attempt[]): readonly string[] {
	const run = spawnSync(program, [...parameters, JSON.stringify(attempts)], {
		env: confinedEnvironment(),
		encoding: 'utf8',
	});
	if (run.status !== 0) {
		throw new Error(`Expected the probe to tell, got ${run.status ?? run.signal}: ${run.stderr}`);
	}

	return JSON.parse(run.stdout) as readonly string[];
}

/** What the kernel grants here. */
export function grantedConfinement(): ReturnType<typeof readConfinement> {
	const [launcher = '', ...rules] = confinedCommand('-p', confinement);
	const run = spawnSync(launcher, [...rules, 'process.env.SALLYPORT_CONFINEMENT'], {
		env: confinedEnvironment(),
		encoding: 'utf8',
	});
	return readConfinement(run.stdout.trim());
}

/** Runs another program than Node under the same rules, which then have that program in them as well. */
export function runConfined(program: string, parameters: readonly string[]) {
	const [launcher = '', ...rules] = confinedCommand(script, confinement);
	const end = rules.indexOf('--');
	return spawnSync(launcher, [...rules.slice(0, end), '--executable', program, '--', program, ...parameters], {
		env: confinedEnvironment(),
		encoding: 'utf8',
	});
}
