import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {z} from 'zod';

const run = (...argv: readonly string[]) => promisify(execFile)(process.execPath, ['bench/main.mjs', ...argv]);

const figures = z.record(z.string(), z.number());
const reportShape = z.object({
	machine: z.object({
		node: z.string(),
		openssl: z.string(),
		libsrtp: z.string().regex(/^\d/),
		cpu: z.string(),
		cores: z.number().int().positive(),
		kernel: z.string(),
	}),
	benches: z.array(
		z.object({
			name: z.string(),
			contenders: z.array(z.object({name: z.string(), metrics: figures})),
			ratios: figures,
		}),
	),
});

test('the bench lists what it can measure', async (t) => {
	const {stdout} = await run('--list');
	t.deepEqual(
		stdout
			.trim()
			.split('\n')
			.map((line) => line.split(' ')[0]),
		['crypto', 'relay', 'memory'],
	);
});

test('a bench prints ratios and writes them as JSON', async (t) => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-bench-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const file = path.join(folder, 'report.json');
	const {stdout} = await run('crypto', '--runs', '2', '--seconds', '0.05', '--json', file);
	const {benches} = reportShape.parse(JSON.parse(await readFile(file, 'utf8')));
	const [crypto] = benches;
	t.is(crypto?.name, 'crypto');
	t.deepEqual(
		crypto?.contenders.map(({name}) => name),
		['ours', 'node:crypto'],
	);
	const ratio = 'ours/node:crypto protectNs AEAD_AES_128_GCM 160';
	t.true((crypto?.ratios[ratio] ?? 0) > 0);
	t.true(stdout.includes(ratio));
});

test('a bench that is not there is refused by name', async (t) => {
	await t.throwsAsync(run('speed'), {message: /Expected names among crypto, relay, memory, got speed\./});
	await t.throwsAsync(run('crypto', '--runs', 'none'), {message: /--runs/});
});
