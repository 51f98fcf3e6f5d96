import {setTimeout as delay} from 'node:timers/promises';
import {SallyportError} from '../../../base/error.js';
import {header} from '../../../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../../../wire/sip/message.js';
import {parseSipMessage} from '../../../wire/sip/parse-message.js';
import {tagOf} from './dialogs.js';
import {withRecordRoute, withToTag} from './edit-message.js';
import {type Observation, wordOf} from './judge.js';
import {acknowledge} from './own-call.js';
import {type MessageStep, readScenarioFile} from './scenario-file.js';
import type {News, ScenarioNode, Snapshot} from './scenario-node.js';
import type {ScenarioState} from './scenario-state.js';
import type {WireParty} from './wire-party.js';

/** Sends what a step says, as the step says, and looks at all that comes of it. */
export async function send(state: ScenarioState, step: MessageStep): Promise<Observation> {
	const node = state.world.node(step.node);
	await node.news();
	const before = await node.look();
	const sent = await prepare(state, step);
	const {party, octets, request} = sent;
	const exchange = party.exchange(octets, request, node.target);
	const mayBeSilent = /^(?:absorb-|no-answer)/.test(wordOf(step.expect));
	if (mayBeSilent) {
		// An answer of the gateway's memory comes at once; one that took thought comes soon.
		await party.settle(node.target);
		await delay(silenceMs);
	}

	const response = await exchange.final(mayBeSilent ? 0 : patienceMs);
	if (response !== undefined && request.method === 'INVITE') {
		acknowledge(party, request, response, node.target);
		await party.settle(node.target);
	}

	const isInDialog = step.inDialog === true;
	const news = await newsOf(node, response, isInDialog);
	const after = await node.look();
	const seen = observe({request, response, responses: exchange.responses.length, before, after, isInDialog}, news);
	const name = octets.toString('latin1');
	const repeated = state.answers.get(name);
	if (response !== undefined) {
		state.world.credentials.note(request, response);
		state.answers.set(name, repeated ?? response);
		if (response.status < 300 && request.method === 'INVITE') {
			state.dialogs.accept({party, node, invite: request, response});
			state.lastAccepted = request;
		}
	}

	return {...seen, repeated};
}

type Prepared = {readonly party: WireParty; readonly octets: Buffer; readonly request: SipRequest};

async function prepare(state: ScenarioState, step: MessageStep): Promise<Prepared> {
	const {world, setting, dialogs} = state;
	const file = await readScenarioFile(setting.folder, step.send);
	const party = await world.party(step.srcIp, step.srcPort);
	const written = requestOf(file, step.send);
	if (step.inDialog === true) {
		const call = dialogs.of(written);
		const octets = call === undefined ? file : withToTag(file, tagOf(call.response, 'To'));
		return {party, octets: world.credentials.answer(octets, written), request: requestOf(octets, step.send)};
	}

	const routed = written.method === 'INVITE' ? withRecordRoute(file, party.address) : file;
	return {party, octets: world.credentials.answer(routed, written), request: written};
}

export function requestOf(octets: Buffer, name: string): SipRequest {
	const parsed = parseSipMessage(octets);
	if (!parsed.ok || parsed.value.kind !== 'request') {
		throw new SallyportError('VECTOR_FILE_UNREADABLE', `Expected a SIP request in ${name}, got something else.`);
	}

	return parsed.value;
}

/** What the gateway tells of a call comes a moment after its answer. */
function newsOf(node: ScenarioNode, response: SipResponse | undefined, isInDialog: boolean): Promise<News> {
	const status = response?.status ?? 0;
	const tellsOfCall = status >= 200 && !isInDialog && !answeredBelow.has(status);
	return tellsOfCall
		? node.newsOf(({events, alerts}) => events.length > 0 || (status >= 300 && alerts.length > 0))
		: node.news();
}

function observe(
	facts: {
		readonly request: SipRequest;
		readonly response: SipResponse | undefined;
		readonly responses: number;
		readonly before: Snapshot;
		readonly after: Snapshot;
		readonly isInDialog: boolean;
	},
	{alerts, events}: News,
): Omit<Observation, 'repeated'> {
	const established = events.find(({event}) => event === 'call-established');
	const refused = events.filter(({event}) => event === 'call-refused');
	const suites = established?.['suites'] as {readonly caller?: string} | undefined;
	return {
		response: facts.response,
		responses: facts.responses,
		reasons: [...refused.map(({reason}) => String(reason)), ...alerts.map(({reason}) => reason)].filter(
			(reason) => reason !== '',
		),
		alerts,
		before: facts.before,
		after: facts.after,
		isEstablished: established !== undefined,
		isInDialog: facts.isInDialog,
		suite: suites?.caller ?? '',
		callId: header(facts.request, 'Call-ID') ?? '',
	};
}

/** Statuses that may come from below the calls, of which no event tells. */
const answeredBelow: ReadonlySet<number> = new Set([400, 401, 405, 407, 481, 482, 483, 501, 503]);
const silenceMs = 300;
const patienceMs = 20_000;
