import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {type AddressInfo, createServer} from 'node:net';
import {join, resolve} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {mayMount, serialWhere} from '../support/test-where.js';
import {ask, openScene, Served} from './support/served.js';

/** Refused with exit code 1 and one sentence on standard error. */
async function isRefused(
	t: ExecutionContext,
	configuration: string,
	sentence: RegExp,
	more: readonly string[] = [],
): Promise<void> {
	const served = new Served(t, configuration, more);
	// One that starts all the same would run for ever.
	void served.event('listening').then(
		() => served.child.kill('SIGKILL'),
		() => undefined,
	);
	t.is(await served.exited, 1, served.stderr);
	t.regex(served.stderr, sentence);
	t.is(served.stderr.trimEnd().split('\n').length, 1, served.stderr);
	t.deepEqual(served.lines, []);
	t.notRegex(served.stderr, /PRIVATE KEY-----\s*\w{20}/);
}

test.serial('a configuration that cannot be used is refused in one sentence that says where', async (t) => {
	const {folder, changed, configuration} = await openScene(t);
	await isRefused(
		t,
		join(folder, 'none.yaml'),
		/configuration file at .*none\.yaml, got ENOENT\. \(BAD_CONFIGURATION\)/,
	);
	await isRefused(t, await changed((yaml) => `${yaml}\n  - [`), /got a fault in line \d+/);
	await isRefused(t, await changed((yaml) => `${yaml}colour: red\n`), /colour.*\(BAD_OPTIONS\)/);
	await isRefused(
		t,
		await changed((yaml) => yaml.replace('localDomains', 'lokalDomains')),
		/lokalDomains.*\(BAD_OPTIONS\)/,
	);
	await isRefused(
		t,
		await changed((yaml) => yaml.replace('gateway.key', 'missing.key')),
		/`privateKey` at .*missing\.key, got ENOENT/,
	);
	await writeFile(
		join(folder, 'broken.key'),
		'-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n',
	);
	await isRefused(t, await changed((yaml) => yaml.replace('gateway.key', 'broken.key')), /\([A-Z_]+\)\n$/);
	await isRefused(
		t,
		await changed((yaml) => yaml.replaceAll(/suites:\n {2}- \S+/g, 'suites:\n  - NULL_CIPHER')),
		/suites/,
	);
	await isRefused(t, await changed(() => ''), /\(BAD_(?:OPTIONS|CONFIGURATION)\)/);
	await isRefused(t, await changed(() => '- a\n- b\n'), /\(BAD_(?:OPTIONS|CONFIGURATION)\)/);
	await isRefused(
		t,
		await changed((yaml) => yaml.replace(/(interfaces:\n.*\n\s*address: )127\.0\.0\.1/, '$10.0.0.0')),
		/media\.interfaces\.0/,
	);
	await isRefused(t, configuration, /\(BAD_TIME\)/, ['--pretend-time', 'yesterday']);
});

test.serial('ports and directories that the system refuses are named', async (t) => {
	const {folder, changed} = await openScene(t);
	const taken = createServer();
	taken.listen(0, '127.0.0.1');
	await once(taken, 'listening');
	t.teardown(() => taken.close());
	const {port} = taken.address() as AddressInfo;
	const onTaken = await changed((yaml) => yaml.replace('port: 0', `port: ${port}`));
	await isRefused(t, onTaken, new RegExp(`TCP 127\\.0\\.0\\.1:${port}, got EADDRINUSE\\. \\(SIP_LISTEN_FAILED\\)`));
	await writeFile(join(folder, 'admin.sock'), 'precious');
	await isRefused(
		t,
		await changed((yaml) => yaml),
		/admin\.sock, got a file that is no socket\. \(ADMIN_SOCKET_FAILED\)/,
	);
	t.is(await readFile(join(folder, 'admin.sock'), 'utf8'), 'precious');
	await isRefused(
		t,
		await changed((yaml) => yaml.replace('directory: gateway-state', 'directory: gateway.pem/state')),
		/gateway\.pem\/state.*\(STATE_UNAVAILABLE\)/,
	);
});

const whereMounting = serialWhere(mayMount());

whereMounting('a state directory on a full or read-only file system is refused, and says so', async (t) => {
	const {folder, changed} = await openScene(t);
	const state = join(folder, 'small');
	await mkdir(state);
	execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', state]);
	t.teardown(() => execFileSync('umount', [state]));
	const configuration = await changed((yaml) => yaml.replace('directory: gateway-state', 'directory: small'));
	await writeFile(join(state, 'filler'), Buffer.alloc(64 * 1024)).catch(() => {});
	await isRefused(t, configuration, /small.*ENOSPC|No space/i);
	await rm(join(state, 'filler'));
	execFileSync('mount', ['-o', 'remount,ro', state]);
	await isRefused(t, configuration, /small.*(?:EROFS|read-only)/i);
});

