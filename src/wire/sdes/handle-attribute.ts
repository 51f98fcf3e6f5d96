import {ok, type Result} from '../../base/result.js';
import type {CryptoFailure, SessionParameters} from './crypto-attribute.js';
import {parseCryptoLead} from './parse-crypto.js';
import {parseSessionParameters, writeSessionParameters} from './session-parameters.js';
import type {SrtpSuiteName} from './suites.js';

/** An `a=crypto` line that names its key instead of showing it: what crosses between the domains. */
export type HandleAttribute = {
	readonly tag: number;
	readonly suite: SrtpSuiteName;
	readonly suiteSpelling?: string;
	/** One to 128 of letters, digits, `_` and `-`. */
	readonly handle: string;
	/** Never with FEC keys. */
	readonly sessionParameters: SessionParameters;
};

export type HandleFailure = {
	readonly code: CryptoFailure['code'] | 'BAD_HANDLE';
	readonly message: string;
	readonly tag?: number;
};

/** Reads what follows `a=crypto:` in SDP of handles: `tag suite handle:… [parameters]`. Never throws. */
export function parseHandleAttribute(value: string): Result<HandleAttribute, HandleFailure> {
	const lead = parseCryptoLead(value);
	if (!lead.ok) {
		return lead;
	}

	const {tag, suite, suiteSpelling, keyParams, sessionParams} = lead.value;
	const refuse = (code: HandleFailure['code'], message: string) =>
		({ok: false, failure: {code, message, tag}}) as const;
	if (suite === undefined) {
		return refuse('UNSUPPORTED_SUITE', 'Expected a suite that we speak, got another.');
	}

	const handle = keyParams.startsWith(scheme) ? keyParams.slice(scheme.length) : '';
	const parameters = parseSessionParameters(sessionParams, suite);
	if (!handlePattern.test(handle)) {
		return refuse('BAD_HANDLE', 'Expected "handle:" and a handle, got something else.');
	}

	if (!parameters.ok) {
		return refuse(parameters.failure.code, parameters.failure.message);
	}

	if (parameters.value.fecKeys) {
		return refuse('BAD_SESSION_PARAMETER', 'Expected no keys beside the handle, got FEC_KEY.');
	}

	const spelling = suiteSpelling === undefined ? {} : {suiteSpelling};
	return ok({tag, suite, ...spelling, handle, sessionParameters: parameters.value});
}

/**
 * What follows `a=crypto:` in SDP of handles. FEC keys and ignorable extensions are left out: they may hold anything. Throws
 * `RangeError` for a handle of other characters.
 */
export function writeHandleAttribute(attribute: HandleAttribute): string {
	const {tag, suite, suiteSpelling, handle, sessionParameters} = attribute;
	if (!handlePattern.test(handle)) {
		throw new RangeError('Expected a handle of one to 128 letters, digits, "_" and "-".');
	}

	const {fecKeys: _keys, extensions: _ignored, ...parameters} = sessionParameters;
	return [tag, suiteSpelling ?? suite, `${scheme}${handle}`, ...writeSessionParameters(parameters)].join(' ');
}

const scheme = 'handle:';
const handlePattern = /^[\w-]{1,128}$/;
