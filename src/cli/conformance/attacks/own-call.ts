import {header} from '../../../wire/sip/headers.js';
import type {SipRequest, SipResponse} from '../../../wire/sip/message.js';
import {parseNameAddr} from '../../../wire/sip/name-addr.js';
import {writeSipMessage} from '../../../wire/sip/write-message.js';
import type {HarnessKeys} from './harness-keys.js';
import type {ScenarioNode} from './scenario-node.js';
import {harnessDomain, type ScenarioWorld} from './scenario-world.js';
import {freshOffer} from './session.js';
import type {Exchange, WireAddress, WireParty} from './wire-party.js';

/** Callers of the harness; offers of many go round them. */
export const harnessCallers: readonly string[] = Array.from(
	{length: 16},
	(_, index) => `sip:caller-${index}@${harnessDomain}`,
);

/** A call of the harness's own: an honest offer under a fresh key. */
export type OwnCall = {readonly invite: SipRequest; readonly exchange: Exchange; readonly to: WireAddress};

/** Sends an offer, honest in all its parts. */
export async function callGateway(
	world: ScenarioWorld,
	keys: HarnessKeys,
	node: ScenarioNode,
	{callee, index = 0}: {readonly callee: string; readonly index?: number},
): Promise<OwnCall> {
	const {caller, nowMs} = world;
	const party = harnessCallers[index % harnessCallers.length] ?? '';
	const {address, port} = caller.address;
	const plain = caller.request('INVITE', callee, {
		From: `<${party}>;tag=own-${index}`,
		'Record-Route': `<sip:${address}:${port};lr>`,
	});
	const invite = await keys.seal(plain, freshOffer(address), {party, nowMs});
	const to = node.target;
	return {invite, exchange: caller.exchange(writeSipMessage(invite), invite, to), to};
}

/** Acknowledges a final response to an INVITE. */
export function acknowledge(party: WireParty, invite: SipRequest, response: SipResponse, to: WireAddress): void {
	const [sequence = '1'] = header(invite, 'CSeq')?.split(/\s+/) ?? [];
	const isSuccess = response.status < 300;
	const contact = parseNameAddr(header(response, 'Contact') ?? '');
	const uri = isSuccess && contact.ok ? contact.value.uri : invite.uri;
	const ack = party.request('ACK', uri, {
		...dialogHeaders(invite, response),
		CSeq: `${sequence} ACK`,
		// RFC 3261 §17.1.1.3: of a refusal the ACK has the branch, of a 2xx one of its own.
		...(isSuccess ? {} : {Via: header(invite, 'Via') ?? ''}),
	});
	party.send(writeSipMessage(ack), to);
}

/** Ends the dialog that `response` made; the status that its BYE is answered with. */
export async function hangUp(
	party: WireParty,
	invite: SipRequest,
	response: SipResponse,
	{to, sequence}: {readonly to: WireAddress; readonly sequence: number},
): Promise<number | undefined> {
	const contact = parseNameAddr(header(response, 'Contact') ?? '');
	const bye = party.request('BYE', contact.ok ? contact.value.uri : invite.uri, {
		...dialogHeaders(invite, response),
		CSeq: `${sequence} BYE`,
	});
	return (await party.ask(bye, to))?.status;
}

function dialogHeaders(invite: SipRequest, response: SipResponse): Readonly<Record<string, string>> {
	return {
		From: header(invite, 'From') ?? '',
		To: header(response, 'To') ?? '',
		'Call-ID': header(invite, 'Call-ID') ?? '',
	};
}
