import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import {LmdbLedgerStore, type WritePoint, writePoints} from '#dist/trusted/toolbox/ledger/lmdb-ledger-store.js';
import {testWhere} from '../../../support/test-where.js';
import {claimOf, limits, type Orders, startMs} from './claiming-process.js';

const program = fileURLToPath(new URL('claiming-process.js', import.meta.url));

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-kill-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

/** Runs a claiming process until it is dead: by its own hand, or ours when it has said `until`. Returns what it answered. */
async function run(
	t: ExecutionContext,
	orders: Orders,
	{
		until = 'done',
		waitMs = 0,
		environment = {},
	}: {until?: string; waitMs?: number; environment?: NodeJS.ProcessEnv} = {},
): Promise<readonly string[]> {
	const child = spawn(process.execPath, [program, JSON.stringify(orders)], {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: {...process.env, ...environment},
	});
	t.teardown(() => child.kill('SIGKILL'));
	const ended = once(child, 'close');
	let output = '';
	child.stdout.on('data', (chunk) => {
		output += String(chunk);
		if (output.includes(`${until}\n`)) {
			setTimeout(() => child.kill('SIGKILL'), waitMs);
		}
	});
	const [, signal] = await ended;
	t.is(signal, 'SIGKILL');
	return output.split('\n').slice(0, -1);
}

/** What was answered is refused for ever; what was not may be taken over, and may not be claimed by others in between. */
async function check(
	t: ExecutionContext,
	directory: string,
	answers: readonly string[],
	bodies: number,
): Promise<number> {
	const ledger = new Ledger(await LmdbLedgerStore.open(directory, {nowMs: startMs}), limits);
	let kept = 0;
	for (let body = 0; body < bodies; body++) {
		const isGranted = answers.includes(`granted ${body}`);
		const isInstalled = answers.includes(`installed ${body}`);
		const code = async (dialog?: string) => {
			const result = await ledger.claim(claimOf(ledger.epoch, body, dialog), startMs);
			return result.ok ? 'granted' : result.failure.code;
		};
		// After the sweep messages are gone, and the mark stands in for them.
		const refusals = ['REPLAYED', 'FORGOTTEN'];
		if (isInstalled) {
			t.true(refusals.includes(await code()), `${body} was installed`);
		}

		if (isGranted) {
			t.true(refusals.includes(await code('another')), `${body} was granted`);
			kept++;
		}

		if (isGranted && !isInstalled && !answers.includes('swept')) {
			// Installation may have been written and not been answered.
			const again = await code();
			t.true(again === 'granted' || (body % 2 === 0 && again === 'REPLAYED'), `${body} was ${again}`);
		}
	}

	await ledger.close();
	return kept;
}

const openings: readonly WritePoint[] = ['opening', 'epoch-committed', 'epoch-flushed', 'sentinel-written'];
const cases = writePoints.flatMap((at) =>
	openings.includes(at)
		? [{at, time: 1}]
		: at === 'segment-dropped'
			? [{at, time: 1, sweepAfter: 2}]
			: [1, 4].map((time) => ({at, time})),
);

for (const {at, time, ...more} of cases) {
	test(`a process killed at its point “${at}”, time ${time}, accepts nothing twice when it starts again`, async (t) => {
		const directory = makeFolder(t);
		const answers = await run(t, {directory, die: {at, time}, bodies: 6, inFlight: 1, ...more});
		t.false(answers.includes('done'), 'it died on the way');
		const kept = await check(t, directory, answers, 6);
		t.is(kept, answers.filter((answer) => answer.startsWith('granted')).length);
	});
}

test('a process killed at any time under load accepts nothing twice', async (t) => {
	const directory = makeFolder(t);
	let total = 0;
	for (const [index, until] of ['open', 'granted 10', 'granted 200', 'granted 900'].entries()) {
		const folder = join(directory, String(index));
		mkdirSync(folder);
		const answers = await run(t, {directory: folder, bodies: 4000, inFlight: 64}, {until, waitMs: 2 * index});
		total += await check(t, folder, answers, 4000);
	}

	t.true(total > 0, 'some were granted');
});

// Takes a C compiler (Debian package build-essential).
const withCompiler = testWhere(spawnSync('cc', ['--version']).status === 0);

withCompiler('a disk that loses power, and what was not synced, keeps every claim that was answered', async (t) => {
	const directory = makeFolder(t);
	const shim = join(directory, 'unsynced-writes.so');
	const source = 'test/trusted/toolbox/ledger/unsynced-writes.c';
	const built = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl', '-lpthread'], {
		encoding: 'utf8',
	});
	t.is(built.status, 0, built.stderr);
	let total = 0;
	for (const [name, die, isDeaf] of [
		['writing', {at: 'written', time: 7}, false],
		['flushed', {at: 'flushed', time: 7}, false],
		['load', undefined, false],
		['deaf', {at: 'flushed', time: 7}, true],
	] as const) {
		const live = join(directory, name);
		const copy = join(directory, `${name}.mdb`);
		const environment = {
			LD_PRELOAD: shim,
			UNSYNCED_COPY: copy,
			...(isDeaf && {UNSYNCED_DEAF: '1'}),
		};
		mkdirSync(live);
		const orders = {directory: live, bodies: die ? 20 : 4000, inFlight: die ? 1 : 64, ...(die && {die})};
		const answers = await run(t, orders, {environment, until: die ? 'done' : 'granted 200', waitMs: 3});
		t.true(existsSync(copy), 'the shim was there');
		const after = join(directory, `${name}-after`);
		cpSync(live, after, {recursive: true});
		rmSync(join(after, 'ledger/lock.mdb'), {force: true});
		copyFileSync(copy, join(after, 'ledger/data.mdb'));
		if (isDeaf) {
			await t.throwsAsync(check(t, after, [], 0), {code: 'LEDGER_DAMAGED'}, 'without syncs there would be nothing');
			continue;
		}

		total += await check(t, after, answers, die ? 20 : 4000);
	}

	t.true(total > 200, `${total} claims were kept`);
});
