// The long profile: every fuzzer for ten minutes, then the soaks for ten and the properties with a hundred times the
// runs, and the ledger's bench with ten million entries. Wants what `npm test` wants, and clang-14.
import {spawnSync} from 'node:child_process';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const ava = ['node_modules/ava/entrypoints/cli.mjs', '--timeout=60m'];
const steps = [
	[['native/fuzz/run.mjs', '--all', '600'], {CI: 'true'}],
	[[...ava, 'build/test/long/**/*.test.js'], {TEST_SOAK_SECONDS: '600'}],
	[[...ava, 'build/test/{wire,trusted}/**/*.test.js'], {TEST_RUNS_FACTOR: '100'}],
	[['bench/main.mjs', 'ledger', '--entries', '0,1000000,10000000'], {}],
];

const statuses = steps.map(
	([argv, environment]) =>
		spawnSync(process.execPath, argv, {cwd: root, stdio: 'inherit', env: {...process.env, ...environment}}).status,
);
process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;
