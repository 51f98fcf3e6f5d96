import type {Via} from '../../wire/sip/via.js';
import {isReliable, type SipSource, type SipTarget} from './hop.js';

/**
 * Where the response to a request from `source` goes (RFC 3261 §18.2.2, RFC 3581 §4). `maddr` is not followed: it would
 * let a stranger aim our answers at others.
 */
export function responseTarget(via: Via, source: SipSource): SipTarget {
	const {transport, address, connection, local} = source;
	const sentByPort = via.port ?? (transport === 'tls' ? 5061 : 5060);
	if (isReliable(transport)) {
		return {transport, address, port: sentByPort, ...(connection === undefined ? {} : {connection})};
	}

	const asksForPort = via.params.some(({name}) => name === 'rport');
	return {transport, address, port: asksForPort ? source.port : sentByPort, local};
}
