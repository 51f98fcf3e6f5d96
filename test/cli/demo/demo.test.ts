import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import type {DemoReport} from '#dist/cli/demo/demo-report.js';
import {synthesizeSpeech} from '#dist/cli/demo/speech.js';
import {writeWav} from '#dist/wire/audio/wav-file.js';

test.serial(
	'The demonstration carries a short WAV, shows the attacks, refuses them, and prints one JSON object',
	async (t) => {
		const place = makePlace(t);
		const wav = join(place.folder, 'half-a-second.wav');
		writeFileSync(wav, writeWav(16_000, synthesizeSpeech(3, 1)));
		const {code, stdout, stderr} = await ended(place.start(['--json', '--wav', wav]));

		const report = JSON.parse(stdout) as DemoReport;
		t.deepEqual(
			report.steps.filter(({ok}) => !ok),
			[],
			stderr,
		);
		t.true(report.ok);
		t.is(code, 0);
		t.is(report.steps.length, 12);
		const [call, replayed, pad, ...refused] = report.steps;
		t.is(call?.['samplesCompared'], 4000);
		t.is(call?.['samplesDiffering'], 0);
		t.is(replayed?.['status'], 200);
		t.true((replayed?.['packetsAuthenticated'] as number) > 50);
		t.is(pad?.['octetsMatching'], pad?.['octetsOverlapping']);
		t.is(refused.filter((step) => step['status'] === 403).length, 6);
		t.true(report.files.every((file) => file.startsWith(place.output) && existsSync(file)));
		t.deepEqual(readdirSync(place.temporary), []);
	},
);

const unusable = {
	'is not there': undefined,
	'is empty': Buffer.alloc(0),
	'is no WAV': Buffer.from('hello'),
	'has no samples': Buffer.from(writeWav(8000, new Int16Array())),
};
for (const [fault, octets] of Object.entries(unusable)) {
	test(`A WAV that ${fault} is refused in one sentence, and nothing is started`, async (t) => {
		const place = makePlace(t);
		const wav = join(place.folder, 'speech.wav');
		if (octets) {
			writeFileSync(wav, octets);
		}

		const {code, stdout, stderr} = await ended(place.start(['--json', '--wav', wav]));
		t.is(code, 1);
		t.is(stdout, '');
		t.regex(stderr, /^sallyport: Expected a WAV file of speech at .*\(DEMO_BAD_WAV\)\n$/);
		t.false(existsSync(place.output));
		t.deepEqual(readdirSync(place.temporary), []);
	});
}

test('An output that is a file is refused in one sentence', async (t) => {
	const place = makePlace(t);
	writeFileSync(place.output, '');
	const {code, stderr} = await ended(place.start(['--json']));
	t.is(code, 1);
	t.regex(stderr, /^sallyport: Expected a folder to write to at .*\(DEMO_BAD_OUTPUT\)\n$/);
	t.deepEqual(readdirSync(place.temporary), []);
});

test.serial('A demonstration that is interrupted in a call leaves no process and no temporary file', async (t) => {
	const place = makePlace(t);
	const demo = place.start([]);
	const outcome = ended(demo);
	await until(() => processesNaming(place.temporary).length > 1);
	demo.kill('SIGINT');

	const {code, stderr} = await outcome;
	t.is(code, 1);
	t.regex(stderr, /\(DEMO_INTERRUPTED\)\n$/);
	t.deepEqual(processesNaming(place.temporary), []);
	t.deepEqual(readdirSync(place.temporary), []);
});

/** Folders of a demonstration of its own. */
function makePlace(t: ExecutionContext) {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-test-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const temporary = mkdtempSync(join(folder, 'tmp-'));
	const output = join(folder, 'output');
	return {
		folder,
		temporary,
		output,
		start: (options: readonly string[]): ChildProcess =>
			spawn(process.execPath, ['dist/cli/main.js', 'demo', '--output', output, ...options], {
				env: {...process.env, TMPDIR: temporary},
			}),
	};
}

async function ended(child: ChildProcess) {
	let stdout = '';
	let stderr = '';
	child.stdout?.on('data', (octets: Buffer) => {
		stdout += octets.toString();
	});
	child.stderr?.on('data', (octets: Buffer) => {
		stderr += octets.toString();
	});
	const [code] = (await once(child, 'close')) as [number | null];
	return {code, stdout, stderr};
}

/** Processes with this temporary folder. */
function processesNaming(temporary: string): string[] {
	return readdirSync('/proc').filter((name) => {
		try {
			return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'utf8').includes(`TMPDIR=${temporary}\0`);
		} catch {
			return false;
		}
	});
}

async function until(holds: () => boolean): Promise<void> {
	while (!holds()) {
		await new Promise((resolve) => {
			setTimeout(resolve, 50);
		});
	}
}
