import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {CryptoFailureCode, SessionParameters} from './crypto-attribute.js';
import {parseKeyParams, writeKeyParams} from './key-params.js';
import type {SrtpSuiteName} from './suites.js';

/** Reads the parameters after the keys (RFC 4568 §6.3, §9.2). */
export function parseSessionParameters(
	texts: readonly string[],
	suite: SrtpSuiteName | undefined,
): Result<SessionParameters, CodedFailure<CryptoFailureCode>> {
	const parameters: SessionParameters = {};
	const extensions: string[] = [];
	const seen = new Set<string>();
	for (const text of texts) {
		const equals = text.indexOf('=');
		const name = (equals === -1 ? text : text.slice(0, equals)).toUpperCase();
		if (name.startsWith('-') && name.length > 1) {
			extensions.push(text);
			continue;
		}

		const read = readers.get(name);
		if (!read) {
			return fail('UNKNOWN_SESSION_PARAMETER', 'Expected parameters of RFC 4568, got another without a leading dash.');
		}

		if (seen.has(name)) {
			return fail('DUPLICATE_SESSION_PARAMETER', `Expected ${name} once, got it twice.`);
		}

		seen.add(name);
		const value = read(equals === -1 ? undefined : text.slice(equals + 1), suite);
		if (!value) {
			return fail('BAD_SESSION_PARAMETER', `Expected ${name} as RFC 4568 has it, got something else.`);
		}

		Object.assign(parameters, value);
	}

	return ok(extensions.length === 0 ? parameters : {...parameters, extensions});
}

/** The parameters as texts to put after the keys, in a fixed order. */
export function writeSessionParameters(parameters: SessionParameters): string[] {
	const {keyDerivationRate, fecOrder, fecKeys, windowSizeHint, extensions = []} = parameters;
	return [
		...(keyDerivationRate === undefined ? [] : [`KDR=${keyDerivationRate}`]),
		...(parameters.isSrtpUnencrypted ? ['UNENCRYPTED_SRTP'] : []),
		...(parameters.isSrtcpUnencrypted ? ['UNENCRYPTED_SRTCP'] : []),
		...(parameters.isSrtpUnauthenticated ? ['UNAUTHENTICATED_SRTP'] : []),
		...(fecOrder === undefined ? [] : [`FEC_ORDER=${fecOrder}`]),
		...(fecKeys === undefined ? [] : [`FEC_KEY=${writeKeyParams(fecKeys)}`]),
		...(windowSizeHint === undefined ? [] : [`WSH=${windowSizeHint}`]),
		...extensions,
	];
}

type Reader = (value: string | undefined, suite: SrtpSuiteName | undefined) => SessionParameters | undefined;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
	// The set is 1 to 24 without leading zeros (§6.3.1); the comment in the grammar that says 0 is taken for an error.
	['KDR', (value) => (/^(?:[1-9]|1\d|2[0-4])$/.test(value ?? '') ? {keyDerivationRate: Number(value)} : undefined)],
	['UNENCRYPTED_SRTP', (value) => (value === undefined ? {isSrtpUnencrypted: true} : undefined)],
	['UNENCRYPTED_SRTCP', (value) => (value === undefined ? {isSrtcpUnencrypted: true} : undefined)],
	['UNAUTHENTICATED_SRTP', (value) => (value === undefined ? {isSrtpUnauthenticated: true} : undefined)],
	[
		'FEC_ORDER',
		(value) => {
			const order = value?.toUpperCase();
			return order === 'FEC_SRTP' || order === 'SRTP_FEC' ? {fecOrder: order} : undefined;
		},
	],
	[
		'FEC_KEY',
		(value, suite) => {
			const keys = parseKeyParams(value ?? '', suite);
			return keys.ok ? {fecKeys: keys.value} : undefined;
		},
	],
	[
		'WSH',
		(value) => {
			const hint = /^\d{2,9}$/.test(value ?? '') ? Number(value) : 0;
			return hint >= 64 ? {windowSizeHint: hint} : undefined;
		},
	],
]);