test.serial('a second gateway on one state directory refuses; after kill -9 the next one starts', async (t) => {
	const {folder, configuration, changed} = await openScene(t);
	const first = new Served(t, configuration, ['--json']);
	const socket = String((await first.event('listening'))['adminSocket']);
	t.deepEqual(await ask(socket, '/calls'), {status: 200, body: []});
	await isRefused(t, configuration, /only gateway on the state directory .*gateway-state.*\(STATE_IN_USE\)/);
	const elsewhere = await changed((yaml) => yaml.replace('directory: gateway-state', 'directory: other-state'));
	await isRefused(t, elsewhere, /admin\.sock, got another process that answers there/);
	first.child.kill('SIGKILL');
	t.is(await first.exited, 'SIGKILL');
	const second = new Served(t, configuration, ['--json']);
	await second.event('listening');
	t.is((await ask(join(folder, 'admin.sock'), '/calls')).status, 200);
	second.child.kill('SIGTERM');
	t.is(await second.exited, 0);
	t.is(second.events.at(-1)?.event, 'stopped');
	t.is(second.stderr, '');
});

test.serial('a pretended time is said aloud at the start', async (t) => {
	const {configuration} = await openScene(t);
	const served = new Served(t, configuration, ['--json', '--pretend-time', '2031-02-03T04:05:06Z']);
	const {now} = await served.event('PRETENDED-TIME');
	t.regex(String(now), /^2031-02-03T04:05:/);
	await served.event('listening');
	served.child.kill('SIGINT');
	t.is(await served.exited, 0);
});

test.serial('without --json events are words, and every admin path answers', async (t) => {
	const {configuration, folder} = await openScene(t);
	await chmod(folder, 0o700);
	const served = new Served(t, configuration);
	while (!served.lines.some((line) => line.includes(' listening '))) {
		await new Promise((wake) => setTimeout(wake, 20));
	}

	const socket = join(folder, 'admin.sock');
	for (const path of [
		'calls',
		'statistics',
		'counters',
		'work',
		'alerts',
		'ledger',
		'alerts?after=5',
		'ledger?limit=-1',
	]) {
		t.is((await ask(socket, `/${path}`)).status, 200, path);
	}

	const work = {open: 0, mostOpen: 0, refused: 0, refusedBodies: 0, refusedFromMemory: 0};
	t.deepEqual((await ask(socket, '/work')).body, work);
	t.is((await ask(socket, '/keys')).status, 404);
	t.is((await ask(socket, '/__proto__')).status, 404);
	t.is((await ask(socket, '/calls', 'DELETE')).status, 405);
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
});

test.serial('in one process it answers as in three, and no question is a breach', async (t) => {
	const {changed, folder} = await openScene(t);
	const served = new Served(t, await changed((yaml) => `${yaml}\nisolation: none\n`), ['--json']);
	await served.event('listening');
	for (const path of ['ledger?limit=0', 'origins?limit=0', 'ledger?limit=-1', 'alerts?after=x', 'counters', 'work']) {
		t.is((await ask(join(folder, 'admin.sock'), `/${path}`)).status, 200, path);
	}

	t.deepEqual((await ask(join(folder, 'admin.sock'), '/alerts')).body, []);
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
});

test.serial('SIGHUP has the templates read again, and what is broken leaves the old ones in force', async (t) => {
	const {folder, changed} = await openScene(t);
	const shipped = await readFile(resolve('dist/trusted/toolbox/templates/sdes-smime-inbound.yaml'), 'utf8');
	const template = join(folder, 'inbound.yaml');
	await writeFile(template, shipped.replace('version: 1', 'version: 2'));
	const configuration = await changed((yaml) => yaml.replace('toolbox:\n', 'toolbox:\n  templates: [inbound.yaml]\n'));
	const served = new Served(t, configuration, ['--json']);
	await served.event('listening');
	await writeFile(template, shipped.replace('version: 1', 'version: 3'));
	served.child.kill('SIGHUP');
	const {replaced, refused} = await served.event('templates-reloaded');
	t.deepEqual([replaced, refused], [['sdes-smime-inbound@3'], []]);
	served.lines.length = 0;
	await writeFile(template, shipped.replace('version: 1', 'version: 4').replace('cms-open@1', 'cms-open@7'));
	served.child.kill('SIGHUP');
	const again = await served.event('templates-reloaded');
	t.deepEqual(again['replaced'], []);
	t.regex(JSON.stringify(again['refused']), /TEMPLATE_UNKNOWN_TOOL/);
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0, served.stderr);
});
