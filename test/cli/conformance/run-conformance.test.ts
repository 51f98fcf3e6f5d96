import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {type ConformanceReport, printReport, runConformance} from '#dist/cli/conformance/index.js';
import {ownVectors} from './own-vectors.js';

const ownFolder = 'test/vectors/conformance';

test('the committed vectors are what the second implementation makes', async (t) => {
	for (const [path, content] of ownVectors()) {
		t.deepEqual(new Uint8Array(await readFile(join(ownFolder, path))), new Uint8Array(content), path);
	}
});

test('every one of our own vectors passes, in each family', async (t) => {
	const report = await runConformance(ownFolder);
	t.deepEqual(failures(report), []);
	t.deepEqual(Object.keys(report.families), ['pcap', 'sdes', 'srtp']);
	t.deepEqual([report.ok, report.skipped], [true, 0]);
	t.true(report.passed > 80);
});

test('no vector of the shared collection fails, and skips are those that we state', async (t) => {
	const folder = resolve('../shared/vectors');
	if (!existsSync(folder)) {
		t.log(`The shared vectors are not here (${folder}): only our own were tried.`);
		t.true(existsSync(ownFolder));
		return;
	}

	const report = await runConformance(folder, {families: ['srtp', 'sdes', 'pcap']});
	t.deepEqual(failures(report), []);
	t.true(report.passed > 100);
	const reasons = report.outcomes.flatMap((outcome) => (outcome.verdict === 'skipped' ? [outcome.reason] : []));
	t.deepEqual(
		[...new Set(reasons)].filter(
			(reason) => !/master keys|null cipher|without encryption|derivation rate/.test(reason),
		),
		[],
	);
});

/** One changed place in one file, and what must be said of it. */
const mutations: readonly {
	readonly file: string;
	readonly change: (text: string) => string;
	readonly difference: RegExp;
}[] = [
	{file: 'srtp/kdf.json', change: turnDigit('authKey'), difference: /authenticate under the expected session keys/},
	{file: 'srtp/kdf.json', change: turnDigit('cipherKey'), difference: /under the expected session keys/},
	{file: 'srtp/keystream.json', change: turnDigit('keystream'), difference: /^Expected block 0 /},
	{file: 'srtp/packets.json', change: turnDigit('plain'), difference: /^Expected the opened packet /},
	{file: 'srtp/packets.json', change: turnDigit('protected'), difference: /got BAD_TAG/},
	{file: 'srtp/packets.json', change: turnDigit('masterSalt'), difference: /got BAD_TAG/},
	{file: 'srtp/traces.json', change: swap('"reject"', '"accept"'), difference: /^Step 4 .*got REPLAYED/},
	{
		file: 'srtp/traces.json',
		change: swap('"accept"', '"reject"'),
		difference: /^Step 1: Expected the packet to be refused/,
	},
	{file: 'srtp/traces.json', change: swap('reject-old', 'reject-replay'), difference: /Expected REPLAYED, got TOO_OLD/},
	{file: 'sdes/crypto-lines.json', change: swap('"reject-attribute"', '"accept"'), difference: /got BAD_KEY_LENGTH/},
	{file: 'sdes/crypto-lines.json', change: swap('"accept"', '"reject-policy"'), difference: /got it accepted/},
	{file: 'sdes/crypto-lines.json', change: swap('"mki": 258', '"mki": 259'), difference: /Expected mki 259, got 258/},
	{file: 'sdes/crypto-lines.json', change: swap('"unencryptedSrtcp"', '"unencryptedSrtp"'), difference: /got nothing/},
	{file: 'sdes/offer-answer.json', change: swap('"valid"', '"invalid"'), difference: /got secure/},
	{file: 'sdes/offer-answer.json', change: swap('"reject-policy"', '"valid"'), difference: /got key-reused/},
	{file: 'sdes/offer-answer.json', change: swap('"osrtp-downgrade"', '"valid"'), difference: /got plain/},
	{file: 'sdes/offer-answer.json', change: swap('a=fingerprint', 'a=setup'), difference: /Expected DTLS-SRTP/},
	{file: 'sdes/sdp-index.json', change: swap('"cryptoCount": 3', '"cryptoCount": 4'), difference: /of 4, got 3/},
	{file: 'sdes/sdp-index.json', change: swap('"tag": "7"', '"tag": "8"'), difference: /a tag of 8, got 7/},
	{file: 'sdes/sdp/two-streams.sdp', change: swap('crypto:7', 'crypto:seven'), difference: /got BAD_TAG/},
	{file: 'pcap/expected.json', change: swap('"packets": 20', '"packets": 21'), difference: /of 21, got 20/},
	{file: 'pcap/expected.json', change: swap('"finalRoc": 1', '"finalRoc": 2'), difference: /rollover counter 2, got 1/},
	{file: 'pcap/expected.json', change: turnDigit('payloadSha256'), difference: /SHA-256/},
	{file: 'pcap/expected.json', change: swap('wrap.pcap', '../srtp/kdf.json'), difference: /beside its description/},
	{file: 'pcap/expected.json', change: swap('wrap.pcap', 'gone.pcap'), difference: /readable file gone.pcap/},
];

