import {execFile} from 'node:child_process';
import {appendFile, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import {AuditLog} from '#dist/trusted/toolbox/alerts/audit-log.js';
import {makeTestWorld} from '../gateway/support/world.js';

const main = fileURLToPath(import.meta.resolve('#dist/cli/main.js'));

/** Exit code and output. */
async function sallyport(...parameters: readonly string[]) {
	try {
		const {stdout} = await promisify(execFile)(process.execPath, [main, ...parameters], {timeout: 60_000});
		return {code: 0, stdout, stderr: ''};
	} catch (error) {
		return error as {readonly code: number; readonly stdout: string; readonly stderr: string};
	}
}

test('policy explain says which rule decides, and why the others do not', async (t) => {
	const world = await makeTestWorld(t);
	const config = await writeGatewayConfiguration(world, 5060);
	const yaml = await readFile(config, 'utf8');
	const calls =
		"  calls:\n    - {name: no premium, to: {number: '+49900*'}, allow: false}\n    - {name: branch, from: {domain: branch.example}, suites: [AEAD_AES_256_GCM], origin: pin}\n";
	await writeFile(config, yaml.replace('toolbox:\n', `toolbox:\n${calls}`));
	const explain = (to: string, ...more: string[]) =>
		sallyport('policy', 'explain', '--from', 'sip:bob@branch.example', '--to', to, '--config', config, ...more);
	const allowed = await explain('sip:alice@office.example');
	t.is(allowed.code, 0);
	t.regex(allowed.stdout, /^allowed by the call rule branch: it fits, and is the most specific/);
	t.regex(allowed.stdout, /caller: rules of the peer bob /);
	t.regex(allowed.stdout, /suites: AEAD_AES_256_GCM\n/);
	t.regex(allowed.stdout, /not the call rule no premium: the called number is not \+49900\*\n/);
	const carol = await sallyport(
		...[
			'policy',
			'explain',
			'--from',
			'sip:carol@other.example',
			'--to',
			'tel:+49-900-1',
			'--config',
			config,
			'--json',
		],
	);
	t.like(JSON.parse(carol.stdout), {allowed: false, rule: 'no premium', caller: {name: 'default'}});
	const help = await explain('urn:service:sos.fire', '--json');
	t.like(JSON.parse(help.stdout), {allowed: true, rule: 'emergency'});
	const bad = await explain('nobody');
	t.is(bad.code, 1);
	t.regex(bad.stderr, /\(BAD_ADDRESS\)/);
});

test('audit verify says whether a log is whole, and which line is not', async (t) => {
	const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-audit-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const file = path.join(folder, 'audit.log');
	const log = new AuditLog(file);
	for (let count = 0; count < 3; count++) {
		log.append(count, 'denied', {});
	}

	log.close();
	t.deepEqual(await sallyport('audit', 'verify', file), {
		code: 0,
		stdout: `${file}: whole, 3 records, 1 to 3\n`,
		stderr: '',
	});
	await appendFile(file, '{"sequence":4}\n');
	t.like(await sallyport('audit', 'verify', file), {code: 1, stdout: `${file}:4: no record\n`});
	t.like(await sallyport('audit', 'verify', path.join(folder, 'other')), {code: 1, stdout: ''});
});
