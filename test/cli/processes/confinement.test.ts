import {existsSync} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {serialWhere} from '../../support/test-where.js';
import {type Attempt, grantedConfinement, runConfined, tryConfined, tryFree} from '../support/confined.js';
import {openScene, Served} from '../support/served.js';

const {landlock, seccomp} = grantedConfinement();
const hasLandlock = landlock > 0;

serialWhere(hasLandlock)(
	'the rules of the launcher keep a process of ours from keys, ledger and everything else that is not its own',
	async (t) => {
		const {folder, configuration} = await openScene(t);
		const served = new Served(t, configuration, ['--json']);
		const {adminSocket, ledger} = await served.event('listening');
		const state = String(ledger);
		const files = (await readdir(state, {recursive: true, withFileTypes: true})).filter((entry) => entry.isFile());
		t.true(files.length > 2, 'a ledger, an audit log and what belongs to them');
		const attempts: readonly Attempt[] = [
			{how: 'read', path: join(folder, 'gateway.key')},
			{how: 'read', path: configuration},
			{how: 'list', path: folder},
			{how: 'list', path: state},
			...files.flatMap(({parentPath, name}): readonly Attempt[] => [
				{how: 'read', path: join(parentPath, name)},
				{how: 'write', path: join(parentPath, name)},
			]),
			{how: 'write', path: join(folder, 'new')},
			{how: 'write', path: join(state, 'new')},
			{how: 'read', path: '/etc/passwd'},
			{how: 'list', path: '/root'},
			{how: 'write', path: join(process.cwd(), 'package.json')},
			{how: 'run', path: '/bin/true'},
		];
		const harmless = attempts.filter(({how}) => how !== 'write');
		t.deepEqual(
			tryFree(harmless),
			harmless.map(() => 'done'),
			'without the launcher nothing stands in the way',
		);
		const codes = tryConfined(attempts);
		t.deepEqual(
			attempts.map((attempt, index) => ({...attempt, code: codes[index]})),
			attempts.map((attempt) => ({...attempt, code: 'EACCES'})),
		);
		// What it needs it has.
		t.deepEqual(
			tryConfined([
				{how: 'read', path: join(process.cwd(), 'package.json')},
				{how: 'list', path: join(process.cwd(), 'dist')},
				{how: 'read', path: '/etc/hosts'},
				{how: 'run', path: process.execPath},
			]),
			['done', 'done', 'done', 'done'],
		);
		// Landlock lets sockets be that lie where files do; the operator's is kept from it all the same.
		t.deepEqual(tryFree([{how: 'connect', path: String(adminSocket)}]), ['done']);
		t.deepEqual(tryConfined([{how: 'connect', path: String(adminSocket)}]), ['EPERM']);
	},
);

/** Numbers of system calls, which differ between processors. */
const numbers = {
	x64: {
		ptrace: 101,
		processVmReadv: 310,
		unshare: 272,
		mount: 165,
		bpf: 321,
		ioUringSetup: 425,
		socket: 41,
		getpid: 39,
	},
	arm64: {
		ptrace: 117,
		processVmReadv: 270,
		unshare: 97,
		mount: 40,
		bpf: 280,
		ioUringSetup: 425,
		socket: 198,
		getpid: 172,
	},
}[process.arch as 'x64' | 'arm64'];
const perl = '/usr/bin/perl';

serialWhere(seccomp && numbers !== undefined && existsSync(perl))(
	'system calls that a gateway never makes are refused by the kernel, and what it makes is not',
	(t) => {
		const {getpid, ptrace, processVmReadv, unshare, mount, bpf, ioUringSetup, socket} = numbers;
		const families = {unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, algorithms: 38, virtualMachines: 40};
		const [stream, raw] = [1, 3];
		const calls = {
			// Of ourselves, so that only the filter refuses it.
			getpid: [getpid],
			ptrace: [ptrace, 0, 0, 0, 0],
			processVmReadv: [processVmReadv, 0, 0, 0, 0, 0, 0],
			unshare: [unshare, 0],
			mount: [mount, 0, 0, 0, 0, 0],
			bpf: [bpf, 0, 0, 0],
			ioUringSetup: [ioUringSetup, 1, 0],
			...Object.fromEntries(
				Object.entries(families).map(([name, family]) => [
					name,
					[socket, family, name === 'netlink' ? raw : stream, 0],
				]),
			),
		};
		const script = Object.entries(calls)
			.map(([name, call]) => `print "${name} ", (syscall(${call.join(', ')}) == -1 ? $!+0 : 0), "\n";`)
			.join('');
		const run = runConfined(perl, ['-e', script]);
		t.is(run.status, 0, run.stderr);
		const refused = run.stdout
			.trimEnd()
			.split('\n')
			.filter((line) => line.endsWith(` ${EPERM}`))
			.map((line) => line.split(' ')[0]);
		t.deepEqual(refused, [
			'ptrace',
			'processVmReadv',
			'unshare',
			'mount',
			'bpf',
			'ioUringSetup',
			'unix',
			'packet',
			'algorithms',
			'virtualMachines',
		]);
		for (const allowed of ['getpid', 'inet', 'netlink']) {
			t.true(run.stdout.includes(`${allowed} 0\n`), run.stdout);
		}
	},
);

const EPERM = 1;