for (const [index, {file, change, difference}] of mutations.entries()) {
	test(`a change in ${file} is noticed (${index}: ${difference.source})`, async (t) => {
		const folder = await copyOf(t, (path, text) => (path === file ? change(text) : text));
		const report = await runConformance(folder);
		t.false(report.ok);
		const found = failures(report);
		t.is(found.length, 1, found.join('\n'));
		t.regex(found[0] ?? '', difference);
	});
}

test('a flipped bit in a capture is noticed', async (t) => {
	const folder = await copyOf(t);
	const capture = await readFile(join(ownFolder, 'pcap/wrap.pcap'));
	capture[200] = (capture[200] ?? 0) ^ 1;
	await writeFile(join(folder, 'pcap/wrap.pcap'), capture);
	t.regex(failures(await runConformance(folder)).join(), /authentic packets of 20, got 19/);
});

test('fields that a format leaves open may be absent', async (t) => {
	const folder = await copyOf(t, (path, text) =>
		path.endsWith('.json')
			? text.replaceAll(/ *"(?:id|kind|libsrtp|why|mkiLength|firstSeq|udp|source)": [^{}[\]\n]*,\n/g, '')
			: text,
	);
	const report = await runConformance(folder);
	t.deepEqual(failures(report), []);
	t.true(report.passed > 80);
});

test('what cannot be tried is skipped with a reason, what is broken fails', async (t) => {
	const folder = await folderOf(t, {
		'srtp/packets.json': {
			schema: 'srtp-packet/1',
			cases: [
				{id: 'null', profile: 'NULL_HMAC_SHA1_80', masterKey: '00', plain: '80', protected: '80'},
				{id: 'session', profile: 'AEAD_AES_128_GCM', sessionKey: '00', plain: '80', protected: '80'},
				{
					id: 'open',
					profile: 'AEAD_AES_128_GCM',
					masterKey: '00'.repeat(28),
					encrypt: false,
					plain: '80',
					protected: '80',
				},
				{id: 'odd', profile: 'AEAD_AES_128_GCM', masterKey: '0', plain: '80', protected: '80'},
				{id: 'long', profile: 'AEAD_AES_128_GCM', masterKey: '00', plain: '80', protected: '80'},
			],
		},
		'srtp/kdf.json': {
			schema: 'srtp-kdf/1',
			cases: [{id: 'rate', masterKey: '00'.repeat(30), kdr: 16, index: 16, cipherKey: '00', cipherSalt: '00'}],
		},
		'sip/later.json': {schema: 'sip-torture/9', cases: []},
		'notes.json': {about: 'no vectors'},
	});
	await writeFile(join(folder, 'broken.json'), '{');
	const report = await runConformance(folder);
	const texts = report.outcomes.map((outcome) => [
		outcome.id,
		outcome.verdict === 'skipped' ? outcome.reason : outcome.verdict === 'failed' ? outcome.difference : 'passed',
	]);
	t.deepEqual(
		texts.map(([id, text = '']) => [id, text.replace(/: .*/, '')]),
		[
			['*', 'Expected JSON, got something else'],
			['*', 'the format sip-torture/9 is not among those that this version tries'],
			['rate', 'a key derivation rate is read, never chosen'],
			['null', 'the null cipher is not offered'],
			['session', 'it gives session keys only, and the API takes master keys'],
			['open', 'a session without encryption is never made'],
			['odd', 'Expected a case of srtp-packet/1, got one that breaks its schema'],
			['long', 'Expected a verdict, got an exception'],
		],
	);
	t.deepEqual([report.passed, report.failed, report.skipped, report.ok], [0, 3, 5, false]);
});

