import type {ZodError} from 'zod';

/**
 * True where a message has another form than ours have: fields that are unknown, missing or of another type. Values that are
 * too long or spelt in a way that is not allowed may have come through our own code from a stranger's message.
 */
export function isForeign({issues}: ZodError): boolean {
	return issues.some(({code}) => !ofValues.has(code));
}

const ofValues: ReadonlySet<string> = new Set(['too_big', 'too_small', 'invalid_format', 'custom']);
