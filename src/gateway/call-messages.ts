import type {Clock} from '../base/clock.js';
import {writeSipDate} from '../wire/sip/date.js';
import {withHeader} from '../wire/sip/headers.js';
import type {SipHeader, SipMessage, SipRequest} from '../wire/sip/message.js';

/** Methods that we answer otherwise than with 405. */
export const allowedMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS'] as const;

/** The parts of an INVITE outside a dialog that its sender decides. */
export type InviteParts = {
	readonly uri: string;
	/** With its tag. */
	readonly from: string;
	readonly to: string;
	readonly callId: string;
	/** Of CSeq, from 1. */
	readonly sequence: number;
	readonly contact: string;
	readonly wallMs: number;
	/** With handles in place of keys. */
	readonly sdp: string;
};

/** INVITE with every header that gets signed; Via is the transport's. */
export function makeInvite(parts: InviteParts): SipRequest {
	return withSdp(
		{
			kind: 'request',
			method: 'INVITE',
			uri: parts.uri,
			headers: [
				{name: 'Max-Forwards', value: '70'},
				{name: 'From', value: parts.from},
				{name: 'To', value: parts.to},
				{name: 'Call-ID', value: parts.callId},
				{name: 'CSeq', value: `${parts.sequence} INVITE`},
				{name: 'Contact', value: parts.contact},
				{name: 'Allow', value: allowedMethods.join(', ')},
			],
			body: new Uint8Array(),
		},
		parts.sdp,
		parts.wallMs,
	);
}

/** `message` with an SDP body (of handles) and `Date`, which the signature wants. */
export function withSdp<Message extends SipMessage>(message: Message, sdp: string, wallMs: number): Message {
	const dated = withHeader(message, 'Date', writeSipDate(wallMs));
	return {...withHeader(dated, 'Content-Type', 'application/sdp'), body: Buffer.from(sdp)};
}

/** `Contact` of ours on a transport and address. */
export function contactHeader(uri: string): SipHeader {
	return {name: 'Contact', value: `<${uri}>`};
}

/** Unique among the sessions of one address: RFC 8866 §5.2 suggests a timestamp; this one counts microseconds. */
export function sessionIdFrom(clock: Clock): bigint {
	return BigInt(Math.floor(clock.wallMs() * 1000)) + BigInt(Math.floor(clock.monotonicMs() * 1000) % 1000);
}
