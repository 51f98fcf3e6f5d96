import {existsSync} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runConformance} from '#dist/cli/conformance/index.js';

const headers = [
	'Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKt1',
	'From: <sip:bob@example.net>;tag=b',
	'To: <sip:alice@example.com>',
	'Call-ID: t1@203.0.113.9',
	'CSeq: 1 OPTIONS',
	'Max-Forwards: 70',
];
const whole = ['OPTIONS sip:alice@example.com SIP/2.0', ...headers, 'Content-Length: 0', '', ''].join('\r\n');

/** Messages of our own: what is expected, and what is not what comes. */
const messages: readonly (readonly [name: string, text: string, expect: string, wrong: string])[] = [
	['whole.dat', whole, 'accept', '400'],
	['version.dat', whole.replace('SIP/2.0\r\n', 'SIP/7.0\r\n'), '505', 'accept'],
	['blank.dat', whole.replace('sip:alice@', 'sip: alice@'), '400', '416'],
	['scheme.dat', whole.replace('sip:alice@example.com SIP', 'gopher:alice SIP'), '416', '405/501'],
	['method.dat', whole.replaceAll('OPTIONS', 'APPLAUD'), '405/501', 'discard'],
	['long.dat', whole.replace('Content-Length: 0', 'Content-Length: 99'), '400 (UDP)', 'accept leniently'],
	['noise.dat', '\u0001\u0002\u0003 no SIP', 'discard', '400'],
	[
		'port.dat',
		whole.replace('sip:alice@example.com SIP', 'sip:[2001:db8::1:5070] SIP'),
		'parse as host 2001:db8::1:5070, no port',
		'parse as host 2001:db8::1, no port',
	],
];

async function folderOf(t: ExecutionContext, expectation: (index: number) => string): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-sip-'));
	t.teardown(() => rm(folder, {recursive: true}));
	for (const [name, text] of messages) {
		await writeFile(join(folder, name), text, 'latin1');
	}

	const cases = messages.map(([file], index) => ({file, expect: expectation(index)}));
	await writeFile(join(folder, 'expected.json'), JSON.stringify({schema: 'sip-torture/1', cases}));
	return folder;
}

test.serial('messages of our own get their verdicts, and the gateway lives', async (t) => {
	const report = await runConformance(await folderOf(t, (index) => messages[index]?.[2] ?? ''));
	t.deepEqual(
		report.outcomes.filter(({verdict}) => verdict !== 'passed'),
		[],
	);
	t.deepEqual([report.passed, report.families['sip']?.passed], [messages.length, messages.length]);
});

test.serial('a verdict that is turned round is reported as failed', async (t) => {
	const report = await runConformance(await folderOf(t, (index) => messages[index]?.[3] ?? ''));
	t.deepEqual([report.passed, report.failed], [0, messages.length]);
	const said = report.outcomes.map((outcome) => (outcome.verdict === 'failed' ? outcome.difference : ''));
	t.is(said[0], 'Expected 400, got accept.');
	t.is(said[1], 'Expected accept, got 505.');
	t.is(said.at(-1), 'Expected a host of 2001:db8::1, got 2001:db8::1:5070.');
});

test.serial('every torture message of the shared collection passes', async (t) => {
	const folder = resolve('../shared/vectors/sip');
	if (!existsSync(folder)) {
		t.log(`SKIPPED: ${folder} is not there; only our own messages were tried.`);
		t.true(messages.length > 5);
		return;
	}

	const report = await runConformance(folder);
	t.deepEqual(
		report.outcomes.filter(({verdict}) => verdict !== 'passed'),
		[],
	);
	t.true(report.passed > 20);
});
