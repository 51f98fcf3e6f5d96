import {randomBytes} from 'node:crypto';
import {SallyportError} from '../../../base/error.js';
import {header} from '../../../wire/sip/headers.js';
import type {SipResponse} from '../../../wire/sip/message.js';
import {writeSipMessage} from '../../../wire/sip/write-message.js';
import {answerNext} from './answer-next.js';
import {judgeAlso, wordOf} from './judge.js';
import {acknowledge, callGateway, hangUp, harnessCallers} from './own-call.js';
import type {ActionStep} from './scenario-file.js';
import type {ScenarioState} from './scenario-state.js';
import {harnessDomain} from './scenario-world.js';
import {masterKeysOf} from './session.js';

/** Does what a step says; a sentence where what it looks at is not as it should be. */
export async function act(state: ScenarioState, step: ActionStep): Promise<string | undefined> {
	const {world} = state;
	switch (step.action) {
		case 'bye':
			return bye(state);
		case 'restart-node': {
			const node = world.node(step.node);
			await node.stop();
			await node.start();
			return undefined;
		}
		case 'kill-node':
			await world.node(step.node).kill();
			return undefined;
		case 'start-node':
			await world.node(step.node).start();
			return undefined;
		case 'drop-node':
			await world.node(step.node).drop();
			return undefined;
		case 'advance-clock':
			await world.setTime(Date.parse(step.to ?? ''));
			return undefined;
		case 'flood-fresh-offers':
			return flood(state, step);
		case 'gateway-offers':
			return gatewayOffers(state, step);
		case 'peer-answers-with-our-key':
			return answerWithOurKey(state, step);
		case 'send-gateway-offer-back':
			return sendBack(state, step);
		case 'inspect-offer-to-leg-B':
			return inspectOffer(state);
		case 'answer-next':
			return answerNext(state, step);
		default:
			throw new SallyportError('SCENARIO_NOT_RUNNABLE', `Expected an action that is known, got ${step.action}.`);
	}
}

async function bye({dialogs}: ScenarioState): Promise<string | undefined> {
	const call = dialogs.takeLast();
	if (call === undefined) {
		return 'Expected a call to end, got none that was accepted.';
	}

	const {party, invite, response, node, sequence} = call;
	const status = await hangUp(party, invite, response, {to: node.target, sequence: sequence + 1});
	if (status === 200) {
		// The answer comes before the keys are retired, and that before the call is told of as ended.
		await node.newsOf(({events}) => events.some(({event}) => event === 'call-ended'));
	}

	return status === 200 ? undefined : `Expected 200 to the BYE, got ${status ?? 'no answer'}.`;
}

/** Distinct offers of many honest callers; whether they are taken is not asked. */
async function flood({world, setting}: ScenarioState, {node, count = 1000}: ActionStep): Promise<string | undefined> {
	const target = world.node(node);
	const {plan} = world.callee;
	world.callee.plan = {status: 486, reason: 'Busy Here'};
	let next = 0;
	let unanswered = 0;
	const sendOffers = async (): Promise<void> => {
		while (next < count) {
			const index = next++;
			const call = await callGateway(world, setting.keys, target, {callee: calleeOf(setting.called), index});
			const response = await call.exchange.final(30_000);
			unanswered += response === undefined ? 1 : 0;
			if (response !== undefined) {
				acknowledge(world.caller, call.invite, response, call.to);
			}
		}
	};
	await Promise.all(harnessCallers.map(sendOffers));
	world.callee.plan = plan;
	await world.caller.settle(target.target);
	await target.news();
	return unanswered === 0 ? undefined : `Expected an answer to each of ${count} offers, got none to ${unanswered}.`;
}

async function gatewayOffers(state: ScenarioState, {node}: ActionStep): Promise<string | undefined> {
	const {world, setting} = state;
	const target = world.node(node);
	const count = world.callee.offers.length;
	world.callee.plan = 'wait';
	const call = await callGateway(world, setting.keys, target, {callee: calleeOf(setting.called)});
	const offer = await world.callee.offerAfter(count);
	world.callee.plan = 'answer';
	if (offer === undefined) {
		const response = await call.exchange.final(0);
		return `Expected an offer on leg B, got ${response?.status ?? 'nothing'}. ${world.callee.faults.join(' ')}`.trim();
	}

	state.ownCall = {call, offer, node: target.name};
	return undefined;
}

