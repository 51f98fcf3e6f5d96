import {isIPv4, isIPv6} from 'node:net';

import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {MediaSection, SdpSection, SessionDescription} from './description.js';

/** Value of a `c=` line (RFC 8866 §5.7). */
export type Connection = {
	readonly addressType: 'IP4' | 'IP6';
	/** Address, or a host name (RFC 8866 §9 FQDN). */
	readonly address: string;
	/** What follows the address of a multicast group: `/ttl`, `/ttl/count`, `/count`; empty otherwise. */
	readonly multicast: string;
};

/** Reads a `c=` value. An address of digits must be one of its type. Never throws. */
export function parseConnection(value: string): Result<Connection, CodedFailure<'BAD_CONNECTION'>> {
	const match = connectionPattern.exec(value);
	const addressType = match?.[1]?.toUpperCase() === 'IP6' ? 'IP6' : 'IP4';
	const address = match?.[2] ?? '';
	if (!match || !isAddress(address, addressType)) {
		return fail('BAD_CONNECTION', 'Expected "IN IP4 address" or "IN IP6 address", got something else.');
	}

	return ok({addressType, address, multicast: match[3] ?? ''});
}

/** The value as text. */
export function writeConnection({addressType, address, multicast}: Connection): string {
	return `IN ${addressType} ${address}${multicast}`;
}

/** The connection that holds for a media section: its own first `c=`, or the session's (RFC 8866 §5.7). */
export function connectionOf(description: SessionDescription, section: MediaSection): Connection | undefined {
	const line = [...section.lines, ...description.lines].find(({type}) => type === 'c');
	const connection = line && parseConnection(line.value);
	return connection?.ok ? connection.value : undefined;
}

/** A copy whose only `c=` line says `address` (IPv4 or IPv6), in the place of the first or where RFC 8866 §5 wants it. */
export function withConnection<Section extends SdpSection>(section: Section, address: string): Section {
	if (!isIPv4(address) && !isIPv6(address)) {
		throw new RangeError('Expected an IPv4 or IPv6 address.');
	}

	const addressType = isIPv4(address) ? 'IP4' : 'IP6';
	const line = {type: 'c', value: writeConnection({addressType, address, multicast: ''})};
	const first = section.lines.findIndex(({type}) => type === 'c');
	const others = section.lines.filter(({type}) => type !== 'c');
	const later = others.findIndex(({type}) => !beforeConnection.includes(type));
	const place = first === -1 ? (later === -1 ? others.length : later) : first;
	return {...section, lines: others.toSpliced(place, 0, line)};
}

/** RTP and RTCP port of a section: `a=rtcp-mux`, `a=rtcp:` (RFC 3605), or the next odd port (RFC 3550 §11). */
export function rtcpPortOf(section: MediaSection): number {
	const values = section.lines.filter(({type}) => type === 'a').map(({value}) => value);
	if (values.includes('rtcp-mux')) {
		return section.port;
	}

	const port = Number(values.map((value) => /^rtcp:(\d{1,5})(?: |$)/.exec(value)?.[1]).find((found) => found));
	return port >= 1 && port <= 65_535 ? port : section.port + 1;
}

function isAddress(address: string, addressType: 'IP4' | 'IP6'): boolean {
	if (address.includes(':')) {
		return addressType === 'IP6' && isIPv6(address);
	}

	return /^[\d.]+$/.test(address) ? addressType === 'IP4' && isIPv4(address) : hostNamePattern.test(address);
}

const connectionPattern = /^IN[ \t]+(IP4|IP6)[ \t]+([^\s/]{1,255})((?:\/\d{1,5}){0,2})[ \t]*$/i;
const hostNamePattern = /^[a-z\d_](?:[a-z\d_.-]*[a-z\d_.])?$/i;
const beforeConnection = 'vosiuep';
