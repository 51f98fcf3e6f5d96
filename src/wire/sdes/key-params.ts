import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {CryptoFailureCode, CryptoKey} from './crypto-attribute.js';
import {type SrtpSuiteName, srtpSuites} from './suites.js';

type KeyFailure = CodedFailure<CryptoFailureCode>;
type Keys = readonly [CryptoKey, ...CryptoKey[]];

/**
 * Reads `inline:…[|lifetime][|MKI:length]`, several of them separated by semicolons (RFC 4568 §6.1, §9.2). Lengths of keys
 * are checked where the suite is known.
 */
export function parseKeyParams(text: string, suite: SrtpSuiteName | undefined): Result<Keys, KeyFailure> {
	const keys: CryptoKey[] = [];
	for (const param of text.split(';', maxKeys + 1)) {
		const key = parseKeyParam(param, suite);
		if (!key.ok) {
			return key;
		}

		keys.push(key.value);
	}

	if (keys.length > maxKeys) {
		return fail('TOO_MANY_KEYS', `Expected ${maxKeys} keys at most, got more.`);
	}

	const [first, ...others] = keys;
	if (!first) {
		return fail('MISSING_KEY', 'Expected a key, got none.');
	}

	return others.length === 0 || haveDistinctMkis(keys)
		? ok([first, ...others])
		: fail('AMBIGUOUS_MKI', 'Expected several keys to have distinct MKIs of one length, got something else.');
}

/** The keys as text. */
export function writeKeyParams(keys: readonly CryptoKey[]): string {
	return keys.map(writeKeyParam).join(';');
}

function parseKeyParam(text: string, suite: SrtpSuiteName | undefined): Result<CryptoKey, KeyFailure> {
	const match = /^([^:]*):(.*)$/.exec(text);
	if (!match) {
		return fail('MISSING_KEY', 'Expected "inline:" and a key, got something else.');
	}

	if (match[1]?.toLowerCase() !== 'inline') {
		return fail('UNKNOWN_KEY_METHOD', 'Expected the key method inline, got another.');
	}

	const [keyText = '', ...fields] = (match[2] ?? '').split('|', 4);
	if (keyText === '') {
		return fail('MISSING_KEY', 'Expected a key after "inline:", got none.');
	}

	const keyAndSalt = decodeKey(keyText, suite);
	if (!keyAndSalt.ok) {
		return keyAndSalt;
	}

	// The colon alone tells an MKI from a lifetime (RFC 4568 §6.1).
	const [lifetimeText, mkiText] = fields[0]?.includes(':') ? [undefined, ...fields] : fields;
	if (fields.length > 2 || (lifetimeText === undefined && fields.length > 1)) {
		return fail('BAD_MKI', 'Expected nothing after the MKI, got more.');
	}

	const lifetimePackets = lifetimeText === undefined ? undefined : parseLifetime(lifetimeText);
	if (lifetimePackets === null) {
		return fail('BAD_LIFETIME', 'Expected a lifetime from 1 to 2^48 packets, got something else.');
	}

	const mki = mkiText === undefined ? undefined : parseMki(mkiText);
	if (mki === null) {
		return fail('BAD_MKI', 'Expected "value:length", 1 to 128 octets that hold the value, got something else.');
	}

	return ok({
		keyAndSalt: keyAndSalt.value,
		...(lifetimePackets === undefined ? {} : {lifetimePackets}),
		...(mki === undefined ? {} : {mki}),
	});
}

function decodeKey(text: string, suite: SrtpSuiteName | undefined): Result<Uint8Array, KeyFailure> {
	if (text.length > maxKeyText || !/^[A-Za-z\d+/]+={0,2}$/.test(text)) {
		return fail('BAD_BASE64', 'Expected base64, got something else.');
	}

	// Padding may be missing, as rtpengine and phones write AES-256 keys; each key has no other second spelling.
	const unpadded = text.replace(/=+$/, '');
	const octets = Uint8Array.from(Buffer.from(unpadded, 'base64'));
	const canonical = Buffer.from(octets).toString('base64');
	if (text !== canonical && text !== canonical.replace(/=+$/, '')) {
		return fail('NON_CANONICAL_BASE64', 'Expected canonical base64, got superfluous padding or trailing bits.');
	}

	if (suite !== undefined) {
		const {keyOctets, saltOctets} = srtpSuites[suite];
		if (octets.length !== keyOctets + saltOctets) {
			return fail('BAD_KEY_LENGTH', `Expected ${keyOctets + saltOctets} octets of key and salt, got ${octets.length}.`);
		}
	}

	return ok(octets);
}

function parseLifetime(text: string): number | null {
	const match = /^(2\^)?(\d{1,15})$/.exec(text);
	const number = Number(match?.[2]);
	const packets = match?.[1] ? 2 ** number : number;
	return packets >= 1 && packets <= maxLifetimePackets ? packets : null;
}

function parseMki(text: string): Uint8Array | null {
	const match = /^(\d{1,309}):(\d{1,3})$/.exec(text);
	const length = Number(match?.[2]);
	if (!match?.[1] || length < 1 || length > 128) {
		return null;
	}

	const digits = BigInt(match[1]).toString(16);
	return digits.length > 2 * length ? null : Uint8Array.from(Buffer.from(digits.padStart(2 * length, '0'), 'hex'));
}

function haveDistinctMkis(keys: readonly CryptoKey[]): boolean {
	const lengths = new Set(keys.map(({mki}) => mki?.length));
	const values = new Set(keys.map(({mki}) => Buffer.from(mki ?? []).toString('hex')));
	return lengths.size === 1 && !lengths.has(undefined) && values.size === keys.length;
}

function writeKeyParam({keyAndSalt, lifetimePackets, mki}: CryptoKey): string {
	const lifetime = lifetimePackets === undefined ? '' : `|${writeLifetime(lifetimePackets)}`;
	const identifier = mki === undefined ? '' : `|${BigInt(`0x${Buffer.from(mki).toString('hex')}`)}:${mki.length}`;
	return `inline:${Buffer.from(keyAndSalt).toString('base64')}${lifetime}${identifier}`;
}

function writeLifetime(packets: number): string {
	const exponent = Math.log2(packets);
	return Number.isInteger(exponent) && 2 ** exponent === packets ? `2^${exponent}` : String(packets);
}

const maxKeys = 16;
/** Longer than the base64 of any suite's key by far. */
const maxKeyText = 1024;
const maxLifetimePackets = 2 ** 48;
