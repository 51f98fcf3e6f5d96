import {isIPv4, isIPv6} from 'node:net';

import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {type SipParameter, writeParameters} from './grammar.js';

/** SIP or SIPS URI (RFC 3261 §19.1). Escapes stay as sent. */
export type SipUri = {
	readonly scheme: 'sip' | 'sips';
	readonly user?: string;
	readonly password?: string;
	/** Without the brackets of an IPv6 reference. */
	readonly host: string;
	readonly port?: number;
	readonly params: readonly SipParameter[];
	/** What follows the question mark, uninterpreted. */
	readonly headers?: string;
};

export type SipUriFailure = CodedFailure<'BAD_URI'>;

/** Host and port of a URI or a Via. */
export type HostPort = {readonly host: string; readonly port?: number};

/** Scheme of any URI in lower case; undefined for what is not an absolute URI (RFC 3986 §3.1). */
export function uriScheme(text: string): string | undefined {
	return absoluteUriPattern.test(text) ? text.slice(0, text.indexOf(':')).toLowerCase() : undefined;
}

/** Reads a `sip:` or `sips:` URI (RFC 3261 §25.1 SIP-URI). Never throws. */
export function parseSipUri(text: string): Result<SipUri, SipUriFailure> {
	const scheme = uriScheme(text);
	if (scheme !== 'sip' && scheme !== 'sips') {
		return fail('BAD_URI', 'Expected a sip or sips URI, got another scheme or none.');
	}

	// Neither parameters nor headers may hold an unescaped @, so the only one ends the user part (RFC 3261 §25.1).
	const rest = text.slice(scheme.length + 1);
	const at = rest.indexOf('@');
	if (rest.includes('@', at + 1)) {
		return fail('BAD_URI', 'Expected one "@" at most, got two.');
	}

	const userInfo = at === -1 ? undefined : parseUserInfo(rest.slice(0, at));
	if (userInfo === null) {
		return fail('BAD_URI', 'Expected a user part of RFC 3261, got other characters.');
	}

	const afterUser = rest.slice(at + 1);
	const question = afterUser.indexOf('?');
	const beforeHeaders = question === -1 ? afterUser : afterUser.slice(0, question);
	const semicolon = beforeHeaders.indexOf(';');
	const hostPort = parseHostPort(semicolon === -1 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
	const params = semicolon === -1 ? [] : parseUriParameters(beforeHeaders.slice(semicolon + 1));
	if (!hostPort || !params) {
		return fail('BAD_URI', 'Expected host, port and parameters of RFC 3261, got something else.');
	}

	const headers = question === -1 ? {} : {headers: afterUser.slice(question + 1)};
	return ok({scheme, ...userInfo, ...hostPort, params, ...headers});
}

/** The URI as text. */
export function writeSipUri(uri: SipUri): string {
	const password = uri.password === undefined ? '' : `:${uri.password}`;
	const user = uri.user === undefined ? '' : `${uri.user}${password}@`;
	const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
	return `${uri.scheme}:${user}${writeHostPort(uri)}${writeParameters(uri.params)}${headers}`;
}

/**
 * Address of record: `sip:user@host`, whatever the scheme, port, password and parameters. Host in lower case, user exact
 * but for escapes of unreserved characters (RFC 3261 §19.1.4: `%61` is `a`, `%3B` is not `;`), so that equal strings are
 * equal addresses. A global number loses its visual separators where `user=phone` says that it is one (RFC 3966 §3).
 */
export function canonicalAor(uri: SipUri): string {
	const host = canonicalHost(uri.host);
	const user = uri.user?.replace(/%[0-9a-f]{2}/gi, (escaped) => {
		const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
		return unreservedCharacter.test(character) ? character : escaped.toUpperCase();
	});
	if (user === undefined) {
		return `sip:${host}`;
	}

	const isPhone = uri.params.some(({name, value}) => name === 'user' && value?.toLowerCase() === 'phone');
	return `sip:${isPhone && /^\+[\d().-]+$/.test(user) ? user.replace(/[().-]/g, '') : user}@${host}`;
}

/** `host [":" port]` (RFC 3261 §25.1); undefined when it is not one. */
export function parseHostPort(text: string): HostPort | undefined {
	const match = hostPortPattern.exec(text);
	if (!match) {
		return undefined;
	}

	const [, reference, name, digits] = match;
	// The grammar of RFC 3261 let a third colon in before an embedded IPv4 address: taken as two (RFC 5118 §4.10).
	const host = reference === undefined ? (name ?? '') : reference.replace(':::', '::');
	if (reference === undefined ? !isHostName(host) : !isIPv6(host)) {
		return undefined;
	}

	if (digits === undefined) {
		return {host};
	}

	const port = Number(digits);
	return port >= 1 && port <= 65_535 ? {host, port} : undefined;
}

/** Host, in brackets where it is an IPv6 address, and port. */
export function writeHostPort({host, port}: HostPort): string {
	const reference = host.includes(':') ? `[${host}]` : host;
	return port === undefined ? reference : `${reference}:${port}`;
}

function canonicalHost(host: string): string {
	const lower = host.toLowerCase();
	if (!lower.includes(':')) {
		return lower.replace(/\.$/, '');
	}

	// The URL parser of the platform writes IPv6 addresses as RFC 5952 does.
	const reference = `http://[${lower}]`;
	return URL.canParse(reference) ? new URL(reference).hostname : `[${lower}]`;
}

function isHostName(host: string): boolean {
	return /^[\d.]+$/.test(host) ? isIPv4(host) : host.length <= 255;
}

function parseUserInfo(text: string): {readonly user: string; readonly password?: string} | null {
	const colon = text.indexOf(':');
	const user = colon === -1 ? text : text.slice(0, colon);
	if (!userPattern.test(user)) {
		return null;
	}

	if (colon === -1) {
		return {user};
	}

	const password = text.slice(colon + 1);
	return passwordPattern.test(password) ? {user, password} : null;
}

function parseUriParameters(text: string): readonly SipParameter[] | undefined {
	const params: SipParameter[] = [];
	for (const part of text.split(';', maxUriParameters + 1)) {
		const match = uriParameterPattern.exec(part);
		const name = match?.[1]?.toLowerCase();
		if (name === undefined || params.length === maxUriParameters || params.some((param) => param.name === name)) {
			return undefined;
		}

		params.push(match?.[2] === undefined ? {name} : {name, value: match[2]});
	}

	return params;
}

const absoluteUriPattern = /^[a-z][\w+.-]*:[!#-;=?-Z[\]_a-z~]+$/i;
// A # is not in the grammar but in every second service code (*31#) that phones dial.
const userPattern = /^(?:[\w.!~*'()&=+$,;?/#-]|%[0-9a-f]{2})+$/i;
const passwordPattern = /^(?:[\w.!~*'()&=+$,-]|%[0-9a-f]{2})*$/i;
const uriParameterPattern = /^([^=]+)(?:=(.*))?$/s;
const unreservedCharacter = /[\w.!~*'()-]/;
const hostPortPattern = /^(?:\[([\da-f:.]{2,45})\]|([a-z\d_](?:[a-z\d_.-]*[a-z\d_.])?))(?::(\d{1,5}))?$/i;
const maxUriParameters = 64;
