// Packs the package, installs the tarball into an empty folder and uses it as a stranger would: imports it, protects
// and opens one packet, runs the demonstration. `--node 24` does so under that major version of Node, taken from
// npm's own binary package for this machine.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const wantedNode = process.argv.includes('--node') ? process.argv[process.argv.indexOf('--node') + 1] : undefined;
const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'));

function run(command, options = {}) {
	console.log(`$ ${command.join(' ')}`);
	return execFileSync(command[0], command.slice(1), {
		stdio: ['ignore', 'pipe', 'inherit'],
		encoding: 'utf8',
		...options,
	});
}

/** Folder with `bin/node` and `include/node` of the wanted major version. */
function fetchNode(major) {
	const name = `node-linux-${process.arch}@${major}`;
	const tarball = run(['npm', 'pack', name, '--silent'], {cwd: folder}).trim().split('\n').at(-1);
	run(['tar', 'xzf', tarball], {cwd: folder});
	const prefix = join(folder, 'package');
	if (!existsSync(join(prefix, 'bin', 'node'))) {
		throw new Error(`Expected bin/node in the npm package ${name}, found none.`);
	}

	return prefix;
}

try {
	const npmCli = run(['bash', '-c', 'readlink -f "$(command -v npm)"']).trim();
	const prefix = wantedNode === undefined ? undefined : fetchNode(wantedNode);
	const environment = {...process.env, HOME: folder};
	delete environment.npm_config_nodedir;
	if (prefix !== undefined) {
		environment.PATH = `${join(prefix, 'bin')}:${process.env.PATH}`;
		environment.npm_config_nodedir = prefix;
	}

	const node = prefix === undefined ? process.execPath : join(prefix, 'bin', 'node');
	const packed = run(['npm', 'pack', '--silent', '--pack-destination', folder], {cwd: root}).trim().split('\n').at(-1);
	const project = join(folder, 'project');
	mkdirSync(project);
	writeFileSync(join(project, 'package.json'), '{"name": "stranger", "private": true, "type": "module"}\n');
	const npm = npmCli.endsWith('.js') ? [node, npmCli] : ['npm'];
	run([...npm, 'install', '--foreground-scripts', join(folder, packed)], {cwd: project, env: environment});
	writeFileSync(
		join(project, 'use.js'),
		`import {MasterKey, SrtpInbound, SrtpOutbound} from 'sallyport';
const suite = 'AEAD_AES_256_GCM';
const masterKey = MasterKey.generate(suite);
const outbound = new SrtpOutbound({keys: [{masterKey}]});
const inbound = new SrtpInbound({keys: [{masterKey}]});
const packet = Uint8Array.from([0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, ...Buffer.from('spoken')]);
const sealed = outbound.protectRtp(packet);
const opened = sealed.ok ? inbound.unprotectRtp(sealed.value) : sealed;
const again = sealed.ok ? inbound.unprotectRtp(sealed.value) : sealed;
if (!opened.ok || Buffer.compare(opened.value, packet) !== 0 || again.ok || again.failure.code !== 'REPLAYED') {
	throw new Error('The packet did not come back, or came back twice.');
}
console.log('node', process.versions.node, 'openssl', process.versions.openssl, 'one packet opened once');
`,
	);
	console.log(run([node, 'use.js'], {cwd: project, env: environment}));
	const demo = run([node, join(project, 'node_modules', 'sallyport', 'dist', 'cli', 'main.js'), 'demo', '--json'], {
		cwd: project,
		env: environment,
	});
	const report = JSON.parse(demo);
	if (report.ok !== true) {
		throw new Error(`Expected the demonstration to succeed, got ${JSON.stringify(report.steps.filter((s) => !s.ok))}.`);
	}

	console.log(`package: installs and runs under node ${run([node, '--version']).trim()}`);
} finally {
	rmSync(folder, {recursive: true, force: true});
}
