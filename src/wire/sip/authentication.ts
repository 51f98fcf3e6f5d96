import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {quote, splitList, trimBlanks, unquote} from './grammar.js';

/** A challenge or credentials (RFC 3261 §25.1): scheme in lower case, parameters by their names in lower case, unquoted. */
export type Authentication = {
	readonly scheme: string;
	readonly parameters: ReadonlyMap<string, string>;
};

/** Reads the value of Authorization, WWW-Authenticate and such. Each parameter may stand once. Never throws. */
export function parseAuthentication(value: string): Result<Authentication, CodedFailure<'BAD_AUTHENTICATION'>> {
	const [, scheme = '', rest = ''] =
		/^[ \t]*([\w.!%*+`'~-]{1,64})[ \t]+(.*)$/s.exec(value.slice(0, maxCharacters + 1)) ?? [];
	const parameters = new Map<string, string>();
	for (const part of value.length > maxCharacters ? [''] : splitList(rest)) {
		const [, name = '', text = ''] =
			/^([\w.!%*+`'~-]{1,64})[ \t]*=[ \t]*("[^"\\]*(?:\\.[^"\\]*)*"|[^\s",;=\\][^\s",;\\]*)$/s.exec(trimBlanks(part)) ??
			[];
		const key = name.toLowerCase();
		if (scheme === '' || key === '' || parameters.has(key)) {
			return fail('BAD_AUTHENTICATION', 'Expected a scheme and parameters of RFC 3261, each once.');
		}

		parameters.set(key, unquote(text));
	}

	return ok({scheme: scheme.toLowerCase(), parameters});
}

/** Writes a Digest challenge (RFC 7616 §3.3, RFC 8760 §2.3): `algorithm`, `stale` and nothing else without quotes. */
export function writeDigestChallenge(challenge: {
	readonly realm: string;
	readonly nonce: string;
	readonly algorithm: string;
	readonly isStale: boolean;
}): string {
	const {realm, nonce, algorithm, isStale} = challenge;
	return `Digest realm=${quote(realm)}, nonce=${quote(nonce)}, algorithm=${algorithm}, qop="auth"${isStale ? ', stale=true' : ''}`;
}

const maxCharacters = 4096;
