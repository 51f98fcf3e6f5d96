import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {SharedStores} from '#dist/cli/conformance/attacks/shared-stores.js';
import {type ConformanceReport, runConformance} from '#dist/cli/conformance/index.js';
import {serialWhere} from '../../../support/test-where.js';
import {isRedisInstalled} from '../../../trusted/toolbox/ledger/redis-servers.js';
import {type MadeScenario, makeScenarios, readMadeFile} from './made-scenarios.js';

for (const {id, variant, steps} of readMadeFile().scenarios) {
	whereStoresAre(steps)(`${id}: ${variant}`, async (t) => {
		const folder = await makeScenarios(t, (scenarios) => scenarios.filter((scenario) => scenario.id === id));
		const report = await runConformance(folder, {families: ['attacks']});
		t.deepEqual(told(report), []);
		t.is(report.passed, 1);
	});
}

/** One expectation turned round, and what must be said of it. */
const controls: readonly {
	readonly scenario: string;
	readonly step: number;
	readonly change: Readonly<Record<string, string>>;
	readonly says: RegExp;
}[] = [
	{
		scenario: 'own-same-octets-same-source-later',
		step: 3,
		change: {expect: 'accept'},
		says: /^Step 4 \(first\.sip\): Expected accept, got 403 Forbidden, reason REPLAYED/,
	},
	{
		scenario: 'own-same-octets-same-source-later',
		step: 0,
		change: {expect: 'reject-replay'},
		says: /^Step 1 .*Expected reject-replay, got 200 OK/,
	},
	{
		scenario: 'own-killed-between',
		step: 3,
		change: {alsoExpect: 'no-alarm'},
		says: /^Step 4 .*Expected no alarm, got origin ORIGIN_NEW, replay REPLAYED/,
	},
	{
		scenario: 'own-old-and-early',
		step: 0,
		change: {expect: 'reject-key-reuse'},
		says: /Expected reject-key-reuse, got 403 Forbidden, reason FROM_THE_FUTURE/,
	},
	{
		scenario: 'own-bound',
		step: 1,
		change: {expect: 'reject-493'},
		says: /^Step 2 .*Expected reject-493, got 403 Forbidden, reason ORIGIN_NEW/,
	},
	{
		scenario: 'own-offers-of-the-gateway',
		step: 4,
		change: {expect: 'reject-self'},
		says: /^Step 5 .*Expected reject-self, got 502, reason KEY_REUSED/,
	},
	{
		scenario: 'own-other-node',
		step: 1,
		change: {expect: 'accept'},
		says: /^Step 2 .*Expected accept, got 403 Forbidden, reason REPLAYED/,
	},
	{
		scenario: 'own-old-and-early',
		step: 0,
		change: {expect: 'applaud'},
		says: /Expected a word that this version knows, got applaud/,
	},
];

for (const {scenario, step, change, says} of controls) {
	const {steps} = readMadeFile().scenarios.find(({id}) => id === scenario) as MadeScenario;
	whereStoresAre(steps)(`an expectation that is turned round is reported as failed: ${says.source}`, async (t) => {
		const folder = await makeScenarios(t, (scenarios) => [changed(scenarios, scenario, 'control', step, change)]);
		const {outcomes, ok} = await runConformance(folder, {families: ['attacks']});
		const [outcome] = outcomes;
		t.deepEqual([outcomes.length, outcome?.id, ok], [1, 'control', false]);
		t.regex(outcome?.verdict === 'failed' ? outcome.difference : '', says);
	});
}

test.serial('what cannot be run is skipped with its reason, what is broken fails', async (t) => {
	const folder = await makeScenarios(t, (scenarios) => [
		changed(scenarios, 'own-old-and-early', 'unknown-action', 1, {action: 'pray'}),
		changed(scenarios, 'own-old-and-early', 'no-such-file', 0, {send: 'gone.sip'}),
		changed(scenarios, 'own-old-and-early', 'outside', 0, {send: '../../outside.sip'}),
		changed(scenarios, 'own-old-and-early', 'no-request', 0, {send: '../pki/gateway.pem'}),
		changed(scenarios, 'own-bound', 'no-reason', 4, {action: 'answer-next'}),
		{id: 'no-steps', variant: '', clock: '2026-03-01T10:00:00Z', steps: []},
	]);
	const report = await runConformance(folder, {families: ['attacks']});
	t.deepEqual(
		report.outcomes.map(({id, verdict}) => [id, verdict]),
		[
			['unknown-action', 'skipped'],
			['no-such-file', 'failed'],
			['outside', 'failed'],
			['no-request', 'failed'],
			['no-reason', 'skipped'],
			['no-steps', 'failed'],
		],
	);
	t.deepEqual(
		told(report).map((text) => text.replace(/ \/.*/, '')),
		[
			'Expected an action that is known, got pray.',
			'Step 1 (gone.sip): Expected a readable file gone.sip, got none.',
			'Step 1 (../../outside.sip): Expected a file among the vectors, got ../../outside.sip.',
			'Step 1 (../pki/gateway.pem): Expected a SIP request in ../pki/gateway.pem, got something else.',
			'Expected an answer that something brings about, got 0 undefined.',
			told(report).at(-1) ?? '',
		],
	);
	t.regex(told(report).at(-1) ?? '', /^Expected a scenario of its format, got a fault in /);
});

