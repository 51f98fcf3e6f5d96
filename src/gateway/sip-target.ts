import {lookup} from 'node:dns/promises';
import {isIP} from 'node:net';
import type {SipTarget} from '../core/sip/hop.js';
import {parameterValue} from '../wire/sip/grammar.js';
import {parseSipUri} from '../wire/sip/uri.js';

/**
 * Where a SIP URI is reached: its host and port, by the transport that it names, else UDP, which the endpoint leaves for
 * TCP where a message is too long. Names are looked up by the system (A and AAAA; NAPTR and SRV of RFC 3263 are not
 * asked for). Undefined where the URI or the name leads nowhere.
 */
export async function targetOf(uri: string): Promise<SipTarget | undefined> {
	const parsed = parseSipUri(uri);
	if (!parsed.ok) {
		return undefined;
	}

	const host = parsed.value.host.replace(/^\[|\]$/g, '');
	const transport = parameterValue(parsed.value.params, 'transport')?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
	const port = parsed.value.port ?? 5060;
	if (isIP(host) !== 0) {
		return {transport, address: host, port};
	}

	try {
		const {address} = await lookup(host);
		return {transport, address, port};
	} catch {
		return undefined;
	}
}