test('a report names each difference and skip and closes with the counts', async (t) => {
	const folder = await copyOf(t, (path, text) => (path === 'sdes/sdp-index.json' ? swap('3,', '4,')(text) : text));
	const report = await runConformance(folder);
	let text = '';
	printReport(report, (part) => {
		text += part;
	});
	t.regex(
		text,
		/^FAILED {2}sdes\/sdp-index.json sdp\/two-streams.sdp: Expected a number of crypto lines of 4, got 3\.$/m,
	);
	t.regex(text, /^pcap: 1 passed, 0 failed, 0 skipped$/m);
	t.is(text.trimEnd().split('\n').at(-1), `${report.passed} passed, 1 failed, 0 skipped`);
});

test('one file can be tried, and one family', async (t) => {
	const one = await runConformance(join(ownFolder, 'sdes/sdp-index.json'));
	t.deepEqual([one.passed, one.failed, one.outcomes[0]?.file], [1, 0, 'sdp-index.json']);
	const family = await runConformance(ownFolder, {families: ['pcap']});
	t.deepEqual(Object.keys(family.families), ['pcap']);
});

test('a folder without vectors is not a success, and one that is not there is refused', async (t) => {
	const empty = await folderOf(t, {});
	t.false((await runConformance(empty)).ok);
	await t.throwsAsync(runConformance(join(empty, 'missing')), {code: 'VECTORS_UNREADABLE'});
});

test('the command prints text or JSON and tells by its exit code', async (t) => {
	const program = [
		"import {Command} from 'commander';",
		"import {registerConformanceCommand} from '#dist/cli/conformance/index.js';",
		'const program = new Command();',
		'registerConformanceCommand(program);',
		"await program.parseAsync(['node', 'sallyport', 'conformance', ...process.argv.slice(1)]);",
	].join('\n');
	const run = async (...argv: readonly string[]) => {
		try {
			const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, ...argv]);
			return {code: 0, stdout, stderr: ''};
		} catch (error) {
			return error as {code: number; stdout: string; stderr: string};
		}
	};

	const good = await run(ownFolder, '--json');
	t.is(good.code, 0);
	t.like(JSON.parse(good.stdout), {ok: true, failed: 0, folder: ownFolder});
	const bad = await run(await folderOf(t, {}));
	t.is(bad.code, 1);
	t.regex(bad.stdout, /found none that could be tried\.\n0 passed, 0 failed, 0 skipped\n$/);
	const missing = await run('/nowhere/at/all');
	t.deepEqual([missing.code, missing.stdout], [1, '']);
	t.regex(missing.stderr, /^Expected a folder of vectors/);
});

function failures(report: ConformanceReport): readonly string[] {
	return report.outcomes.flatMap((outcome) => (outcome.verdict === 'failed' ? [outcome.difference] : []));
}

/** Turns the first hexadecimal digit of the first field of that name. */
function turnDigit(field: string): (text: string) => string {
	return (text) =>
		text.replace(new RegExp(`("${field}": "[^"]*)([0-9a-f])"`), (_, before: string, digit: string) => {
			return `${before}${(Number.parseInt(digit, 16) ^ 1).toString(16)}"`;
		});
}

function swap(from: string, to: string): (text: string) => string {
	return (text) => text.replace(from, to);
}

/** A copy of our own vectors in a temporary folder; each file's text goes through `change`. */
async function copyOf(
	t: ExecutionContext,
	change: (path: string, text: string) => string = (_, text) => text,
): Promise<string> {
	const files = [...ownVectors()].map(([path, content]): [string, string] => {
		return [path, change(path, Buffer.from(content).toString('latin1'))];
	});
	return writeFolder(t, files);
}

function folderOf(t: ExecutionContext, files: Readonly<Record<string, object>>): Promise<string> {
	return writeFolder(
		t,
		Object.entries(files).map(([path, content]) => [path, JSON.stringify(content)]),
	);
}

async function writeFolder(t: ExecutionContext, files: readonly (readonly [string, string])[]): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-vectors-'));
	t.teardown(() => rm(folder, {recursive: true}));
	for (const [path, text] of files) {
		await mkdir(dirname(join(folder, path)), {recursive: true});
		await writeFile(join(folder, path), text, 'latin1');
	}

	return folder;
}
