/**
 * Outcome of an operation whose failure is expected and frequent (a bad packet, a stranger's message).
 * A caller's mistake throws instead; see `SallyportError`.
 */
export type Result<Value, Failure> =
	| {readonly ok: true; readonly value: Value}
	| {readonly ok: false; readonly failure: Failure};

/** A failure that carries no more than a stable code and what a person needs to find the fault. */
export type CodedFailure<Code extends string = string> = {
	/** Stable and documented; programs branch on it. */
	readonly code: Code;
	/** One sentence: what was expected and what came. Not stable, and never with key bytes or plaintext. */
	readonly message: string;
};

/** A success. */
export function ok<Value>(value: Value): {readonly ok: true; readonly value: Value} {
	return {ok: true, value};
}

/** A failure with a code and one sentence. */
export function fail<Code extends string>(
	code: Code,
	message: string,
): {readonly ok: false; readonly failure: CodedFailure<Code>} {
	return {ok: false, failure: {code, message}};
}
