import {parseCSeq} from './cseq.js';
import {isSingleHeader} from './header-names.js';
import {header, headerValues} from './headers.js';
import type {SipMessage} from './message.js';
import {parseNameAddr} from './name-addr.js';
import {parseSipUri, uriScheme} from './uri.js';
import {parseVia} from './via.js';

/** What is wrong with the headers that every message has, or with another that a call depends on. */
export type MessageFault =
	| 'VIA_MISSING'
	| 'BAD_VIA'
	/** The top Via's branch is the magic cookie alone: it cannot tell transactions apart (RFC 4475 §3.2.1). */
	| 'BAD_BRANCH'
	/** From, To, Call-ID or CSeq is not there. */
	| 'HEADER_MISSING'
	/** A header that may stand once stands twice. */
	| 'HEADER_REPEATED'
	| 'BAD_ADDRESS'
	| 'BAD_CALL_ID'
	| 'BAD_CSEQ'
	/** CSeq names another method than the request line. */
	| 'METHOD_MISMATCH'
	/** Max-Forwards or Expires is no number of its range. */
	| 'BAD_NUMBER';

/** The first fault in the headers of a message; undefined where there is none. */
export function callFault(message: SipMessage): MessageFault | undefined {
	return viaFault(message) ?? presenceFault(message) ?? valueFault(message) ?? addressFault(message);
}

function viaFault(message: SipMessage): MessageFault | undefined {
	const hops = headerValues(message, 'Via');
	if (hops.length === 0) {
		return 'VIA_MISSING';
	}

	if (!hops.every((hop) => parseVia(hop).ok)) {
		return 'BAD_VIA';
	}

	const top = parseVia(hops[0] ?? '');
	return top.ok && top.value.branch?.toLowerCase() === branchCookie ? 'BAD_BRANCH' : undefined;
}

function presenceFault(message: SipMessage): MessageFault | undefined {
	if (['From', 'To', 'Call-ID', 'CSeq'].some((name) => !header(message, name))) {
		return 'HEADER_MISSING';
	}

	const seen = new Set<string>();
	for (const {name} of message.headers) {
		if (seen.has(name)) {
			return 'HEADER_REPEATED';
		}

		if (isSingleHeader(name)) {
			seen.add(name);
		}
	}

	return undefined;
}

function valueFault(message: SipMessage): MessageFault | undefined {
	if (!/^[!-~]+$/.test(header(message, 'Call-ID') ?? '')) {
		return 'BAD_CALL_ID';
	}

	const cseq = parseCSeq(header(message, 'CSeq') ?? '');
	if (!cseq.ok) {
		return 'BAD_CSEQ';
	}

	if (message.kind === 'request' && cseq.value.method !== message.method) {
		return 'METHOD_MISMATCH';
	}

	return isNumber(header(message, 'Max-Forwards'), 255) && isNumber(header(message, 'Expires'), 2 ** 32 - 1)
		? undefined
		: 'BAD_NUMBER';
}

function addressFault(message: SipMessage): MessageFault | undefined {
	const isRegister = message.kind === 'request' && message.method === 'REGISTER';
	const contacts = headerValues(message, 'Contact');
	const isWildcard = isRegister && contacts.length === 1 && contacts[0] === '*';
	const isGood =
		isAddress(header(message, 'From') ?? '', false) &&
		isAddress(header(message, 'To') ?? '', isRegister) &&
		(isWildcard || contacts.every((contact) => isAddress(contact, isRegister))) &&
		[...headerValues(message, 'Route'), ...headerValues(message, 'Record-Route')].every((hop) => isAddress(hop, true));
	return isGood ? undefined : 'BAD_ADDRESS';
}

/** True for a readable address whose URI, where it is of SIP, is readable too. */
function isAddress(value: string, mustBeSip: boolean): boolean {
	const address = parseNameAddr(value);
	if (!address.ok) {
		return false;
	}

	const scheme = uriScheme(address.value.uri);
	return scheme === 'sip' || scheme === 'sips' ? parseSipUri(address.value.uri).ok : !mustBeSip;
}

function isNumber(value: string | undefined, maximum: number): boolean {
	return value === undefined || (/^\d{1,16}$/.test(value) && Number(value) <= maximum);
}

const branchCookie = 'z9hg4bk';
