import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import {LmdbLedgerStore} from '#dist/trusted/toolbox/ledger/lmdb-ledger-store.js';
import {testWhere} from '../../../support/test-where.js';

const limits = {
	messageRetentionMs: 1000,
	peerKeyRetentionMs: 100_000,
	ownKeyRetentionMs: 10_000,
	recordsPerSigner: 1000,
	recordsPerTrunk: 10_000,
	recordsUnproven: 10_000,
	records: 100_000,
	takeovers: 3,
	leaseMs: 0,
};

function makeFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

async function openLedger(directory: string, nowMs = 1000): Promise<Ledger> {
	return new Ledger(await LmdbLedgerStore.open(directory, {nowMs}), limits);
}

function messageName(body: number): string {
	return body.toString(16).padStart(64, '0');
}

function keyName(body: number): string {
	return body.toString(16).padStart(32, '0');
}

function claimOf(ledger: Ledger, body: number, call = 'c1') {
	return {
		dialog: {callId: `d${body}`, offererTag: 't'},
		holder: {epoch: ledger.epoch, call, leg: 'a'},
		signer: 's',
		maker: 'peer' as const,
		message: {fingerprint: messageName(body), signedAtMs: 900 + body, sequence: 1, isAnswer: false},
		keys: [{fingerprint: keyName(body), saltTag: '5a17', mediaIndex: 0}],
	};
}

test('claims are there after a restart, with the next epoch', async (t) => {
	const directory = makeFolder(t);
	const first = await openLedger(directory);
	const granted = await Promise.all([...Array(50).keys()].map((body) => first.claim(claimOf(first, body), 1000)));
	t.true(granted.every(({ok}) => ok));
	const holder = {epoch: first.epoch, call: 'c1', leg: 'a'};
	t.true((await first.install({holder, key: keyName(7), message: messageName(7), replaces: []})).ok);
	await first.close();

	const second = await openLedger(directory);
	t.is(second.epoch, first.epoch + 1);
	const again = await second.claim({...claimOf(second, 7), dialog: {callId: 'd7', offererTag: 't'}}, 1000);
	t.is(again.ok ? '' : again.failure.code, 'REPLAYED');
	t.true((await second.claim(claimOf(second, 8), 1000)).ok, 'a reservation of the life before may be taken over');
	t.is(second.newest(3).length, 3);
	t.is(await second.sweep(50_000), 50);
	t.is(second.newest(1000).filter(({kind}) => kind === 'message').length, 0);
	await second.close();
});

test('of many claims of one body at the same time one is granted', async (t) => {
	const ledger = await openLedger(makeFolder(t));
	const results = await Promise.all(
		[...Array(64).keys()].map((call) => ledger.claim({...claimOf(ledger, 1, `c${call}`)}, 1000)),
	);
	t.is(results.filter(({ok}) => ok).length, 1);
	await ledger.close();
});

test('a node that was replaced is fenced off', async (t) => {
	const directory = makeFolder(t);
	const old = await openLedger(directory);
	t.true((await old.claim(claimOf(old, 1), 1000)).ok);
	const young = await openLedger(directory);
	const late = await old.claim(claimOf(old, 2), 1000);
	t.is(late.ok ? '' : late.failure.code, 'LEDGER_UNAVAILABLE');
	t.true((await young.claim(claimOf(young, 2), 1000)).ok);
	const closed = await old.claim(claimOf(old, 3), 1000);
	t.is(closed.ok ? '' : closed.failure.code, 'LEDGER_UNAVAILABLE', 'and stays so');
	await young.close();
	await old.close();
});

for (const [what, damage] of [
	['missing', (file: string) => rmSync(file)],
	['empty', (file: string) => truncateSync(file, 0)],
	['cut short', (file: string) => truncateSync(file, readFileSync(file).length - 4096)],
	['not a ledger', (file: string) => writeFileSync(file, 'hello'.repeat(5000))],
] as const) {
	test(`a ledger whose file is ${what} is not opened`, async (t) => {
		const directory = makeFolder(t);
		const ledger = await openLedger(directory);
		await ledger.claim(claimOf(ledger, 1), 1000);
		await ledger.close();
		damage(join(directory, 'ledger/data.mdb'));
		await t.throwsAsync(openLedger(directory), {code: 'LEDGER_DAMAGED'});
	});
}

