import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {z} from 'zod';

const run = (argv: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
	promisify(execFile)(process.execPath, ['bench/main.mjs', ...argv], {env: {...process.env, ...environment}});

const figures = z.record(z.string(), z.number());
const reportShape = z.strictObject({
	machine: z.looseObject({
		node: z.string(),
		openssl: z.string(),
		libsrtp: z.string().regex(/^\d/),
		cpu: z.string(),
		cores: z.number().int().positive(),
		kernel: z.string(),
	}),
	benches: z.array(
		z.strictObject({
			name: z.string(),
			contenders: z.array(z.strictObject({name: z.string(), metrics: figures})),
			ratios: figures,
		}),
	),
});

/** Runs a bench once, briefly, and returns what it printed and wrote. */
async function measure(t: ExecutionContext, argv: readonly string[], environment: NodeJS.ProcessEnv = {}) {
	const folder = await temporaryFolder(t);
	const file = path.join(folder, 'report.json');
	const {stdout} = await run([...argv, '--runs', '1', '--json', file], environment);
	const [bench, ...others] = reportShape.parse(JSON.parse(await readFile(file, 'utf8'))).benches;
	if (bench === undefined || others.length > 0) {
		throw new Error('one bench');
	}

	const metricsOf = (name: string) => bench.contenders.find((contender) => contender.name === name)?.metrics ?? {};
	return {stdout, bench, metricsOf};
}

async function temporaryFolder(t: ExecutionContext): Promise<string> {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'sallyport-bench-'));
	t.teardown(() => rm(folder, {recursive: true}));
	return folder;
}

/** A PATH on which rtpengine is found and does not work. */
async function withoutRtpengine(t: ExecutionContext): Promise<NodeJS.ProcessEnv> {
	const folder = await temporaryFolder(t);
	await writeFile(path.join(folder, 'rtpengine'), '#!/bin/sh\nexit 1\n', {mode: 0o755});
	return {PATH: `${folder}${path.delimiter}${process.env['PATH']}`};
}

test.serial('the bench lists what it can measure', async (t) => {
	const {stdout} = await run(['--list']);
	const names = stdout
		.trim()
		.split('\n')
		.map((line) => line.split(' ')[0]);
	t.deepEqual(names, ['crypto', 'relay', 'capacity', 'memory', 'ledger', 'engine']);
});

test.serial('a bench that is not there is refused by name', async (t) => {
	await t.throwsAsync(run(['speed']), {
		message: /Expected names among crypto, relay, capacity, memory, ledger, engine, got speed\./,
	});
	await t.throwsAsync(run(['crypto', '--runs', 'none']), {message: /--runs/});
});

test.serial('cryptography is compared with libsrtp and OpenSSL for every suite', async (t) => {
	const {bench, stdout} = await measure(t, ['crypto', '--seconds', '0.01']);
	t.deepEqual(
		bench.contenders.map(({name}) => name),
		['ours', 'libsrtp', 'openssl'],
	);
	for (const peer of ['libsrtp', 'openssl']) {
		for (const suite of ['AES_192_CM_HMAC_SHA1_32', 'AEAD_AES_256_GCM']) {
			t.true((bench.ratios[`ours/${peer} unprotectNs ${suite} 1200`] ?? 0) > 0);
		}
	}

	t.regex(stdout, /protectNs AEAD_AES_128_GCM 160 .*ours\/libsrtp \d/);
});

test.serial('relays are compared by call and by flood, and nothing that they carry is altered', async (t) => {
	const {bench, metricsOf, stdout} = await measure(t, ['relay', '--seconds', '0.1', '--calls', '2']);
	const ours = metricsOf('ours');
	for (const protection of ['rtp-rtp', 'srtp-rtp', 'srtp-srtp-cm', 'srtp-srtp-gcm']) {
		t.true((ours[`cpuUsPerPacket ${protection} 2`] ?? 0) > 0);
		t.true((ours[`packetsPerSecond ${protection} flood`] ?? 0) > 0);
		t.is(ours[`lossPercent ${protection} flood`], 0);
	}

	t.true((bench.ratios['ours/node:dgram cpuUsPerPacket rtp-rtp 2'] ?? 0) > 0);
	t.false('cpuUsPerPacket srtp-rtp 2' in metricsOf('node:dgram'));
	const noted = stdout.split('\n').filter((line) => line.includes('ours/rtpengine'));
	t.true(noted.every((line) => line.includes('operators on bare metal use its kernel module')));
});

test.serial('the capacity of a core is searched for', async (t) => {
	const {metricsOf} = await measure(t, ['capacity', '--seconds', '0.05'], await withoutRtpengine(t));
	t.true((metricsOf('ours')['packetsPerSecond srtp-srtp-cm 160'] ?? 0) > 0);
});

test.serial('memory is told apart by who holds it, and who is not installed is named', async (t) => {
	const {bench, metricsOf, stdout} = await measure(t, ['memory', '--seconds', '0.01'], await withoutRtpengine(t));
	const ours = metricsOf('ours');
	for (const metric of ['kibPerIdleCall', 'javascriptKib', 'nativeKib', 'cpuUsPerSetUpAndEnd']) {
		t.is(typeof ours[`${metric} srtp-srtp-cm 10`], 'number');
	}

	t.deepEqual(bench.ratios, {});
	t.true(stdout.includes('apt-get install rtpengine-daemon'));
});
