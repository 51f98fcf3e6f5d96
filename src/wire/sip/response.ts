import type {SipHeader, SipRequest, SipResponse} from './message.js';
import {parseNameAddr} from './name-addr.js';

export type ResponseParts = {
	/** Tag for a To that has none. Not for 100. */
	readonly toTag?: string;
	/** After the copied ones. */
	readonly headers?: readonly SipHeader[];
	readonly body?: Uint8Array;
};

/**
 * A response to `request` (RFC 3261 §8.2.6): Via, From, To, Call-ID and CSeq copied, Record-Route too where the response
 * may make a dialog (§12.1.1), Timestamp in a 100.
 */
export function makeResponse(
	request: SipRequest,
	status: number,
	reason: string,
	{toTag, headers = [], body = new Uint8Array()}: ResponseParts = {},
): SipResponse {
	const makesDialog = status > 100 && status < 300;
	const copied = request.headers
		.filter(
			({name}) =>
				alwaysCopied.has(name) || (makesDialog && name === 'Record-Route') || (status === 100 && name === 'Timestamp'),
		)
		.map((field) => (field.name === 'To' && toTag !== undefined ? withTag(field, toTag) : field));
	return {kind: 'response', status, reason, headers: [...copied, ...headers], body};
}

/** A To that cannot be read stays as it is: it is copied into the 400 that says so. */
function withTag(to: SipHeader, tag: string): SipHeader {
	const address = parseNameAddr(to.value);
	return address.ok && address.value.tag === undefined ? {...to, value: `${to.value};tag=${tag}`} : to;
}

const alwaysCopied: ReadonlySet<string> = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq']);
