import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';

/**
 * Plain data as JSON; octets are written `{"$octets": "<base64>"}`, big integers `{"$integer": "<decimal>"}`. Never `v8.deserialize`: what comes is a stranger's.
 * Reading refuses a name of a prototype, octets that are not base64 in its one form, and nesting beyond 32.
 */
export function writeLinkMessage(message: object): Buffer {
	return Buffer.from(JSON.stringify(message, octetsAsText));
}

/** Looks at the holder: a `Buffer` among the octets has been made something else when its value comes here. */
function octetsAsText(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
	const octets = this[name];
	if (typeof octets === 'bigint') {
		return {[integerName]: String(octets)};
	}

	return octets instanceof Uint8Array
		? {[octetsName]: Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64')}
		: value;
}

export function readLinkMessage(frame: Buffer): Result<unknown, CodedFailure<'BAD_FRAME'>> {
	let value: unknown;
	try {
		value = JSON.parse(utf8.decode(frame));
	} catch {
		return fail('BAD_FRAME', 'Expected JSON in UTF-8.');
	}

	try {
		return ok(withOctets(value, 0));
	} catch (error) {
		if (error instanceof RangeError) {
			return fail('BAD_FRAME', error.message);
		}

		throw error;
	}
}

/** The same value with octets in place of what stands for them. Throws `RangeError`. */
function withOctets(value: unknown, depth: number): unknown {
	if (typeof value !== 'object' || value === null) {
		return value;
	}

	if (depth > maxDepth) {
		throw new RangeError(`Expected at most ${maxDepth} values inside each other.`);
	}

	if (Array.isArray(value)) {
		return value.map((item) => withOctets(item, depth + 1));
	}

	const entries = Object.entries(value);
	if (Object.hasOwn(value, octetsName)) {
		return octetsOf(entries);
	}

	if (Object.hasOwn(value, integerName)) {
		return integerOf(entries);
	}

	const read: Record<string, unknown> = {};
	for (const [name, inner] of entries) {
		if (name === '__proto__') {
			throw new RangeError('Expected no name of a prototype.');
		}

		read[name] = withOctets(inner, depth + 1);
	}

	return read;
}

/** Every spelling but the one that we would write is refused. */
function octetsOf(entries: readonly (readonly [string, unknown])[]): Uint8Array {
	const text = entries[0]?.[1];
	const octets = entries.length === 1 && typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
	if (octets === undefined || octets.toString('base64') !== text) {
		throw new RangeError('Expected octets in base64.');
	}

	return new Uint8Array(octets);
}

function integerOf(entries: readonly (readonly [string, unknown])[]): bigint {
	const text = entries[0]?.[1];
	if (entries.length !== 1 || typeof text !== 'string' || !/^-?\d{1,20}$/.test(text)) {
		throw new RangeError('Expected an integer of at most 20 digits.');
	}

	return BigInt(text);
}

const octetsName = '$octets';
const integerName = '$integer';
const maxDepth = 32;
const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