test.serial('a scenario of several nodes is skipped where redis-server is not installed', async (t) => {
	const path = process.env['PATH'];
	t.teardown(() => {
		process.env['PATH'] = path;
	});
	const folder = await makeScenarios(t, (scenarios) => scenarios.filter(({id}) => id === 'own-fork-to-two-nodes'));
	process.env['PATH'] = folder;
	const report = await runConformance(folder, {families: ['attacks']});
	t.deepEqual(told(report), ['several gateways share a ledger on redis-server, which is not installed']);
	t.deepEqual([report.passed, report.failed], [0, 0]);
});

serialWhere(isRedisInstalled)(
	'stores of a scenario keep what they are told on the disk, answer on 127.0.0.1, and end with it',
	async (t) => {
		const folder = await mkdtemp(join(tmpdir(), 'sallyport-stores-'));
		t.teardown(() => rm(folder, {recursive: true, force: true}));
		const stores = await SharedStores.open(folder);
		t.teardown(() => stores.close());
		const {nodes, secret} = stores.configuration;
		t.is(new Set(nodes).size, 3);
		t.regex(secret, /^[\da-f]{64}$/);
		for (const node of nodes) {
			t.regex(node, /^redis:\/\/127\.0\.0\.1:\d+$/);
			for (const [name, value] of [
				['appendonly', 'yes'],
				['appendfsync', 'always'],
				['maxmemory-policy', 'noeviction'],
				['bind', '127.0.0.1'],
			] as const) {
				t.is(ask(node, 'config', 'get', name), `${name}\n${value}\n`);
			}
		}

		await stores.close();
		t.deepEqual(
			nodes.map((node) => ask(node, 'ping')),
			['', '', ''],
		);
	},
);

test.serial('a file whose gateway has no key that can be read fails as a whole', async (t) => {
	const folder = await makeScenarios(t);
	const path = join(folder, 'attacks/scenarios.json');
	const text = readFileSync(path, 'utf8');
	writeFileSync(path, text.replace('../pki/gateway.key', '../pki/lost.key'));
	const lost = await runConformance(folder, {families: ['attacks']});
	t.deepEqual(told(lost), ['Expected a readable file ../pki/lost.key, got none.']);
	writeFileSync(path, text.replace('"gatewayKeys"', '"keysOfTheGateway"'));
	const broken = await runConformance(folder, {families: ['attacks']});
	t.deepEqual([broken.passed, broken.failed], [0, 1]);
	t.regex(told(broken)[0] ?? '', /got a fault in gatewayKeys/);
});

/** Scenarios of several nodes take redis-server. */
function whereStoresAre(steps: MadeScenario['steps']) {
	const nodes = new Set(steps.flatMap(({node}) => (node === undefined ? [] : [node])));
	return serialWhere(nodes.size < 2 || isRedisInstalled);
}

/** What a store answers; nothing where none is there. */
function ask(node: string, ...words: readonly string[]): string {
	return spawnSync('redis-cli', ['-u', node, ...words], {encoding: 'utf8'}).stdout;
}

/** What is said of cases that did not pass. */
function told(report: ConformanceReport): readonly string[] {
	return report.outcomes.flatMap((outcome) =>
		outcome.verdict === 'failed' ? [outcome.difference] : outcome.verdict === 'skipped' ? [outcome.reason] : [],
	);
}

/** A scenario under another name with other fields in one step. */
function changed(
	scenarios: readonly MadeScenario[],
	id: string,
	name: string,
	step: number,
	change: Readonly<Record<string, string>>,
): MadeScenario {
	const scenario = scenarios.find((candidate) => candidate.id === id) as MadeScenario;
	return {...scenario, id: name, steps: scenario.steps.with(step, {...scenario.steps[step], ...change})};
}
