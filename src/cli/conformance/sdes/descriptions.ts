import {z} from 'zod';
import type {CryptoFailureCode} from '../../../wire/sdes/crypto-attribute.js';
import {parseCryptoAttribute} from '../../../wire/sdes/parse-crypto.js';
import {cryptoLines} from '../../../wire/sdes/redact-crypto.js';
import {isSrtpSuiteName, srtpSuites} from '../../../wire/sdes/suites.js';
import {attributeValues} from '../../../wire/sdp/attributes.js';
import {parseSdp} from '../../../wire/sdp/parse-sdp.js';
import {allOf, defineFormat, expectValue, failed, passed, readCaseFile, type Verdict} from '../format.js';

const keyEntry = z.object({
	tag: z.union([z.string(), z.number()]).transform(String),
	suite: z.string(),
	keyBytes: z.int().optional(),
});

const descriptionCase = z.object({
	file: z.string(),
	cryptoCount: z.int().optional(),
	/** Each line that spells a key: what it says, whether or not it can be used. */
	keys: z.array(keyEntry).optional(),
	/** SIP status that pjsip's own test of the description expects. */
	pjsuaVerdict: z.int().optional(),
});

/** Session descriptions of devices and of other projects' tests: the crypto lines that we find and use. */
export const descriptionFormat = defineFormat<z.infer<typeof descriptionCase>>({
	family: 'sdes',
	schema: 'sdp-device/1',
	caseSchema: descriptionCase,
	idOf: ({file}) => file,
	async tryCase({file, cryptoCount, keys, pjsuaVerdict = 200}, folder) {
		const description = parseSdp(await readCaseFile(folder, file));
		if (!description.ok) {
			return failed(`Expected a readable session description, got ${description.failure.code}.`);
		}

		// A line at session level means nothing (RFC 4568 §4), but the index counts it.
		const session = attributeValues(description.value, 'crypto');
		const lines = [...session, ...cryptoLines(description.value).map(({value}) => value)];
		return allOf(
			expectValue('a number of crypto lines of', lines.length, cryptoCount),
			keys ? compareKeys(lines, keys, pjsuaVerdict >= 300) : passed,
		);
	},
});

/** Lines that spell a key, in order, against the entries: tag, suite and length, and whether we use the line. */
function compareKeys(
	lines: readonly string[],
	entries: readonly z.infer<typeof keyEntry>[],
	mayRefuse: boolean,
): Verdict {
	const withKey = lines.filter((value) => /inline:[^|; \t]/i.test(value));
	const withoutKey = lines.filter((value) => !withKey.includes(value));
	return allOf(
		expectValue('a number of lines with a key of', withKey.length, entries.length),
		...entries.map((entry, index) => compareLine(withKey[index] ?? '', entry, mayRefuse)),
		...withoutKey.map((value) =>
			parseCryptoAttribute(value).ok ? failed('Expected a line without a key to be refused, got it accepted.') : passed,
		),
	);
}

function compareLine(value: string, {tag, suite, keyBytes}: z.infer<typeof keyEntry>, mayRefuse: boolean): Verdict {
	const read = parseCryptoAttribute(value);
	const name = suite.toUpperCase().replace(/^AES_CM_(192|256)_/, 'AES_$1_CM_');
	const fits = keyBytes === undefined || (isSrtpSuiteName(name) && keyBytes === octetsOf(name));
	const isUsable = /^\d{1,9}$/.test(tag) && isSrtpSuiteName(name) && fits;
	if (!read.ok) {
		return !isUsable || mayRefuse || policyRefusals.has(read.failure.code)
			? passed
			: failed(`Expected line ${tag} to be used, got ${read.failure.code}.`);
	}

	return allOf(
		isUsable ? passed : failed(`Expected line ${tag} of ${suite} to be refused, got it accepted.`),
		expectValue('a tag of', read.value.tag, Number(tag)),
		expectValue('a suite of', read.value.suite, isSrtpSuiteName(name) ? name : undefined),
		expectValue('octets of key and salt', read.value.keys[0].keyAndSalt.length, keyBytes),
	);
}

/** Refusals of what is grammatical: the index says what a line spells, not whether to trust it. */
const policyRefusals: ReadonlySet<CryptoFailureCode> = new Set([
	'WEAK_KEY',
	'DUPLICATE_KEY',
	'UNPROTECTED_MEDIA',
	'UNKNOWN_SESSION_PARAMETER',
	'NON_CANONICAL_BASE64',
]);

function octetsOf(suite: keyof typeof srtpSuites): number {
	return srtpSuites[suite].keyOctets + srtpSuites[suite].saltOctets;
}
