import type {Result} from '../../base/result.js';
import {fail} from '../../base/result.js';
import type {Asn1Element, Asn1Rules} from '../../wire/asn1/index.js';
import {guardAsn1, readAsn1} from '../../wire/asn1/index.js';
import type {CmsFailure, CmsFailureCode} from './cms-provider.js';

/** Ends the reading of a structure that the list of what may pass does not hold. Never leaves `readStructure`. */
export function refuse(code: CmsFailureCode, message: string): never {
	throw new Refusal(code, message);
}

/** Runs a reading; whatever is wrong with what it reads becomes a named failure. */
export function attempt<Value>(read: () => Value): Result<Value, CmsFailure> {
	try {
		const result = guardAsn1(read);
		return result.ok ? result : fail('MALFORMED', result.failure.message);
	} catch (error) {
		if (error instanceof Refusal) {
			return fail(error.code, error.message);
		}
		throw error;
	}
}

/** Reads one structure from outside. */
export function readStructure<Value>(
	bytes: Uint8Array,
	rules: Asn1Rules,
	read: (root: Asn1Element) => Value,
): Result<Value, CmsFailure> {
	return attempt(() => {
		const result = readAsn1(bytes, rules, read);
		return result.ok ? result.value : refuse('MALFORMED', result.failure.message);
	});
}

/** Reads DER that stands inside another structure; to be called below `readStructure`. */
export function readNested<Value>(bytes: Uint8Array, read: (root: Asn1Element) => Value): Value {
	const result = readStructure(bytes, 'der', read);
	return result.ok ? result.value : refuse(result.failure.code, result.failure.message);
}

class Refusal extends Error {
	readonly code: CmsFailureCode;

	constructor(code: CmsFailureCode, message: string) {
		super(message);
		this.code = code;
	}
}
