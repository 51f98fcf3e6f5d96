// Packs the package, looks at what is in it, installs the tarball into an empty folder and uses it as a stranger would:
// imports it, protects and opens one packet, runs the demonstration. `--node 24` does so under that major version of
// Node, taken from npm's own binary package for this machine.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const {values: options} = parseArgs({options: {node: {type: 'string'}}});
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const firstProgram = `import {MasterKey, SrtpInbound, SrtpOutbound} from 'sallyport';
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
`;

const folder = mkdtempSync(join(tmpdir(), 'sallyport-package-'));

try {
	const prefix = options.node === undefined ? dirname(dirname(process.execPath)) : fetchNode(options.node);
	const environment = strangersEnvironment(prefix);
	const packed = pack();
	checkContents(packed);

	const project = join(folder, 'project');
	mkdirSync(project);
	writeFileSync(join(project, 'package.json'), '{"name": "stranger", "private": true, "type": "module"}\n');
	const settings = {cwd: project, env: environment};
	run(['npm', 'install', '--foreground-scripts', packed], settings);
	writeFileSync(join(project, 'use.js'), firstProgram);
	console.log(run(['node', 'use.js'], settings));
	checkDemo(JSON.parse(run(['npx', '--no-install', 'sallyport', 'demo', '--json'], settings)));
	console.log(`package: installs and runs under node ${run(['node', '--version'], settings).trim()}`);
} finally {
	rmSync(folder, {recursive: true, force: true});
}

function run(command, settings = {}) {
	console.log(`$ ${command.join(' ')}`);
	return execFileSync(command[0], command.slice(1), {
		stdio: ['ignore', 'pipe', 'inherit'],
		encoding: 'utf8',
		...settings,
	});
}

/** Folder with `bin/node` and `include/node` of the wanted major version; npm is this machine's. */
function fetchNode(major) {
	const name = `node-linux-${process.arch}@${major}`;
	const tarball = run(['npm', 'pack', name, '--silent'], {cwd: folder}).trim().split('\n').at(-1);
	run(['tar', '-xzf', tarball], {cwd: folder});
	const prefix = join(folder, 'package');
	for (const part of ['bin/node', 'include/node/node_api.h']) {
		if (!existsSync(join(prefix, part))) {
			throw new Error(`Expected ${part} in the npm package ${name}, found none.`);
		}
	}

	return prefix;
}

/** An empty home, the wanted Node first in the path, and of npm's settings only those of the user's file. */
function strangersEnvironment(prefix) {
	const {HOME: home, NPM_CONFIG_USERCONFIG: userconfig = join(home ?? '', '.npmrc')} = process.env;
	const foreign = /^npm_/i;
	return {
		...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name))),
		HOME: folder,
		PATH: [join(prefix, 'bin'), process.env.PATH].join(delimiter),
		NPM_CONFIG_USERCONFIG: userconfig,
		npm_config_nodedir: prefix,
	};
}

function pack() {
	const said = run(['npm', 'pack', '--silent', '--pack-destination', folder], {cwd: root});
	return join(folder, said.trim().split('\n').at(-1));
}

/** All that runs and is built, nothing that tests, nothing that a build left. */
function checkContents(packed) {
	const names = run(['tar', '-tzf', packed])
		.trim()
		.split('\n')
		.map((name) => name.replace(/^package\//, ''));
	const assets = readdirSync(join(root, 'src'), {recursive: true}).filter((name) => /\.(yaml|wav|html)$/.test(name));
	const expected = [
		'README.md',
		'LICENSE',
		'binding.gyp',
		'native/install/install.mjs',
		'dist/index.js',
		'dist/index.d.ts',
		...assets.map((name) => `dist/${name}`),
	];
	const absent = expected.filter((name) => !names.includes(name));
	const foreign = names.filter((name) =>
		/^(src|test|bench|build|native\/(test|fuzz|libsrtp\/source))\/|\.map$/.test(name),
	);
	if (absent.length > 0 || foreign.length > 0) {
		throw new Error(`Expected a complete and clean package; absent: ${absent}; foreign: ${foreign}.`);
	}
}

function checkDemo(report) {
	if (report.ok !== true) {
		const unexpected = report.steps.filter((step) => !step.ok);
		throw new Error(`Expected the demonstration to succeed, got ${JSON.stringify(unexpected)}.`);
	}
}
