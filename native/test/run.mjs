// Builds every native/test/*-test.cc with all native sources under AddressSanitizer and UndefinedBehaviorSanitizer
// (`--sanitizer thread` for the other kind) and runs them. Needs what the addon needs: build-essential and python3.
import {spawnSync} from 'node:child_process';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {runNodeGyp} from '../install/build-addon.mjs';
import {provideLibsrtpSource} from '../install/libsrtp-source.mjs';

const {values: options} = parseArgs({options: {sanitizer: {type: 'string', default: 'address,undefined'}}});
const here = dirname(fileURLToPath(import.meta.url));

await provideLibsrtpSource();
runNodeGyp(['--release', '--directory', here, '--loglevel', 'warn'], {sanitizer: options.sanitizer});

const {stdout, signal, status} = spawnSync(join(here, 'build', 'Release', 'native-tests'), {
	encoding: 'utf8',
	stdio: ['ignore', 'pipe', 'inherit'],
	env: {
		...process.env,
		UBSAN_OPTIONS: 'print_stacktrace=1',
		ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1',
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
