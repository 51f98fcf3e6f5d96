import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {parameterValue, parseParameters, type SipParameter, writeParameters} from './grammar.js';
import {parseHostPort, writeHostPort} from './uri.js';

/** One hop of a Via header (RFC 3261 §20.42). */
export type Via = {
	/** In upper case: UDP, TCP, TLS, WS, or another. */
	readonly transport: string;
	readonly host: string;
	readonly port?: number;
	/** With branch, received, rport (RFC 3581), maddr, ttl and any other. */
	readonly params: readonly SipParameter[];
	/** Value of the `branch` parameter. The writer looks at `params` only. */
	readonly branch?: string;
};

export type ViaFailure = CodedFailure<'BAD_VIA'>;

/** Reads one Via value, of any protocol version (RFC 3261 §25.1 sent-protocol). Never throws. */
export function parseVia(value: string): Result<Via, ViaFailure> {
	const match = sentProtocolPattern.exec(value);
	if (!match) {
		return fail('BAD_VIA', 'Expected "SIP/version/transport host", got something else.');
	}

	const [start, transport = '', host = '', digits] = match;
	const sentBy = parseHostPort(digits === undefined ? host : `${host}:${digits}`);
	const params = parseParameters(value, start.length);
	if (!sentBy || !params) {
		return fail('BAD_VIA', 'Expected host, port and parameters of RFC 3261, got something else.');
	}

	const branch = parameterValue(params, 'branch');
	return ok({transport: transport.toUpperCase(), ...sentBy, params, ...(branch ? {branch} : {})});
}

/** The hop as text. */
export function writeVia(via: Omit<Via, 'branch'>): string {
	return `SIP/2.0/${via.transport} ${writeHostPort(via)}${writeParameters(via.params)}`;
}

const sentProtocolPattern =
	/^SIP[ \t]*\/[ \t]*[\w.-]+[ \t]*\/[ \t]*([\w.!%*+`'~-]+)[ \t]+(\[[^\]\s]*\]|[^\s;,:[\]]+)(?:[ \t]*:[ \t]*(\d{1,5}))?(?=[ \t]*(?:;|$))/i;
