import {existsSync, realpathSync} from 'node:fs';
import {dirname, join, sep} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {SallyportError} from '../../base/error.js';

export type Identity = {readonly uid: number; readonly gid: number};

/** How a process is started: what the launcher makes of itself before it becomes Node. */
export type Confinement = {
	/** Absent: that of this process. */
	readonly identity?: Identity;
	/** Of the new process when this one dies. */
	readonly parentDeathSignal: 'SIGKILL' | 'SIGTERM';
	/** Descriptors from here on are closed. */
	readonly closeFrom: number;
	readonly mayBindPrivilegedPorts: boolean;
};

/** Program and arguments that run `script` under a Node that may do no more than it must. */
export function confinedCommand(
	script: string,
	{identity, parentDeathSignal, closeFrom, mayBindPrivilegedPorts}: Confinement,
): readonly string[] {
	const node = realpathSync(process.execPath);
	return [
		launcherPath(),
		...(identity === undefined ? [] : ['--user', String(identity.uid), '--group', String(identity.gid)]),
		...(mayBindPrivilegedPorts ? ['--privileged-ports'] : []),
		...['--parent', String(process.pid), '--parent-death-signal', parentDeathSignal === 'SIGKILL' ? '9' : '15'],
		...['--close-from', String(closeFrom), '--confine'],
		...readablePaths().flatMap((path) => ['--readable', path]),
		...[node, '/lib', '/lib64', '/usr/lib', '/usr/lib64'].flatMap((path) => ['--executable', path]),
		...['--writable', '/dev/null'],
		...['--', node, script],
	];
}

/** True where what the confined processes may read includes this path: it should lie elsewhere. */
export function isReadableByConfined(path: string): boolean {
	return readablePaths().some((readable) => `${path}${sep}`.startsWith(`${readable}${sep}`));
}

/** What a child gets of our environment: nothing that could be a secret. */
export function confinedEnvironment(): Readonly<Record<string, string>> {
	const passed = ['LANG', 'TZ', 'SALLYPORT_ADDON', 'LD_PRELOAD', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS'];
	return Object.fromEntries(
		passed.flatMap((name) => {
			const value = process.env[name];
			return value === undefined ? [] : [[name, value]];
		}),
	);
}

/** What the launcher says it did, in the environment of the process that it became. */
export function readConfinement(text: string | undefined): {readonly landlock: number; readonly seccomp: boolean} {
	const [, landlock = '0', seccomp = '0'] = /^landlock=(\d+) seccomp=([01])$/.exec(text ?? '') ?? [];
	return {landlock: Number(landlock), seccomp: seccomp === '1'};
}

/** Where the program lies. */
export const packageRoot = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)));

/** Our own code and that of the packages it imports, libraries, and what Node and the resolver of names read. */
function readablePaths(): readonly string[] {
	const folders: string[] = [];
	for (let folder = packageRoot; ; folder = dirname(folder)) {
		const modules = join(folder, 'node_modules');
		if (existsSync(modules)) {
			folders.push(realpathSync(modules));
		}

		if (dirname(folder) === folder) {
			break;
		}
	}

	return [...['build', 'dist', 'package.json'].map((name) => join(packageRoot, name)), ...folders, ...systemPaths];
}

const systemPaths = [
	'/usr/share',
	'/proc',
	'/sys/devices/system',
	'/sys/fs/cgroup',
	'/dev/null',
	'/dev/random',
	'/dev/urandom',
	'/etc/gai.conf',
	'/etc/host.conf',
	'/etc/hosts',
	'/etc/ld.so.cache',
	'/etc/ld.so.conf',
	'/etc/ld.so.conf.d',
	'/etc/localtime',
	'/etc/nsswitch.conf',
	'/etc/resolv.conf',
	'/etc/services',
	'/etc/ssl/openssl.cnf',
	'/run/systemd/resolve',
];

/** Throws `SallyportError` LAUNCHER_ABSENT. */
function launcherPath(): string {
	const configurations = [process.env['SALLYPORT_ADDON'], 'Release', 'Debug'];
	const found = configurations
		.filter((name) => name !== undefined && /^\w+$/.test(name))
		.map((name) => join(packageRoot, 'build', String(name), 'sallyport-launcher'))
		.find((path) => existsSync(path));
	if (found === undefined) {
		throw new SallyportError(
			'LAUNCHER_ABSENT',
			'Expected build/Release/sallyport-launcher; run `npm rebuild` (in a clone: `npm run build:native`), or set `isolation: none`.',
		);
	}

	return found;
}
