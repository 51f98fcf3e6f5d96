import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {appendFileSync, existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {makeWorld} from '../../trusted/toolbox/support/world.js';

function sallyport(...args: readonly string[]): Promise<{code: number; stdout: string; stderr: string}> {
	return new Promise((settle) => {
		execFile(process.execPath, [resolve('dist/cli/main.js'), 'toolbox', ...args], (error, stdout, stderr) =>
			settle({code: error ? Number(error.code) : 0, stdout, stderr}),
		);
	});
}

test('databases are checked, compacted, exported, and their keys rotated', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const folder = (name: string) => world.folder(name);
	writeFileSync(folder('storage.key'), randomBytes(32).toString('hex'));
	writeFileSync(folder('next.key'), randomBytes(32).toString('hex'));
	writeFileSync(folder('passphrase'), 'correct horse');
	writeFileSync(folder('root.pem'), world.anchor);
	const options = world.options('state', world.gateway, {storageKey: {file: folder('storage.key')}});
	await (await Toolbox.open(options, {clock: world.clock})).close();
	const config = folder('gateway.yaml');
	writeFileSync(
		config,
		`listen: [{transport: udp, address: 127.0.0.1, port: 5060}]
media: {interfaces: [{name: a, address: 127.0.0.1}]}
routes: []
toolbox:
  directory: state
  identities: []
  storageKey: {file: storage.key}
  trustAnchors: [root.pem]
  localDomains: [gw.example.com]
`,
	);
	const data = join(folder('state'), 'state', 'data.mdb');
	const sound = await sallyport('check', '-c', config);
	t.is(sound.code, 0, sound.stdout + sound.stderr);
	t.regex(sound.stdout, /private keys: sound/);

	const before = statSync(data).size;
	const compacted = await sallyport('compact', '-c', config);
	t.is(compacted.code, 0, compacted.stderr);
	t.true(statSync(data).size <= before);
	t.is((await sallyport('check', '-c', config)).code, 0, 'still sound');

	const plain = await sallyport('export', folder('plain.json'), '-c', config);
	t.is(plain.code, 0, plain.stderr);
	t.notRegex(readFileSync(folder('plain.json'), 'utf8'), /PRIVATE KEY/);
	const whole = await sallyport(
		'export',
		folder('whole.json'),
		'-c',
		config,
		'--passphrase-file',
		folder('passphrase'),
	);
	t.is(whole.code, 0, whole.stderr);
	t.is(statSync(folder('whole.json')).mode & 0o077, 0);
	const back = await sallyport(
		'import',
		folder('whole.json'),
		'-c',
		config,
		'--passphrase-file',
		folder('passphrase'),
		'--json',
	);
	t.is(back.code, 0, back.stderr);
	t.like(JSON.parse(back.stdout), {keys: 1});

	const rotated = await sallyport('rotate-key', folder('next.key'), '-c', config);
	t.is(rotated.code, 0, rotated.stderr);
	t.regex(rotated.stdout, /^1 private keys now lie under/);
	t.regex((await sallyport('check', '-c', config)).stdout, /private keys: .*another one/);
	writeFileSync(config, readFileSync(config, 'utf8').replace('storage.key', 'next.key'));
	t.is((await sallyport('check', '-c', config)).code, 0);

	appendFileSync(join(folder('state'), 'audit.log'), '{"sequence":1}\n');
	const broken = await sallyport('check', '-c', config, '--json');
	t.is(broken.code, 1);
	t.regex(broken.stdout, /line \d+ was changed/);
	t.false(existsSync(join(folder('state'), 'state', 'compact-')));
	t.regex((await sallyport('import', folder('root.pem'), '-c', config)).stderr, /\(BAD_EXPORT\)/);
});
