import {createHash} from 'node:crypto';
import {parseCSeq} from '../../wire/sip/cseq.js';
import {type SipParameter, withParameter} from '../../wire/sip/grammar.js';
import {header, headerValues} from '../../wire/sip/headers.js';
import type {SipMessage, SipRequest} from '../../wire/sip/message.js';
import {parseNameAddr} from '../../wire/sip/name-addr.js';
import {parseVia, type Via, writeVia} from '../../wire/sip/via.js';
import type {SipSource} from './hop.js';

/** Start of every branch that RFC 3261 §8.1.1.7 vouches for. */
export const magicCookie = 'z9hG4bK';

/** What transactions and dialogs know a message by. */
export type MessageIdentity = {
	/** Topmost. */
	readonly via: Via;
	/** Branch and sent-by, or what RFC 3261 §17.2.3 takes instead where there is no magic cookie. */
	readonly branchKey: string;
	readonly callId: string;
	/** Empty where an RFC 2543 client sent none. */
	readonly fromTag: string;
	readonly toTag: string;
	readonly sequence: {readonly number: number; readonly method: string};
	/** Undefined where the header is absent, as RFC 2543 allowed. */
	readonly maxForwards: number | undefined;
};

/** Undefined where one of Via, From, To, Call-ID and CSeq is missing or unreadable. */
export function readIdentity(message: SipMessage): MessageIdentity | undefined {
	const via = parseVia(headerValues(message, 'Via')[0] ?? '');
	const from = parseNameAddr(header(message, 'From') ?? '');
	const to = parseNameAddr(header(message, 'To') ?? '');
	const sequence = parseCSeq(header(message, 'CSeq') ?? '');
	const callId = header(message, 'Call-ID');
	if (!via.ok || !from.ok || !to.ok || !sequence.ok || !callId) {
		return undefined;
	}

	const maxForwards = header(message, 'Max-Forwards');
	const identity = {
		via: via.value,
		callId,
		fromTag: from.value.tag ?? '',
		toTag: to.value.tag ?? '',
		sequence: sequence.value,
		maxForwards: maxForwards === undefined ? undefined : Number(maxForwards),
	};
	return {...identity, branchKey: branchKeyOf(message, identity)};
}

/** Branches of all Via values, from the top; empty strings where there is none. */
export function viaBranches(message: SipMessage): string[] {
	return headerValues(message, 'Via').map((value) => {
		const via = parseVia(value);
		return via.ok ? (via.value.branch ?? '') : '';
	});
}

/**
 * The request with the source in its top Via: `received` where sent-by is not the source's address or `rport` was
 * asked for (RFC 3261 §18.2.1, RFC 3581 §4). What the sender wrote there itself is replaced.
 */
export function withReceived(request: SipRequest, via: Via, source: SipSource): SipRequest {
	const asksForPort = via.params.some(({name}) => name === 'rport');
	let params: readonly SipParameter[] = via.params.filter(({name}) => name !== 'received');
	if (asksForPort) {
		params = withParameter(params, 'rport', String(source.port));
	}

	if (asksForPort || via.host !== source.address) {
		params = withParameter(params, 'received', source.address);
	}

	const [, ...others] = headerValues(request, 'Via');
	const vias = [writeVia({...via, params}), ...others].map((value) => ({name: 'Via', value}));
	return {...request, headers: [...vias, ...request.headers.filter(({name}) => name.toLowerCase() !== 'via')]};
}

/** `text`, or a hash of it where a stranger made it long: what a table's key may cost is bounded. */
export function boundedKey(text: string): string {
	return text.length <= longestKey ? text : createHash('sha256').update(text).digest('base64');
}

function branchKeyOf(message: SipMessage, identity: Omit<MessageIdentity, 'branchKey'>): string {
	const {via, callId, fromTag, sequence} = identity;
	const {branch = ''} = via;
	const sentBy = `${via.host.toLowerCase()}:${via.port ?? ''}`;
	if (branch.startsWith(magicCookie) && branch.length > magicCookie.length) {
		return boundedKey(`${branch} ${sentBy}`);
	}

	const uri = message.kind === 'request' ? message.uri : '';
	return boundedKey(`${branch} ${sentBy} ${uri} ${fromTag} ${callId} ${sequence.number}`);
}

const longestKey = 200;
