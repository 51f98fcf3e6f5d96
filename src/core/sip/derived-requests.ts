import {parseCSeq, writeCSeq} from '../../wire/sip/cseq.js';
import {header, headerValues, withHeaderFirst, withHeaderLast} from '../../wire/sip/headers.js';
import type {SipHeader, SipRequest, SipResponse} from '../../wire/sip/message.js';
import {writeVia} from '../../wire/sip/via.js';
import type {SipAddress, SipTransportName} from './hop.js';

/** ACK for a final response from 300 on (RFC 3261 §17.1.1.3): the transaction's own, by the same Via. */
export function ackForFailure(invite: SipRequest, response: SipResponse): SipRequest {
	return sameHop(invite, 'ACK', header(response, 'To') ?? '');
}

/** CANCEL of a request under way (RFC 3261 §9.1): same URI, Via, From, To, Call-ID, sequence number and Route. */
export function cancelFor(request: SipRequest): SipRequest {
	return sameHop(request, 'CANCEL', header(request, 'To') ?? '');
}

/** Adds our Via, which asks for `rport` (RFC 3581 §3), and Max-Forwards where it is missing (RFC 3261 §8.1.1.6). */
export function withVia(
	request: SipRequest,
	transport: SipTransportName,
	sentBy: SipAddress,
	branch: string,
): SipRequest {
	const params = [{name: 'rport'}, {name: 'branch', value: branch}];
	const via = writeVia({transport: transport.toUpperCase(), host: sentBy.address, port: sentBy.port, params});
	const sent = withHeaderFirst(request, 'Via', via);
	return header(sent, 'Max-Forwards') === undefined ? withHeaderLast(sent, 'Max-Forwards', '70') : sent;
}

function sameHop(request: SipRequest, method: string, to: string): SipRequest {
	const sequence = parseCSeq(header(request, 'CSeq') ?? '');
	const headers: SipHeader[] = [
		{name: 'Via', value: headerValues(request, 'Via')[0] ?? ''},
		...headerValues(request, 'Route').map((value) => ({name: 'Route', value})),
		{name: 'Max-Forwards', value: '70'},
		{name: 'From', value: header(request, 'From') ?? ''},
		{name: 'To', value: to},
		{name: 'Call-ID', value: header(request, 'Call-ID') ?? ''},
		{name: 'CSeq', value: writeCSeq({number: sequence.ok ? sequence.value.number : 0, method})},
	];
	return {kind: 'request', method, uri: request.uri, headers, body: new Uint8Array()};
}
