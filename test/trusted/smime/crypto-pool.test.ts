import {execFile} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import test from 'ava';
import {CryptoPool, SoftwarePrivateKeys} from '#dist/trusted/smime/index.js';
import {codeOf, makeIdentity, must} from './test-pki.js';

const alice = makeIdentity('p-256', 'alice');
const {keyId} = alice;
const data = Buffer.from('attributes');

/** A worker of the test's own: signs nothing, and dies when it is told to. */
function brokenWorker(t: ExecutionContext, onMessage: string): URL {
	const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-pool-'));
	t.teardown(() => rmSync(folder, {recursive: true}));
	const file = path.join(folder, 'worker.mjs');
	writeFileSync(
		file,
		`import {parentPort} from 'node:worker_threads';
		parentPort.on('message', ({id, job}) => { ${onMessage} });`,
	);
	return pathToFileURL(file);
}

function openPool(t: ExecutionContext, options: ConstructorParameters<typeof CryptoPool>[1]): CryptoPool {
	const pool = new CryptoPool(new Map(), options);
	t.teardown(() => pool.close());
	return pool;
}

test('jobs beyond the bound of the queue are refused, and the rest is done', async (t) => {
	const keys = SoftwarePrivateKeys.fromPem([alice], {workers: 1, maxQueuedJobs: 3});
	t.teardown(() => keys.pool.close());
	const results = await Promise.all(Array.from({length: 20}, () => keys.sign(keyId, 'ecdsa-sha256', data)));
	const done = results.filter(({ok}) => ok).length;
	t.is(done, 7); // Four with the thread, three in the queue.
	t.true(results.every((result) => result.ok || result.failure.code === 'OVERLOADED'));
	t.is(codeOf(await keys.sign(keyId, 'ecdsa-sha256', data)), 'ok');
});

test('a thread that dies fails its jobs and is replaced', async (t) => {
	const workerUrl = brokenWorker(
		t,
		`if (job.keyId === 'die') process.exit(1);
		if (job.keyId === 'throw') throw new Error('broken');
		parentPort.postMessage({id, octets: [job.data]});`,
	);
	const pool = openPool(t, {workers: 1, workerUrl});
	const job = (name: string) => pool.run({do: 'sign', keyId: name, scheme: 'ed25519', data});
	t.deepEqual(must(await job('fine')), [new Uint8Array(data)]);
	t.is(codeOf(await job('die')), 'OPERATION_FAILED');
	t.is(codeOf(await job('fine')), 'ok');
	t.is(codeOf(await job('throw')), 'OPERATION_FAILED');
	t.is(codeOf(await job('fine')), 'ok');
	t.is(pool.crashes, 2);
});

test('threads that die at once fail what is asked of them and no more', async (t) => {
	const pool = openPool(t, {workers: 2, workerUrl: brokenWorker(t, 'process.exit(1)')});
	const results = await Promise.all(
		Array.from({length: 40}, () => pool.run({do: 'sign', keyId, scheme: 'ed25519', data})),
	);
	t.true(results.every((result) => codeOf(result) === 'OPERATION_FAILED'));
});

test('a closed pool fails what waits, what runs and what comes, and closes twice', async (t) => {
	const pool = openPool(t, {workers: 1, workerUrl: brokenWorker(t, '')});
	const waiting = Array.from({length: 10}, () => pool.run({do: 'sign', keyId, scheme: 'ed25519', data}));
	await pool.close();
	await pool.close();
	for (const result of await Promise.all(waiting)) {
		t.is(codeOf(result), 'OPERATION_FAILED');
	}
	t.is(codeOf(await pool.run({do: 'sign', keyId, scheme: 'ed25519', data})), 'OPERATION_FAILED');
	t.is(pool.crashes, 0);
});

test('what crosses to a thread is the window, not the buffer around it', async (t) => {
	const workerUrl = brokenWorker(
		t,
		'parentPort.postMessage({id, octets: [Uint8Array.of(job.data.buffer.byteLength)]});',
	);
	const pool = openPool(t, {workers: 1, workerUrl});
	const window = new Uint8Array(1000).subarray(10, 20);
	t.deepEqual(must(await pool.run({do: 'sign', keyId, scheme: 'ed25519', data: window})), [Uint8Array.of(10)]);
});

test('threads keep the process alive while they work and let it end when they do not', async (t) => {
	const program = `
		import {SoftwarePrivateKeys} from ${JSON.stringify(path.resolve('dist/trusted/smime/index.js'))};
		const pair = JSON.parse(process.env.PAIR);
		const keys = SoftwarePrivateKeys.fromPem([pair]);
		const result = await keys.sign(keys.keys[0].keyId, 'ecdsa-sha256', new Uint8Array(10));
		process.stdout.write(String(result.ok));`;
	const {certificatePem, privateKeyPem} = alice;
	const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
		env: {...process.env, PAIR: JSON.stringify({certificatePem, privateKeyPem})},
		timeout: 20_000,
	});
	t.is(stdout, 'true');
});

test('counts out of bounds are the mistake of the caller', (t) => {
	t.throws(() => new CryptoPool(new Map(), {workers: 0}), {instanceOf: RangeError});
	t.throws(() => new CryptoPool(new Map(), {maxQueuedJobs: 1.5}), {instanceOf: RangeError});
});
