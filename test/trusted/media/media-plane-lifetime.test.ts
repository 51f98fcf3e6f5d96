import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {promisify} from 'node:util';
import {Worker} from 'node:worker_threads';
import test from 'ava';
import {loopback, somePortRange} from './support/plane.js';

const run = promisify(execFile);
const productUrl = import.meta.resolve('#dist/trusted/media/media-plane.js');

/** A program that opens a plane with one relay and then does `ending`. */
function program(range: readonly [number, number], ending: string): string {
	return `
		const {MediaPlane} = await import(${JSON.stringify(productUrl)});
		const plane = MediaPlane.open({interfaces: ${JSON.stringify(loopback(range))}, portCoolDownMs: 0});
		const {relay} = await plane.createRelay([{}, {}]);
		${ending}
	`;
}

test('a process ends at once with calls up', async (t) => {
	const source = program(somePortRange(), "process.stdout.write('up'); process.exit(0);");
	const {stdout} = await run(process.execPath, ['--input-type=module', '--eval', source]);
	t.is(stdout, 'up');
});

test('an open plane keeps the process alive and a closed one lets it end', async (t) => {
	const source = program(
		somePortRange(),
		"setTimeout(() => { process.stdout.write('alive'); plane.close(); }, 50).unref();",
	);
	const {stdout} = await run(process.execPath, ['--input-type=module', '--eval', source]);
	t.is(stdout, 'alive');
});

test('a thread that is terminated with calls up gives its ports back', async (t) => {
	const range = somePortRange(4);
	const source = `
		${program(range, "(await import('node:worker_threads')).parentPort.postMessage('up');")}
		await new Promise(() => {});
	`;
	const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
	// The range has ports for one relay only.
	for (let round = 0; round < 3; round++) {
		const worker = new Worker(url);
		t.deepEqual(await once(worker, 'message'), ['up']);
		await worker.terminate();
	}
});

test('two threads have a plane each', async (t) => {
	const workers = [0, 1].map(() => {
		const source = program(
			somePortRange(),
			"plane.close(); (await import('node:worker_threads')).parentPort.postMessage('done');",
		);
		return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
	});
	t.deepEqual(await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0])), ['done', 'done']);
});
