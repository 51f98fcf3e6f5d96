import {z} from 'zod';
import {toHex} from '../../../base/bytes.js';
import type {CryptoAttribute, CryptoFailure} from '../../../wire/sdes/crypto-attribute.js';
import {parseCryptoAttribute} from '../../../wire/sdes/parse-crypto.js';
import {writeCryptoAttribute} from '../../../wire/sdes/write-crypto.js';
import {allOf, defineFormat, failed, passed, skipped, type Verdict} from '../format.js';

const lineCase = z.object({
	line: z.string(),
	expect: z.string(),
	parsed: z.record(z.string(), z.unknown()).optional(),
});
type LineCase = z.infer<typeof lineCase>;

/** Single `a=crypto` lines (RFC 4568 §9), each with a word that says what may become of it. */
export const lineFormat = defineFormat<LineCase>({
	family: 'sdes',
	schema: 'sdes-line/1',
	caseSchema: lineCase,
	tryCase(vector) {
		const value = cryptoValue(vector.line);
		const rule = rules.get(vector.expect);
		if (!rule) {
			return skipped(`the verdict ${vector.expect} is not among those that this version knows`);
		}

		if (value === undefined) {
			return rule.mayRefuse ? passed : failed('Expected an a=crypto line, got another.');
		}

		const read = parseCryptoAttribute(value);
		if (read.ok) {
			return rule.mayAccept
				? allOf(checkKeys(value, read.value), checkRoundTrip(read.value), checkFields(read.value, vector.parsed))
				: failed('Expected the line to be refused, got it accepted.');
		}

		return allOf(checkRefusal(rule, read.failure), checkWhenAllowed(value, read.failure, vector.parsed));
	},
});

type Rule = {
	readonly mayAccept: boolean;
	readonly mayRefuse: boolean;
	/** Refusals that are in order although the line is grammatical; absent: any. */
	readonly refusals?: readonly CryptoFailure['code'][];
};

/** What each word of the format's legend allows. */
const rules: ReadonlyMap<string, Rule> = new Map([
	['accept', {mayAccept: true, mayRefuse: false}],
	['accept-syntax', {mayAccept: true, mayRefuse: true, refusals: ['UNSUPPORTED_SUITE', 'UNPROTECTED_MEDIA']}],
	['accept-syntax-unsupported-suite', {mayAccept: true, mayRefuse: true, refusals: ['UNSUPPORTED_SUITE']}],
	['reject-attribute', {mayAccept: false, mayRefuse: true}],
	['reject-policy', {mayAccept: false, mayRefuse: true}],
	['policy-refuse', {mayAccept: false, mayRefuse: true}],
	['reject-or-lenient', {mayAccept: true, mayRefuse: true}],
	['reject-or-canonicalise', {mayAccept: true, mayRefuse: true}],
	['policy', {mayAccept: true, mayRefuse: true}],
]);

function checkRefusal(rule: Rule, {code}: CryptoFailure): Verdict {
	if (!rule.mayRefuse) {
		return failed(`Expected the line to be accepted, got ${code}.`);
	}

	return !rule.refusals || rule.refusals.includes(code)
		? passed
		: failed(`Expected the line to be read and at most ${rule.refusals.join(' or ')}, got ${code}.`);
}

/** A line that is refused only because it gives protection up must be read as it says once that is allowed. */
function checkWhenAllowed(value: string, {code}: CryptoFailure, parsed: LineCase['parsed']): Verdict {
	if (code !== 'UNPROTECTED_MEDIA') {
		return passed;
	}

	const read = parseCryptoAttribute(value, {unprotectedMedia: 'i-accept-unprotected-media'});
	return read.ok ? checkFields(read.value, parsed) : failed(`Expected a readable line, got ${read.failure.code}.`);
}

/** The keys must be the octets that the line spells: a lenient reader may not invent others. */
function checkKeys(value: string, {keys}: CryptoAttribute): Verdict {
	const spelled = [...(value.split(/[ \t]+/)[2] ?? '').matchAll(/inline:([^|;]*)/gi)].map(([, text = '']) =>
		Buffer.from(text, 'base64').toString('hex'),
	);
	const read = keys.map(({keyAndSalt}) => toHex(keyAndSalt));
	return spelled.join() === read.join() ? passed : failed('Expected the keys that the line spells, got others.');
}

/** What we write of a line must read as the same line again. */
function checkRoundTrip(attribute: CryptoAttribute): Verdict {
	const written = writeCryptoAttribute(attribute);
	const again = parseCryptoAttribute(written, {unprotectedMedia: 'i-accept-unprotected-media'});
	return again.ok && writeCryptoAttribute(again.value) === written
		? passed
		: failed('Expected a line that reads again as it was written, got another.');
}

function checkFields(attribute: CryptoAttribute, parsed: LineCase['parsed']): Verdict {
	const verdicts = Object.entries(parsed ?? {}).map(([name, expected]) => {
		const reader = fields.get(name);
		if (!reader) {
			return skipped(`the field ${name} is not among those that this version compares`);
		}

		const actual = reader(attribute);
		return String(actual) === String(expected)
			? passed
			: failed(`Expected ${name} ${expected}, got ${actual ?? 'nothing'}.`);
	});
	// A field that differs weighs more than one that nobody compared.
	return verdicts.find(({verdict}) => verdict === 'failed') ?? allOf(...verdicts);
}

/** How the format names what a line says. */
const fields: ReadonlyMap<string, (attribute: CryptoAttribute) => string | number | boolean | bigint | undefined> =
	new Map<string, (attribute: CryptoAttribute) => string | number | boolean | bigint | undefined>([
		['tag', ({tag}) => tag],
		['suite', ({suite}) => suite],
		['keyMethod', () => 'inline'],
		['keys', ({keys}) => keys.length],
		['lifetime', ({keys}) => keys[0].lifetimePackets],
		['mki', ({keys}) => keys[0].mki && BigInt(`0x${toHex(keys[0].mki)}`)],
		['mkiLength', ({keys}) => keys[0].mki?.length],
		['kdr', ({sessionParameters}) => sessionParameters.keyDerivationRate],
		['wsh', ({sessionParameters}) => sessionParameters.windowSizeHint],
		['fecOrder', ({sessionParameters}) => sessionParameters.fecOrder],
		['fecKeys', ({sessionParameters}) => sessionParameters.fecKeys?.length],
		['unencryptedSrtp', ({sessionParameters}) => sessionParameters.isSrtpUnencrypted],
		['unencryptedSrtcp', ({sessionParameters}) => sessionParameters.isSrtcpUnencrypted],
		['unauthenticatedSrtp', ({sessionParameters}) => sessionParameters.isSrtpUnauthenticated],
	]);

function cryptoValue(line: string): string | undefined {
	return /^a=crypto:(.*?)(?:\r?\n)?$/s.exec(line)?.[1];
}
