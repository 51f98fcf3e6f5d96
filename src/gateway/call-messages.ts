import type {Clock} from '../base/clock.js';
import {writeSipDate} from '../wire/sip/date.js';
import {withHeader} from '../wire/sip/headers.js';
import type {SipHeader, SipMessage, SipRequest} from '../wire/sip/message.js';

/** Methods that we take; others get 405, and those that nobody knows 501 (RFC 3261 §8.2.1). */
export const allowedMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'UPDATE'] as const;

/** The same with a registrar. */
export const registrarMethods = [...allowedMethods, 'REGISTER'] as const;

export function allowing(methods: readonly string[]): SipHeader {
	return {name: 'Allow', value: methods.join(', ')};
}

export const allowHeader = allowing(allowedMethods);

/** What OPTIONS is told (RFC 3261 §11.2); what bodies we take is said here and in 415. */
export function capabilities(methods: readonly string[] = allowedMethods): readonly SipHeader[] {
	return [
		allowing(methods),
		{name: 'Accept', value: 'application/sdp, application/pkcs7-mime, multipart/signed'},
		{name: 'Accept-Encoding', value: 'identity'},
	];
}

/** The parts of an INVITE outside a dialog that its sender decides. */
export type InviteParts = {
	readonly uri: string;
	/** With its tag. */
	readonly from: string;
	readonly to: string;
	readonly callId: string;
	/** Of CSeq, from 1. */
	readonly sequence: number;
	/** URI of our Contact. */
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
				contactHeader(parts.contact),
				allowHeader,
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
