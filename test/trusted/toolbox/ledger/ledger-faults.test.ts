import {spawnSync} from 'node:child_process';
import {chmodSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {SallyportError} from '#dist/base/error.js';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import {findFileFault} from '#dist/trusted/toolbox/ledger/lmdb-file.js';
import {LmdbLedgerStore} from '#dist/trusted/toolbox/ledger/lmdb-ledger-store.js';
import {mayMount, testWhere} from '../../../support/test-where.js';
import {claimOf, limits, startMs} from './claiming-process.js';

const bodies = 300;

async function open(directory: string): Promise<Ledger> {
	return new Ledger(await LmdbLedgerStore.open(directory, {nowMs: startMs}), limits);
}

async function codeOf(ledger: Ledger, body: number, dialog?: string): Promise<string> {
	const result = await ledger.claim(claimOf(ledger.epoch, body, dialog), startMs);
	return result.ok ? 'granted' : result.failure.code;
}

/** A ledger with some claims, closed. */
async function filled(t: ExecutionContext): Promise<{readonly directory: string; readonly file: string}> {
	const directory = mkdtempSync(join(tmpdir(), 'sallyport-faults-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	const ledger = await open(directory);
	const granted = await Promise.all([...Array(bodies).keys()].map((body) => codeOf(ledger, body)));
	t.true(granted.every((code) => code === 'granted'));
	await ledger.close();
	return {directory, file: join(directory, 'ledger/data.mdb')};
}

/** Either the start says what is wrong, or everything is still known. */
async function refusesOrKnows(t: ExecutionContext, directory: string, what: string): Promise<'refused' | 'known'> {
	let ledger: Ledger;
	try {
		ledger = await open(directory);
	} catch (error) {
		t.true(error instanceof SallyportError && error.code === 'LEDGER_DAMAGED', `${what}: ${error}`);
		t.regex(String(error), /restore it/);
		return 'refused';
	}

	for (let body = 0; body < bodies; body++) {
		t.not(await codeOf(ledger, body, 'another'), 'granted', what);
	}

	await ledger.close();
	return 'known';
}

/** Numbers from 0 to 1 that are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
	for (let state = seed; ; ) {
		state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
		yield state / 2_147_483_648;
	}
}

test('a file that was cut at any length is refused, or nothing of it is forgotten', async (t) => {
	const {directory, file} = await filled(t);
	const whole = readFileSync(file);
	const random = numbers(7);
	const outcomes = [];
	for (let round = 0; round < 25; round++) {
		const length = Math.floor(random.next().value * whole.length);
		writeFileSync(file, whole);
		truncateSync(file, length);
		outcomes.push(await refusesOrKnows(t, directory, `${length} of ${whole.length} octets`));
	}

	t.true(outcomes.includes('refused'));
});

test('a file with a page that was torn or overwritten is refused, or nothing of it is forgotten', async (t) => {
	const {directory, file} = await filled(t);
	const whole = readFileSync(file);
	const pages = whole.length / 4096;
	const outcomes = [];
	for (let page = 2; page < pages; page++) {
		const spoilt = Buffer.from(whole);
		// The second half of a page that a write did not reach, or octets of another file.
		spoilt.fill(page % 2 === 0 ? 0 : 0xa5, page * 4096 + (page % 3) * 1024, (page + 1) * 4096);
		writeFileSync(file, spoilt);
		outcomes.push(await refusesOrKnows(t, directory, `page ${page}`));
	}

	t.true(outcomes.filter((outcome) => outcome === 'refused').length > pages / 4, outcomes.join(' '));
	writeFileSync(file, whole);
	t.is(await refusesOrKnows(t, directory, 'whole'), 'known');
});

test('one bit that flips in a record is found', async (t) => {
	const {file} = await filled(t);
	const whole = readFileSync(file);
	t.is(findFileFault(file), undefined);
	// The Call-ID of a record.
	const at = whole.lastIndexOf('d123');
	t.true(at > 0);
	whole[at + 1] = (whole[at + 1] ?? 0) ^ 1;
	writeFileSync(file, whole);
	t.regex(findFileFault(file) ?? '', /not as it was written/);
});

test('a meta page that was torn leaves the one before it, or a refusal', async (t) => {
	for (const page of [0, 1]) {
		const {directory, file} = await filled(t);
		const torn = readFileSync(file);
		torn.fill(0, page * 4096 + 24, page * 4096 + 512);
		writeFileSync(file, torn);
		await refusesOrKnows(t, directory, `meta page ${page}`);
	}
});

const whereMounting = testWhere(mayMount());

/** A file system of one mebibyte. */
function mountSmall(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-small-'));
	const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], {encoding: 'utf8'});
	if (mounted.status !== 0) {
		rmSync(folder, {recursive: true, force: true});
		throw new Error(mounted.stderr);
	}

	t.teardown(() => {
		spawnSync('umount', ['-l', folder]);
		rmSync(folder, {recursive: true, force: true});
	});
	return folder;
}

whereMounting('a full disk grants nothing more, and nothing that was granted is forgotten', async (t) => {
	const directory = mountSmall(t);
	const ledger = await open(directory);
	const {disk} = await ledger.health();
	t.true((disk?.freeOctets ?? 0) > 0 && (disk?.freeOctets ?? 0) < 1_048_576);
	let granted = 0;
	let refusal = '';
	while (refusal === '' && granted < 10_000) {
		const codes = await Promise.all([...Array(50).keys()].map((index) => codeOf(ledger, granted + index)));
		refusal = codes.find((code) => code !== 'granted') ?? '';
		granted += codes.filter((code) => code === 'granted').length;
	}

	t.is(refusal, 'LEDGER_UNAVAILABLE');
	t.is(await codeOf(ledger, 100_000), 'LEDGER_UNAVAILABLE', 'and stays so');
	await ledger.close();
	// Room again, as an operator would make it.
	t.is(spawnSync('mount', ['-o', 'remount,size=16m', directory]).status, 0);
	const next = await open(directory);
	for (let body = 0; body < granted; body++) {
		t.is(await codeOf(next, body, 'another'), 'REPLAYED');
	}

	t.true(granted > 100, `${granted}`);
	t.is(await codeOf(next, 100_000), 'granted');
	await next.close();
});

whereMounting('a file system that became read-only is refused at the start, and nothing is lost', async (t) => {
	const {directory} = await filled(t);
	const view = mkdtempSync(join(tmpdir(), 'sallyport-view-'));
	t.teardown(() => rmSync(view, {recursive: true, force: true}));
	t.is(spawnSync('mount', ['--bind', directory, view]).status, 0);
	try {
		t.is(spawnSync('mount', ['-o', 'remount,bind,ro', view]).status, 0);
		const error = await t.throwsAsync(open(view));
		t.true(error instanceof SallyportError && error.code === 'LEDGER_UNAVAILABLE', String(error));
	} finally {
		spawnSync('umount', ['-l', view]);
	}

	t.is(await refusesOrKnows(t, directory, 'afterwards'), 'known');
});

test('what the ledger writes is its owner’s alone', async (t) => {
	const {directory, file} = await filled(t);
	t.is(statSync(join(directory, 'ledger')).mode & 0o777, 0o700);
	chmodSync(file, 0o600);
	t.is(statSync(join(directory, 'ledger/fingerprint.secret')).mode & 0o777, 0o600);
});
