// Builds all native tests and runs them under AddressSanitizer and UndefinedBehaviorSanitizer, or with
// `--configuration Tsan` under ThreadSanitizer. Needs what the addon needs: build-essential and python3.
import {spawnSync} from 'node:child_process';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {buildTarget} from '../install/build-addon.mjs';
import {provideLibsrtpSource} from '../install/libsrtp-source.mjs';

const {values: options} = parseArgs({options: {configuration: {type: 'string', default: 'Asan'}}});
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

await provideLibsrtpSource();
const folder = buildTarget('native-tests', options.configuration);

const {stdout, signal, status} = spawnSync(join(folder, 'native-tests'), {
	cwd: root,
	encoding: 'utf8',
	stdio: ['ignore', 'pipe', 'inherit'],
	env: {
		...process.env,
		UBSAN_OPTIONS: 'print_stacktrace=1',
		ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1',
		TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
	},
});
process.stdout.write(stdout);

const count = (word) => stdout.split('\n').filter((line) => line.startsWith(`${word} `)).length;
const passed = count('ok');
// A sanitizer's report ends the program: what it had not told yet counts as one failure.
const failed = count('FAILED') + (status === 0 || count('FAILED') > 0 ? 0 : 1);
if (signal !== null) {
	console.log(`native-tests was ended by ${signal}`);
}

console.log(`native: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
