import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {SharedStores} from '#dist/cli/conformance/attacks/shared-stores.js';
import {settles} from '../../../gateway/support/world.js';
import {serialWhere} from '../../../support/test-where.js';
import {makeScenarios} from './made-scenarios.js';

/** Programs that work in a folder or were told of it, by their process numbers. */
function programsAbout(folder: string): readonly string[] {
	return readdirSync('/proc').filter((name) => {
		try {
			const words = readFileSync(`/proc/${name}/cmdline`, 'utf8');
			return words.includes(folder) || readlinkSync(`/proc/${name}/cwd`).startsWith(folder);
		} catch {
			// Not a process, or gone meanwhile.
			return false;
		}
	});
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
	serialWhere(SharedStores.isInstalled)(
		`a runner that gets ${signal} leaves no gateway and no store behind`,
		async (t) => {
			const vectors = await makeScenarios(t, (all) => all.filter(({id}) => id === 'own-other-node'));
			const folder = mkdtempSync(join(tmpdir(), 'sallyport-runner-'));
			t.teardown(() => rmSync(folder, {recursive: true, force: true}));
			const runner = spawn(process.execPath, ['dist/cli/main.js', 'conformance', vectors, '--family', 'attacks'], {
				env: {...process.env, TMPDIR: folder},
				stdio: 'ignore',
			});
			t.teardown(() => runner.kill('SIGKILL'));
			// Three stores and a gateway at least.
			const working = await settles(
				() => programsAbout(folder),
				({length}) => length >= 4,
			);
			t.true(working.length >= 4);
			const ended = once(runner, 'exit');
			runner.kill(signal);
			await ended;
			const left = await settles(
				() => programsAbout(folder),
				({length}) => length === 0,
			);
			t.deepEqual(left, []);
		},
	);
}
