import {fail, ok, type Result} from '../../base/result.js';
import type {CryptoAttribute, CryptoFailure, CryptoFailureCode, CryptoKey} from './crypto-attribute.js';
import {parseKeyParams} from './key-params.js';
import {parseSessionParameters} from './session-parameters.js';
import {isSrtpSuiteName, type SrtpSuiteName, srtpSuites} from './suites.js';
import {isWeakKey} from './weak-keys.js';

export type ParseCryptoOptions = {
	/** Takes UNENCRYPTED_SRTP, UNENCRYPTED_SRTCP and UNAUTHENTICATED_SRTP, which are refused otherwise. */
	readonly unprotectedMedia?: 'i-accept-unprotected-media';
};

/** What stands before the keys, the same with `inline:` and `handle:`. */
export type CryptoLead = {
	readonly tag: number;
	readonly suite: SrtpSuiteName | undefined;
	readonly suiteSpelling?: string;
	/** Key parameters as text. */
	readonly keyParams: string;
	readonly sessionParams: readonly string[];
};

/**
 * Reads what follows `a=crypto:` (RFC 4568 §9.1). Literals in any case, suites also by their field names
 * (`AES_CM_256_HMAC_SHA1_80`). Grammar comes first: `UNSUPPORTED_SUITE` means that the rest was in order. Never throws.
 */
export function parseCryptoAttribute(
	value: string,
	options?: ParseCryptoOptions,
): Result<CryptoAttribute, CryptoFailure> {
	const lead = parseCryptoLead(value);
	if (!lead.ok) {
		return lead;
	}

	const {tag, suite, suiteSpelling, keyParams, sessionParams} = lead.value;
	const refuse = (code: CryptoFailureCode, message: string) => ({ok: false, failure: {code, message, tag}}) as const;
	const keys = parseKeyParams(keyParams, suite);
	if (!keys.ok) {
		return refuse(keys.failure.code, keys.failure.message);
	}

	const sessionParameters = parseSessionParameters(sessionParams, suite);
	if (!sessionParameters.ok) {
		return refuse(sessionParameters.failure.code, sessionParameters.failure.message);
	}

	if (suite === undefined) {
		return refuse('UNSUPPORTED_SUITE', 'Expected a suite that we speak, got another.');
	}

	const fault = keyFault(keys.value, suite);
	if (fault) {
		return refuse(fault, 'Expected random keys, each once, got others.');
	}

	const {isSrtpUnencrypted, isSrtcpUnencrypted, isSrtpUnauthenticated} = sessionParameters.value;
	if ((isSrtpUnencrypted || isSrtcpUnencrypted || isSrtpUnauthenticated) && !options?.unprotectedMedia) {
		return refuse('UNPROTECTED_MEDIA', 'Expected media to be encrypted and authenticated, got a line that says no.');
	}

	const spelling = suiteSpelling === undefined ? {} : {suiteSpelling};
	return ok({tag, suite, ...spelling, keys: keys.value, sessionParameters: sessionParameters.value});
}

/** Reads tag and suite, and cuts the rest at blanks. */
export function parseCryptoLead(value: string): Result<CryptoLead, CryptoFailure> {
	if (value.length > maxLength) {
		return fail('CRYPTO_TOO_LONG', `Expected ${maxLength} characters at most, got ${value.length}.`);
	}

	if (!/^[\t\x20-\x7e]*$/.test(value)) {
		return fail('CONTROL_CHARACTER', 'Expected printable ASCII, got something else.');
	}

	// Blanks at the end are not in the grammar, but harmless and seen.
	const [tagText = '', suiteText = '', keyParams = '', ...sessionParams] = value.trimEnd().split(/[ \t]+/);
	if (!/^\d{1,9}$/.test(tagText)) {
		return fail('BAD_TAG', 'Expected a tag of one to nine digits, got something else.');
	}

	const tag = Number(tagText);
	if (!/^\w+$/.test(suiteText)) {
		return {ok: false, failure: {code: 'BAD_SUITE', message: 'Expected the name of a suite, got something else.', tag}};
	}

	const suite = suiteNamed(suiteText);
	const spelling = suite === suiteText ? {} : {suiteSpelling: suiteText};
	return ok({tag, suite, ...spelling, keyParams, sessionParams});
}

function suiteNamed(text: string): SrtpSuiteName | undefined {
	const name = text.toUpperCase();
	const registered = name.replace(/^AES_CM_(192|256)_/, 'AES_$1_CM_');
	return isSrtpSuiteName(registered) ? registered : undefined;
}

function keyFault(keys: readonly CryptoKey[], suite: SrtpSuiteName): CryptoFailureCode | undefined {
	const masterKeys = keys.map(({keyAndSalt}) => keyAndSalt.subarray(0, srtpSuites[suite].keyOctets));
	if (masterKeys.some(isWeakKey)) {
		return 'WEAK_KEY';
	}

	const distinct = new Set(masterKeys.map((key) => Buffer.from(key).toString('latin1')));
	return distinct.size === keys.length ? undefined : 'DUPLICATE_KEY';
}

const maxLength = 8192;
