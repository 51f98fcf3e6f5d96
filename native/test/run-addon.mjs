// Runs the ava tests of what uses the addon against an addon built with AddressSanitizer and UndefinedBehaviorSanitizer.
// Wants `npm run build:ts` and `npm run build:test` to have run: `npm run test:asan` does all three.
import {execFileSync, spawnSync} from 'node:child_process';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {buildTarget} from '../install/build-addon.mjs';
import {provideLibsrtpSource} from '../install/libsrtp-source.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const folders = ['trusted/media', 'trusted/certificates'];
// Searches the memory of a process, and starts processes with limits of their own: neither goes with terabytes of shadow memory.
const withoutSanitizer = ['media-plane-wiping', 'media-plane-faults'];

await provideLibsrtpSource();
buildTarget('sallyport', 'Asan');

// Node is not instrumented, so the run-time library must be there before it is loaded with the addon.
const library = execFileSync('gcc', ['-print-file-name=libasan.so'], {encoding: 'utf8'}).trim();
const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const {status} = spawnSync(
	process.execPath,
	[
		ava,
		'--timeout=10m',
		...folders.map((folder) => `build/test/${folder}/**/*.test.js`),
		...withoutSanitizer.map((name) => `!**/${name}.test.js`),
	],
	{
		cwd: root,
		stdio: 'inherit',
		env: {
			...process.env,
			SALLYPORT_ADDON: 'Asan',
			LD_PRELOAD: library,
			UBSAN_OPTIONS: 'print_stacktrace=1',
			// Two frames tell whether an allocation is the addon's own, and cost little enough to be kept for all of Node's.
			ASAN_OPTIONS: 'detect_leaks=1:malloc_context_size=2',
			LSAN_OPTIONS: `suppressions=${join(here, 'leaks-of-others.txt')}:print_suppressions=0`,
		},
	},
);
process.exitCode = status ?? 1;
