import {isIP} from 'node:net';
import type {TransportAddress} from './protocol.js';

/** Throws unless `value` is an integer from `least` to `most`. */
export function expectInteger(name: string, value: unknown, least: number, most: number): number {
	if (typeof value !== 'number' || !Number.isInteger(value)) {
		throw new TypeError(`Expected an integer from ${least} to ${most} for \`${name}\`, got ${describe(value)}.`);
	}

	if (value < least || value > most) {
		throw new RangeError(`Expected an integer from ${least} to ${most} for \`${name}\`, got ${value}.`);
	}

	return value;
}

/** Throws unless `value` is one of `choices`. */
export function expectChoice<Choice extends string>(name: string, value: unknown, choices: readonly Choice[]): Choice {
	const choice = choices.find((candidate) => candidate === value);
	if (choice === undefined) {
		throw new TypeError(`Expected one of ${choices.join(', ')} for \`${name}\`, got ${describe(value)}.`);
	}

	return choice;
}

/** Throws unless `value` is 1 to 32 of letters, digits, `.`, `_` and `-`. */
export function expectName(name: string, value: unknown): string {
	if (typeof value !== 'string' || !/^[\w.-]{1,32}$/.test(value)) {
		throw new TypeError(
			`Expected 1 to 32 letters, digits, \`.\`, \`_\` or \`-\` for \`${name}\`, got ${describe(value)}.`,
		);
	}

	return value;
}

/** Throws unless `value` is a numeric IPv4 or IPv6 address without a zone. */
export function expectAddress(name: string, value: unknown): string {
	if (typeof value !== 'string' || isIP(value) === 0 || value.includes('%')) {
		throw new TypeError(`Expected a numeric IPv4 or IPv6 address for \`${name}\`, got ${describe(value)}.`);
	}

	return value;
}

/** Throws unless `value` is an address with a port from 1 to 65535. */
export function expectTransportAddress(name: string, value: unknown): TransportAddress {
	const {address, port} = expectObject(name, value, ['address', 'port']);
	return {
		address: expectAddress(`${name}.address`, address),
		port: expectInteger(`${name}.port`, port, 1, 65_535),
	};
}

/** Throws unless `value` is an object all of whose names are in `names`. */
export function expectObject<Name extends string>(
	name: string,
	value: unknown,
	names: readonly Name[],
): {readonly [Key in Name]?: unknown} {
	if (typeof value !== 'object' || value === null) {
		throw new TypeError(`Expected an object for \`${name}\`, got ${describe(value)}.`);
	}

	const known: readonly string[] = names;
	const unknown = Object.keys(value).find((key) => !known.includes(key));
	if (unknown !== undefined) {
		throw new TypeError(`Expected only ${names.join(', ')} in \`${name}\`, got \`${unknown.slice(0, 40)}\`.`);
	}

	return value;
}

/** Throws unless `value` is an array of `least` to `most` entries. */
export function expectArray(name: string, value: unknown, least: number, most: number): readonly unknown[] {
	if (!Array.isArray(value) || value.length < least || value.length > most) {
		const got = Array.isArray(value) ? `${value.length} entries` : describe(value);
		throw new TypeError(`Expected an array of ${least} to ${most} entries for \`${name}\`, got ${got}.`);
	}

	return value;
}

/** Throws unless `value` holds `least` to `most` octets; returns a copy of them. */
export function expectOctets(name: string, value: unknown, least: number, most: number): Uint8Array {
	if (!(value instanceof Uint8Array)) {
		throw new TypeError(`Expected a Uint8Array for \`${name}\`, got ${describe(value)}.`);
	}

	if (value.byteLength < least || value.byteLength > most) {
		throw new RangeError(`Expected ${least} to ${most} octets for \`${name}\`, got ${value.byteLength}.`);
	}

	return Uint8Array.from(value);
}

/** Names what came without showing more of it than a person needs. */
function describe(value: unknown): string {
	if (typeof value === 'string') {
		return `a string of ${value.length} characters`;
	}

	if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) {
		return String(value);
	}

	return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