/** The peer of leg B answers with the key that it was offered. */
async function answerWithOurKey(state: ScenarioState, step: ActionStep): Promise<string | undefined> {
	const {call, offer, node} = demandOwnCall(state);
	const target = state.world.node(node);
	await target.news();
	await state.world.callee.answer(offer, 'that of the offer');
	const response = await call.exchange.final(20_000);
	return judgeRefusal(step, response, await target.newsOf(({events}) => events.length > 0));
}

/** The gateway's own signed body comes back to it, sealed so that it can open it, under the headers that it was sent with. */
async function sendBack(state: ScenarioState, step: ActionStep): Promise<string | undefined> {
	const {offer, node} = demandOwnCall(state);
	const {world, setting} = state;
	const target = world.node(node);
	await target.news();
	const {request} = offer.incoming;
	const copied = Object.fromEntries(
		['From', 'To', 'Call-ID', 'CSeq', 'Date', 'Contact'].flatMap((name) => {
			const value = header(request, name);
			return value === undefined ? [] : [[name, value] as const];
		}),
	);
	const plain = world.caller.request('INVITE', request.uri, copied);
	const invite = await setting.keys.sealSigned(plain, offer.opened.signed);
	const exchange = world.caller.exchange(writeSipMessage(invite), invite, target.target);
	const response = await exchange.final(20_000);
	if (response !== undefined) {
		acknowledge(world.caller, invite, response, target.target);
	}

	return judgeRefusal(step, response, await target.newsOf(({events}) => events.length > 0));
}

/** No key of leg A is in what the gateway sends on. */
async function inspectOffer({world, setting, lastAccepted}: ScenarioState): Promise<string | undefined> {
	const offer = world.callee.offers.at(-1);
	if (offer === undefined || lastAccepted === undefined) {
		return 'Expected an offer on leg B, got none.';
	}

	const ofLegA = masterKeysOf((await setting.keys.open(lastAccepted)).sdp);
	const ofLegB = masterKeysOf(offer.opened.sdp);
	if (ofLegA.length === 0 || ofLegB.length === 0) {
		return `Expected keys on both legs, got ${ofLegA.length} and ${ofLegB.length}.`;
	}

	return ofLegB.some((key) => ofLegA.includes(key)) || new Set(ofLegB).size < ofLegB.length
		? 'Expected fresh keys in the offer to leg B, got one of leg A or one twice.'
		: undefined;
}

type News = Awaited<ReturnType<ReturnType<ScenarioState['world']['node']>['news']>>;

function judgeRefusal(step: ActionStep, response: SipResponse | undefined, {events, alerts}: News): string | undefined {
	const codes = [...events, ...alerts].flatMap(({reason}) =>
		typeof reason === 'string' && reason !== '' ? [reason] : [],
	);
	const expected = refusals.get(wordOf(step.expect ?? ''));
	const isRefused = response !== undefined && response.status >= 400;
	if (expected === undefined) {
		return `Expected a word that this version knows for ${step.action}, got ${step.expect}.`;
	}

	if (!isRefused || !codes.some((code) => expected.includes(code))) {
		return `Expected ${step.expect}, got ${response?.status ?? 'no answer'}, reason ${codes.join(', ') || 'none'}.`;
	}

	return step.alsoExpect === undefined ? undefined : judgeAlso(step.alsoExpect, {alerts});
}

function demandOwnCall({ownCall}: ScenarioState): NonNullable<ScenarioState['ownCall']> {
	if (ownCall === undefined) {
		throw new SallyportError('SCENARIO_NOT_RUNNABLE', 'Expected `gateway-offers` before, got no call on leg B.');
	}

	return ownCall;
}

/** Whom the harness calls: a party of the scenarios, else one in its own domain. */
function calleeOf(called: readonly string[]): string {
	return called[0] ?? `sip:callee-${randomBytes(4).toString('hex')}@${harnessDomain}`;
}

const refusals: ReadonlyMap<string, readonly string[]> = new Map([
	['reject', []],
	['reject-key-reuse', ['KEY_REUSED', 'KEY_SHARED_BY_MEDIA']],
	['reject-replay-or-key-reuse', ['KEY_REUSED', 'KEY_SHARED_BY_MEDIA', 'REPLAYED']],
	['reject-self', ['OWN_SIGNATURE']],
]);
