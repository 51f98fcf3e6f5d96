import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {
	isToken,
	parameterValue,
	parseParameters,
	quote,
	type SipParameter,
	unquote,
	writeParameters,
} from './grammar.js';
import {uriScheme} from './uri.js';

/** `name-addr` or `addr-spec` with header parameters: From, To, Contact, Route, Record-Route (RFC 3261 §20.10). */
export type NameAddr = {
	/** Without quotes; empty where there is none. */
	readonly displayName: string;
	/** Any absolute URI, as sent; see `parseSipUri`. */
	readonly uri: string;
	/** Parameters of the header, not of the URI. */
	readonly params: readonly SipParameter[];
	/** Value of the `tag` parameter. The writer looks at `params` only. */
	readonly tag?: string;
};

export type NameAddrFailure = CodedFailure<'BAD_ADDRESS'>;

/** Reads one value of From, To, Contact, Route and such. Never throws. */
export function parseNameAddr(value: string): Result<NameAddr, NameAddrFailure> {
	const found = value.startsWith('"') ? quotedName(value) : plainName(value);
	if (found === undefined) {
		return fail('BAD_ADDRESS', 'Expected a display name and a URI in angle brackets, or a bare URI, got neither.');
	}

	const {displayName, uri, end} = found;
	if (uriScheme(uri) === undefined) {
		return fail('BAD_ADDRESS', 'Expected an absolute URI, got something else.');
	}

	const params = parseParameters(value, end);
	if (params === undefined) {
		return fail('BAD_ADDRESS', 'Expected ";name=value" parameters, each name once, got something else.');
	}

	const tag = parameterValue(params, 'tag');
	return ok(tag ? {displayName, uri, params, tag} : {displayName, uri, params});
}

/** The address as text, its URI always in angle brackets. */
export function writeNameAddr({displayName, uri, params}: Omit<NameAddr, 'tag'>): string {
	const name = displayName === '' ? '' : `${quote(displayName)} `;
	return `${name}<${uri}>${writeParameters(params)}`;
}

type Found = {readonly displayName: string; readonly uri: string; readonly end: number};

function quotedName(value: string): Found | undefined {
	const match = /^("[^"\\]*(?:\\.[^"\\]*)*")[ \t]*</s.exec(value);
	return match ? bracketedUri(value, match[0].length, unquote(match[1] ?? '')) : undefined;
}

function plainName(value: string): Found | undefined {
	const open = value.indexOf('<');
	const semicolon = value.indexOf(';');
	if (open !== -1 && (semicolon === -1 || open < semicolon)) {
		const words = value
			.slice(0, open)
			.split(/[ \t]+/)
			.filter((word) => word !== '');
		return words.every(isToken) ? bracketedUri(value, open + 1, words.join(' ')) : undefined;
	}

	// Without brackets every parameter is the header's, and the URI may hold neither comma nor question mark (§20.10).
	const end = semicolon === -1 ? value.length : semicolon;
	const uri = value.slice(0, end).trimEnd();
	return /[,?]/.test(uri) ? undefined : {displayName: '', uri, end};
}

function bracketedUri(value: string, start: number, displayName: string): Found | undefined {
	const close = value.indexOf('>', start);
	return close === -1 ? undefined : {displayName, uri: value.slice(start, close), end: close + 1};
}
