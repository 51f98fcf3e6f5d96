import type {CodedFailure, Result} from './result.js';

/**
 * Thrown for a caller's mistake and rejected with when the world said no (port taken, file missing).
 * `code` is stable and documented in docs/error-codes.md; `message` is not.
 */
export class SallyportError extends Error {
	override readonly name = 'SallyportError';
	readonly code: string;

	constructor(code: string, message: string, options?: {readonly cause?: unknown}) {
		super(message, options);
		this.code = code;
	}
}

/** Code of the system for a failure, such as `ENOENT`; undefined where it has none. */
export function systemCodeOf(failure: unknown): string | undefined {
	return failure instanceof Error && 'code' in failure ? String(failure.code) : undefined;
}

/** The value of a success. Throws the failure as a `SallyportError` of its code. */
export function demandValue<Value>(result: Result<Value, CodedFailure>): Value {
	if (!result.ok) {
		throw new SallyportError(result.failure.code, result.failure.message);
	}

	return result.value;
}

/** Throws when our own code broke a promise that it made to itself. Never used on strangers' input. */
export function invariant(condition: unknown, promise: string): asserts condition {
	if (!condition) {
		throw new SallyportError('INVARIANT_BROKEN', `Expected ${promise}.`);
	}
}