test('a ledger with another secret is not opened', async (t) => {
	const directory = makeFolder(t);
	await (await openLedger(directory)).close();
	writeFileSync(join(directory, 'ledger/fingerprint.secret'), new Uint8Array(32));
	await t.throwsAsync(openLedger(directory), {code: 'LEDGER_DAMAGED'});
});

test('a backup that was put back forgets nothing: what was signed before now is stale', async (t) => {
	const directory = makeFolder(t);
	await (await openLedger(directory)).close();
	const backup = readFileSync(join(directory, 'ledger/data.mdb'));
	const ledger = await openLedger(directory);
	t.true((await ledger.claim(claimOf(ledger, 1), 1000)).ok);
	await ledger.close();
	writeFileSync(join(directory, 'ledger/data.mdb'), backup);

	const restored = await openLedger(directory, 2000);
	const replay = await restored.claim(claimOf(restored, 1), 1000);
	t.is(replay.ok ? '' : replay.failure.code, 'FORGOTTEN');
	await restored.close();
});

const child = `
	import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
	import {LmdbLedgerStore} from '#dist/trusted/toolbox/ledger/lmdb-ledger-store.js';
	import {writeSync} from 'node:fs';
	const store = await LmdbLedgerStore.open(process.argv[1], {nowMs: 1000});
	const ledger = new Ledger(store, ${JSON.stringify(limits)});
	const claim = {dialog: {callId: 'd1', offererTag: 't'}, holder: {epoch: ledger.epoch, call: 'c1', leg: 'a'}, signer: 's', maker: 'peer',
		message: {fingerprint: '${messageName(1)}', signedAtMs: 901, sequence: 1, isAnswer: false}, keys: [{fingerprint: '${keyName(1)}', saltTag: '5a17', mediaIndex: 0}]};
	writeSync(1, 'before ');
	const granted = await ledger.claim(claim, 1000);
	const installed = await ledger.install({holder: claim.holder, key: '${keyName(1)}', message: '${messageName(1)}', replaces: []});
	writeSync(1, granted.ok && installed.ok ? 'answered ' : 'refused ');
	setInterval(() => {}, 1000);
`;

test('a process that is killed right after its answer has left its claim on disk', async (t) => {
	const directory = makeFolder(t);
	const process_ = spawn(process.execPath, ['--input-type=module', '-e', child, directory], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	t.teardown(() => process_.kill('SIGKILL'));
	let output = '';
	for await (const chunk of process_.stdout) {
		output += String(chunk);
		if (output.includes('answered') || output.includes('refused')) {
			break;
		}
	}

	process_.kill('SIGKILL');
	await once(process_, 'exit');
	t.is(output, 'before answered ');
	const ledger = await openLedger(directory);
	const replay = await ledger.claim(claimOf(ledger, 1), 1000);
	t.is(replay.ok ? '' : replay.failure.code, 'REPLAYED');
	await ledger.close();
});

// Takes strace (Debian package strace).
const withTrace = testWhere(spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0);

withTrace('the sync of the file comes before the answer', async (t) => {
	const directory = makeFolder(t);
	const trace = join(directory, 'trace');
	const arguments_ = ['-f', '-e', 'trace=fdatasync,fsync,msync,write', '-e', 'signal=none', '-s', '12', '-o', trace];
	const tracer = spawn('strace', [
		...arguments_,
		process.execPath,
		'--input-type=module',
		'-e',
		child.replace('setInterval(() => {}, 1000);', 'process.exit();'),
		directory,
	]);
	await once(tracer, 'exit');
	const lines = readFileSync(trace, 'utf8').split('\n');
	const before = lines.findIndex((line) => line.includes('"before '));
	const answered = lines.findIndex((line) => line.includes('"answered '));
	t.true(before !== -1 && answered > before, 'both marks are in the trace');
	const syncs = lines
		.slice(before, answered)
		.filter((line) => /f(?:data)?sync\(.*= 0|f(?:data)?sync resumed.*= 0|msync.*= 0/.test(line));
	t.true(syncs.length >= 2, `one sync for the claim and one for the installation, got ${syncs.length}`);
});
