import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import process from 'node:process';
import {parse, stringify} from 'yaml';
import {serialWhere} from '../../support/test-where.js';
import {establish, openGateway} from '../support/sealed-gateway.js';
import {openScene, Served} from '../support/served.js';

const isRoot = process.getuid?.() === 0;
/** Whoever is not root is nobody special anyway. */
const nobody = 65_530;
const asNobody = isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
const mayBeNobody = !isRoot || spawnSync('setpriv', ['--version']).status === 0;

function statusOf(pid: number): string {
	return readFileSync(`/proc/${pid}/status`, 'utf8');
}

serialWhere(mayBeNobody)(
	'started by a user without privileges it carries calls, and says what keeps the processes apart',
	async (t) => {
		const gateway = await openGateway(t, {prefix: asNobody, ...(isRoot && {owner: nobody})});
		const {served, isolation, pidOf} = gateway;
		const uid = isRoot ? nobody : process.getuid?.();
		t.deepEqual(isolation['notes'], ['Processes share an identity.']);
		for (const role of ['toolbox', 'media', 'user'] as const) {
			t.like(isolation[role], {uid, isUndumpable: true, hasNoCore: true}, role);
			t.regex(statusOf(pidOf(role)), /^CapEff:\s+0{16}$/m, role);
		}

		for (const role of ['media', 'user'] as const) {
			t.regex(statusOf(pidOf(role)), /^NoNewPrivs:\s+1\nSeccomp:\s+2$/m, role);
			// Of the same user, and yet not to be looked into.
			const [program = '', ...parameters] = [...asNobody, 'cat', `/proc/${pidOf(role)}/maps`];
			t.not(spawnSync(program, parameters).status, 0, role);
		}

		await (await establish(t, gateway)).speak();
		served.child.kill('SIGTERM');
		t.is(await served.exited, 0);
		t.is(served.stderr, '');
	},
);

serialWhere(mayBeNobody)(
	'who is not root gives no identities: all is done under his own, and he is told',
	async (t) => {
		const isolation = {user: {uid: 65_531, gid: 65_531}, media: {uid: 65_532, gid: 65_532}};
		const gateway = await openGateway(t, {prefix: asNobody, more: {isolation}, ...(isRoot && {owner: nobody})});
		t.deepEqual(gateway.isolation['notes'], [
			'Only root can give the processes identities of their own.',
			'Processes share an identity.',
		]);
		await (await establish(t, gateway)).speak();
		gateway.served.child.kill('SIGTERM');
		t.is(await gateway.served.exited, 0);
	},
);

serialWhere(isRoot)('where one identity alone is named the others are those of serve, and that is said', async (t) => {
	const gateway = await openGateway(t, {more: {isolation: {user: {uid: 65_531, gid: 65_531}}}, folderMode: 0o711});
	const {isolation, served} = gateway;
	t.like(isolation['user'], {uid: 65_531, gid: 65_531});
	t.like(isolation['media'], {uid: 0});
	t.deepEqual(isolation['notes'], [
		'Processes share an identity.',
		'The toolbox process stays root; name an identity for it, or start as another user.',
	]);
	await (await establish(t, gateway)).speak();
	served.child.kill('SIGTERM');
	t.is(await served.exited, 0);
});

/** Root in a namespace that knows no other user. */
const lonelyRoot = ['unshare', '--user', '--map-root-user'];
const mayBeLonely = spawnSync(lonelyRoot[0] ?? '', [...lonelyRoot.slice(1), 'true']).status === 0;

serialWhere(mayBeLonely)(
	'identities that the system does not give end the start, and the reason is told',
	async (t) => {
		const scene = await openScene(t);
		const configuration = await scene.changed((yaml) =>
			stringify({...parse(yaml), isolation: {user: {uid: 65_531, gid: 65_531}, media: {uid: 65_532, gid: 65_532}}}),
		);
		const served = new Served(t, configuration, ['--json'], lonelyRoot);
		t.is(await served.exited, 1);
		t.regex(served.stderr, /^sallyport-launcher: identity: /m);
		t.regex(served.stderr, /Expected the media process to start, got its end \(71\)\. \(PROCESS_FAILED\)/);
		t.deepEqual(served.events, []);
	},
);
