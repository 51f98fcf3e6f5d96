// libFuzzer on what strangers can send: `npm run fuzz -- TARGET [SECONDS]`, `--all SECONDS` for every target, or `--short`
// for every target as long as CI has time: a minute for what reads a datagram first, a quarter of one for the others.
// Starts from the inputs in native/fuzz/corpus/TARGET, keeps what it learns in build/fuzz-corpus/TARGET, and leaves an
// input that fails beside the first ones: commit it, `npm run test:native` replays it ever after.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, readdirSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {dirname, join, relative} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {buildTarget} from '../install/build-addon.mjs';
import {provideLibsrtpSource} from '../install/libsrtp-source.mjs';
import {sideBySide} from './side-by-side.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const targets = readdirSync(here)
	.filter((name) => name.endsWith('-fuzz.cc'))
	.map((name) => name.replace(/-fuzz\.cc$/, ''));
const compilers = {CC: 'clang-14', CXX: 'clang++-14'};

/** The last of what a target said: where it failed, and its figures. */
const maxLogCharacters = 1_000_000;
const readFirst = new Set(['demux', 'packet-view', 'rtcp']);

const {values: options, positionals} = parseArgs({
	options: {all: {type: 'boolean'}, short: {type: 'boolean'}},
	allowPositionals: true,
});
const [target, seconds = options.all ? target : '60'] = positionals;
const chosen = options.all || options.short ? targets : targets.filter((name) => name === target);
const secondsFor = (name) => (options.short && !readFirst.has(name) ? '15' : seconds);

if (chosen.length === 0 || !(Number(seconds) > 0)) {
	console.error(`Expected a target (${targets.join(', ')}) and seconds, got ${JSON.stringify(positionals)}.`);
	process.exitCode = 2;
} else if (spawnSync(compilers.CXX, ['--version']).status !== 0) {
	console.error('fuzz: SKIPPED, clang is absent; on Debian: apt-get install clang-14 libclang-rt-14-dev');
	process.exitCode = process.env.CI === 'true' ? 1 : 0;
} else {
	await provideLibsrtpSource();
	const program = join(buildTarget('native-fuzz', 'Fuzz', compilers), 'native-fuzz');
	const longestFirst = [...chosen].sort((a, b) => Number(secondsFor(b)) - Number(secondsFor(a)));
	const passed = await sideBySide(longestFirst, availableParallelism(), (name) =>
		fuzz(program, name, secondsFor(name)),
	);
	const failed = passed.filter((hasPassed) => !hasPassed).length;
	console.log(`native: ${chosen.length - failed} passed, ${failed} failed`);
	process.exitCode = failed === 0 ? 0 : 1;
}

async function fuzz(program, name, seconds) {
	const kept = join(here, 'corpus', name);
	const learnt = join(root, 'build', 'fuzz-corpus', name);
	for (const folder of [kept, learnt]) {
		mkdirSync(folder, {recursive: true});
	}

	const flags = [
		`-max_total_time=${seconds}`,
		'-max_len=4096',
		'-timeout=10',
		'-rss_limit_mb=1024',
		'-print_final_stats=1',
		'-verbosity=0',
		`-artifact_prefix=${relative(root, kept)}/`,
	];
	const child = spawn(program, [...flags, learnt, kept], {
		cwd: root,
		stdio: ['ignore', 'inherit', 'pipe'],
		env: {...process.env, SALLYPORT_FUZZ_TARGET: name, UBSAN_OPTIONS: 'print_stacktrace=1'},
	});
	let stderr = '';
	child.stderr.setEncoding('utf8').on('data', (text) => {
		stderr = (stderr + text).slice(-maxLogCharacters);
	});
	const [status] = await once(child, 'close');
	const executed = stderr.match(/number_of_executed_units: (\d+)/)?.[1];
	if (status !== 0) {
		process.stderr.write(stderr);
	}

	console.log(`${status === 0 ? 'ok' : 'FAILED'} ${name}: ${executed ?? 'unknown'} inputs in ${seconds} s`);
	return status === 0;
}
