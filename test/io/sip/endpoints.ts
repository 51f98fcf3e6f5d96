import {once} from 'node:events';
import type {ExecutionContext} from 'ava';
import type {SipTarget} from '#dist/core/sip/index.js';
import {type IncomingRequest, SipEndpoint, type SipEndpointOptions} from '#dist/io/sip/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';

/** An endpoint on a loopback port of the system's choice, closed after the test. */
export async function openEndpoint(
	t: ExecutionContext,
	options: Partial<SipEndpointOptions> = {},
): Promise<SipEndpoint> {
	const endpoint = await SipEndpoint.open({
		listen: [{transport: 'udp+tcp', address: '127.0.0.1', port: 0}],
		...options,
	});
	t.teardown(() => endpoint.close());
	return endpoint;
}

export function targetOf(endpoint: SipEndpoint, transport: 'udp' | 'tcp'): SipTarget {
	return {transport, ...endpoint.localAddress(transport)};
}

/** The next request that arrives. */
export async function nextRequest(endpoint: SipEndpoint): Promise<IncomingRequest> {
	const [incoming] = (await once(endpoint, 'request')) as [IncomingRequest];
	return incoming;
}

export function newRequest(method: string, endpoint: SipEndpoint, octets = 0): SipRequest {
	return {
		kind: 'request',
		method,
		uri: 'sip:alice@127.0.0.1',
		headers: [
			{name: 'From', value: `<sip:bob@example.com>;tag=${endpoint.newTag()}`},
			{name: 'To', value: '<sip:alice@example.com>'},
			{name: 'Call-ID', value: endpoint.newTag()},
			{name: 'CSeq', value: `1 ${method}`},
			{name: 'Contact', value: '<sip:bob@127.0.0.1>'},
			...(octets > 0 ? [{name: 'Content-Type', value: 'application/octet-stream'}] : []),
		],
		body: new Uint8Array(octets).fill(0x78),
	};
}
