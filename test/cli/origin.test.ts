import {execFile} from 'node:child_process';
import {appendFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {readConfiguration} from '#dist/cli/configuration-file.js';
import {writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import {originCommands} from '#dist/cli/origin/origin-commands.js';
import {AdminServer} from '#dist/control/admin-server.js';
import {openGateway} from '#dist/gateway/index.js';
import {findAuditBreak} from '#dist/trusted/toolbox/index.js';
import {makeTestWorld} from '../gateway/support/world.js';

const main = fileURLToPath(import.meta.resolve('#dist/cli/main.js'));
const run = promisify(execFile);

function sallyport(...parameters: readonly string[]) {
	return run(process.execPath, [main, 'origin', ...parameters], {timeout: 60_000});
}

test('the operator edits a stopped gateway in its databases, a running one over its socket', async (t) => {
	const world = await makeTestWorld(t);
	const config = await writeGatewayConfiguration(world, 5060);
	const {adminSocket = path.join(path.dirname(config), 'admin.sock'), toolbox} = readConfiguration(config);
	if (readConfiguration(config).adminSocket === undefined) {
		await appendFile(config, `\nadminSocket: ${adminSocket}\n`);
	}

	const allowed = await sallyport('allow', 'sip:zoe@branch.example', '192.0.2.7', '--config', config);
	t.regex(allowed.stdout, /^sip:zoe@branch\.example {2}192\.0\.2\.7 {2}operator /);
	const bad = await t.throwsAsync(sallyport('allow', 'sip:zoe@branch.example', 'nowhere', '--config', config));
	t.like(bad, {code: 1});
	t.regex(String((bad as Error & {readonly stderr?: string}).stderr), /\(BAD_ADDRESS\)/);

	const running = await openGateway(readConfiguration(config));
	t.teardown(() => running.close());
	const admin = await AdminServer.open(adminSocket, {}, originCommands(running.origins));
	t.teardown(() => admin.close());
	await sallyport('allow', 'branch', '2001:DB8::1', '--config', config);
	const listed = await sallyport('list', '--json', '--config', config);
	t.like(JSON.parse(listed.stdout), [
		{identity: 'branch', records: [{address: '2001:db8::1', evidence: 'operator'}]},
		{identity: 'sip:zoe@branch.example', records: [{address: '192.0.2.7', evidence: 'operator'}]},
	]);
	const forgotten = await sallyport('forget', 'sip:zoe@branch.example', '--config', config);
	t.is(forgotten.stdout, 'forgot 1 of sip:zoe@branch.example\n');
	t.deepEqual(running.origins?.of('sip:zoe@branch.example').records, []);
	t.regex(
		String(((await t.throwsAsync(sallyport('forget', 'sip:', '--config', config))) as {stderr?: string}).stderr),
		/\(BAD_IDENTITY\)/,
	);
	t.is(findAuditBreak(path.join(toolbox.directory, 'audit.log')), undefined);
});
