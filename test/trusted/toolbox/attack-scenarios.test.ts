import test from 'ava';
import {readScenarios, type Scenario, ScenarioGateway} from './support/scenario-gateway.js';

/** Outcomes of ours that are right for an expectation; the text after its colon explains and is not looked at. */
const rightFor: Readonly<Record<string, readonly string[]>> = {
	accept: ['accepted'],
	'accept-one-suite': ['accepted'],
	'accept-rekey': ['accepted with a new key'],
	'accept-no-rekey': ['accepted with the same key'],
	'accept-no-change': ['accepted with the same key'],
	'accept-with-ip-origin-alarm-or-deny-by-policy': ['accepted'],
	'absorb-retransmission': ['absorbed accepted'],
	'challenge-401': ['401'],
	'491': ['491'],
	'503': ['503'],
	'reject-replay': ['REPLAYED'],
	'reject-key-reuse': ['KEY_REUSED'],
	'reject-replay-or-key-reuse': ['REPLAYED', 'KEY_REUSED'],
	'reject-stale': ['STALE', 'FORGOTTEN'],
	'reject-origin': ['ORIGIN_NEW'],
	'reject-binding': [
		'BINDING_MISSING',
		'BINDING_AMBIGUOUS',
		'BINDING_INCOMPLETE',
		'BINDING_MISMATCH',
		'BINDING_NOT_FOR_US',
	],
	'reject-binding-or-stale': ['BINDING_MISMATCH', 'STALE'],
	'reject-or-flush': ['MKI_REUSED'],
	'reject-493': ['CMS_MALFORMED', 'CMS_UNSUPPORTED', 'CMS_WEAK', 'DECRYPTION_FAILED', 'NOT_FOR_US'],
};

const knownActions = ['bye', 'restart-node', 'kill-node', 'start-node', 'advance-clock', 'answer-next'];

function skipReason({steps}: Scenario): string | undefined {
	const action = steps.find((step) => step.action !== undefined && !knownActions.includes(step.action));
	if (action) {
		return `needs the action ${action.action}`;
	}

	return steps.some((step) => 'node' in step && step.node !== 'n1') ? 'needs two nodes with one ledger' : undefined;
}

const file = readScenarios();
const skipped: string[] = [];
for (const scenario of file?.scenarios ?? []) {
	const reason = skipReason(scenario);
	if (reason !== undefined) {
		skipped.push(`${scenario.id}: ${reason}`);
		continue;
	}

	test(`${scenario.id}: ${scenario.variant}`, async (t) => {
		const gateway = new ScenarioGateway(file as NonNullable<typeof file>, scenario);
		t.teardown(() => gateway.dispose());
		await gateway.start();
		const startMs = Date.parse(scenario.clock);
		for (const step of scenario.steps) {
			const atMs = startMs + 1000 * step.t;
			if (atMs > gateway.clock.wallMs()) {
				gateway.clock.advance(atMs - gateway.clock.wallMs());
			}

			if (step.action !== undefined) {
				await gateway.act(step);
				continue;
			}

			const {word, alerts} = await gateway.send(step);
			const expected = step.expect?.split(':')[0] ?? '';
			t.true(rightFor[expected]?.includes(word), `${step.send}: expected ${expected}, got ${word}`);
			if (step.alsoExpect === 'ip-origin-alarm') {
				t.true(alerts.includes('origin'), `${step.send}: expected an alarm of the origin monitor`);
			} else if (step.alsoExpect === 'no-alarm') {
				t.deepEqual(alerts, [], `${step.send}: expected no alarm`);
			}
		}
	});
}

test('scenarios that need more than one toolbox are few and named', (t) => {
	if (!file) {
		t.log('../shared/vectors/attacks is not there: no scenario was run');
	}

	for (const line of skipped) {
		t.log(`skipped ${line}`);
	}

	t.true(skipped.length <= 5);
});
