import {SallyportError} from '../../../base/error.js';
import {failed, passed, skipped, type Verdict} from '../format.js';
import {act} from './actions.js';
import {judge, judgeAlso, type Observation, wordOf} from './judge.js';
import {isMessage, type MessageStep, nodeNamesOf, policyOf, type Scenario, type Step} from './scenario-file.js';
import {ScenarioState} from './scenario-state.js';
import {type ScenarioSetting, ScenarioWorld} from './scenario-world.js';
import {send} from './send-step.js';
import {SharedStores} from './shared-stores.js';

/** Runs one scenario against gateways of its own, step by step; ends with the first difference. */
export async function runScenario(setting: ScenarioSetting, scenario: Scenario): Promise<Verdict> {
	const reason = skipReason(setting, scenario);
	if (reason !== undefined) {
		return skipped(reason);
	}

	const world = await ScenarioWorld.open(setting, scenario);
	try {
		const state = new ScenarioState(world, setting);
		const startMs = Date.parse(scenario.clock);
		for (const group of groupsOf(scenario.steps)) {
			const [first] = group;
			// What `advance-clock` has moved stays moved.
			await world.setTime(Math.max(world.nowMs, startMs + 1000 * (first?.t ?? 0)));
			const difference = await runGroup(state, group).catch(explain);
			if (difference !== undefined) {
				const [fault] = world.callee.faults;
				const more = fault === undefined ? '' : ` The called party says: ${fault}`;
				return failed(
					`Step ${scenario.steps.indexOf(first as Step) + 1} (${nameOf(first as Step)}): ${difference}${more}`,
				);
			}
		}

		return passed;
	} catch (error) {
		if (error instanceof SallyportError && error.code === 'SCENARIO_NOT_RUNNABLE') {
			return skipped(error.message);
		}

		throw error;
	} finally {
		await world.close();
	}
}

function skipReason({file}: ScenarioSetting, scenario: Scenario): string | undefined {
	const {icvOctets, authentication, origin} = policyOf(file, scenario);
	if (icvOctets !== 16) {
		return `an ICV of ${icvOctets} octets is not taken, whatever the policy`;
	}

	if (authentication === 'digest' && origin === 'pin') {
		return 'whoever is pinned to an address is not asked for credentials';
	}

	return nodeNamesOf(scenario).length > 1 && !SharedStores.isInstalled
		? 'several gateways share a ledger on redis-server, which is not installed'
		: undefined;
}

/** A file that cannot be read is a difference; what a scenario cannot be run for ends it. */
function explain(error: unknown): string {
	if (error instanceof SallyportError && error.code !== 'SCENARIO_NOT_RUNNABLE') {
		return error.message;
	}

	throw error;
}

/** Messages of one instant whose outcomes are told apart only together go out together; every other step by itself. */
function groupsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
	const groups: Step[][] = [];
	for (const step of steps) {
		const last = groups.at(-1);
		const [leader] = last ?? [];
		const isTogether = leader !== undefined && isJoint(step) && isJoint(leader) && leader.t === step.t;
		if (last !== undefined && isTogether) {
			last.push(step);
		} else {
			groups.push([step]);
		}
	}

	return groups;
}

function isJoint(step: Step): boolean {
	return isMessage(step) && jointWords.has(wordOf(step.expect));
}

async function runGroup(state: ScenarioState, group: readonly Step[]): Promise<string | undefined> {
	const [step] = group;
	if (step === undefined || !isMessage(step)) {
		return step && act(state, step);
	}

	const messages = group as readonly MessageStep[];
	const observations = await Promise.all(messages.map((message) => send(state, message)));
	const difference = isJoint(step)
		? judgeTogether(messages, observations)
		: judge(step.expect, observations[0] as Observation);
	await state.afterNext?.();
	state.afterNext = undefined;
	if (difference !== undefined) {
		return difference;
	}

	for (const [index, {alsoExpect}] of messages.entries()) {
		const other = alsoExpect === undefined ? undefined : judgeAlso(alsoExpect, observations[index] as Observation);
		if (other !== undefined) {
			return other;
		}
	}

	return undefined;
}

/** Which of several is told of by the gateway as its call cannot be said where one node got them all: that one is told of can. */
function judgeTogether(messages: readonly MessageStep[], observations: readonly Observation[]): string | undefined {
	const word = wordOf(messages[0]?.expect ?? '');
	const statuses = observations.map(({response}) => response?.status ?? 0);
	const accepted = statuses.filter((status) => status >= 200 && status < 300).length;
	const isRight = statuses.every(
		(status) => (status >= 200 && status < 300) || (word === 'one-accept-other-482' ? status === 482 : status >= 400),
	);
	return accepted === 1 && isRight && observations.some(({isEstablished}) => isEstablished)
		? undefined
		: `Expected ${word}, got ${statuses.map((status) => (status === 0 ? 'no answer' : status)).join(' and ')}.`;
}

function nameOf(step: Step): string {
	return isMessage(step) ? step.send : step.action;
}

const jointWords: ReadonlySet<string> = new Set(['exactly-one-accept', 'one-accept-other-482']);
