import {SallyportError} from '../../../base/error.js';
import {acknowledge, callGateway, hangUp, type OwnCall} from './own-call.js';
import type {ActionStep} from './scenario-file.js';
import type {ScenarioState} from './scenario-state.js';
import {scarceCalls} from './scenario-world.js';

/**
 * Has the node answer the next INVITE with a status, by bringing about what it answers so: 503 before a body is opened where
 * all its calls are taken, 491 where a request of its own is under way in the dialog, what the called party may say
 * (after opening) where that says it. Throws `SallyportError` `SCENARIO_NOT_RUNNABLE` for what nothing brings about.
 */
export async function answerNext(state: ScenarioState, step: ActionStep): Promise<string | undefined> {
	const {status = 0, stage} = step;
	if (stage === 'before-opening' && status === 503) {
		return fillUp(state, step);
	}

	if (stage === 'after-opening' && status === 491 && state.lastAccepted !== undefined) {
		return begetGlare(state);
	}

	if (stage === 'after-opening' && saidByCallee.has(status) && state.lastAccepted === undefined) {
		state.world.callee.plan = {status, reason: 'As The Scenario Says'};
		state.afterNext = async () => {
			state.world.callee.plan = 'answer';
		};
		return undefined;
	}

	throw new SallyportError(
		'SCENARIO_NOT_RUNNABLE',
		`Expected an answer that something brings about, got ${status} ${stage}.`,
	);
}

/** As many calls as the gateway takes. */
async function fillUp(state: ScenarioState, {node}: ActionStep): Promise<string | undefined> {
	const {world, setting} = state;
	const target = world.node(node);
	const calls: OwnCall[] = [];
	const callee = setting.called[0] ?? '';
	for (let index = 0; index < scarceCalls; index++) {
		const call = await callGateway(world, setting.keys, target, {callee, index});
		const response = await call.exchange.final(20_000);
		if (response === undefined) {
			return 'Expected an answer to each call that fills the gateway up, got none.';
		}

		acknowledge(world.caller, call.invite, response, call.to);
		if (response.status >= 300) {
			break;
		}

		calls.push(call);
	}

	await world.caller.settle(target.target);
	await target.newsOf(({events}) => events.length >= calls.length);
	state.afterNext = async () => {
		for (const {invite, exchange, to} of calls) {
			const response = await exchange.final(0);
			if (response !== undefined) {
				await hangUp(world.caller, invite, response, {to, sequence: 2});
			}
		}

		await target.newsOf(({events}) => events.filter(({event}) => event === 'call-ended').length >= calls.length);
	};
	return undefined;
}

/** The called party asks for hold, the gateway asks the caller, and the caller's own offer crosses that (RFC 3261 §14.1). */
async function begetGlare(state: ScenarioState): Promise<string | undefined> {
	const {world, dialogs, lastAccepted} = state;
	const call = lastAccepted && dialogs.of(lastAccepted);
	if (call === undefined) {
		throw new SallyportError('SCENARIO_NOT_RUNNABLE', 'Expected a call that was accepted before, got none.');
	}

	const held = world.callee.hold();
	const invite = await call.party.nextInvite();
	if (invite === undefined) {
		return 'Expected an INVITE of the gateway in the dialog, got none.';
	}

	state.afterNext = async () => {
		invite.respond(491, 'Request Pending');
		await held;
		await call.party.settle(call.node.target);
	};
	return undefined;
}

/** Statuses that a gateway passes on from whom it calls. */
const saidByCallee: ReadonlySet<number> = new Set([404, 480, 486, 488, 600, 603, 604, 606]);
