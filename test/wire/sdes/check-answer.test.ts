import {readFileSync} from 'node:fs';
import test from 'ava';
import {type CryptoAnswerVerdict, checkCryptoAnswer, offeredKeying} from '#dist/wire/sdes/index.js';
import {type MediaSection, parseMediaLines} from '#dist/wire/sdp/index.js';
import {readShared, testWithShared} from '../shared-vectors.js';

type Case = {
	readonly id: string;
	readonly source: string;
	readonly offer: readonly string[];
	readonly answer: readonly string[];
	readonly expect: readonly string[];
};

const own: {readonly cases: readonly Case[]} = JSON.parse(readFileSync('test/vectors/sdes-answers.json', 'utf8'));

function sections(lines: readonly string[]): readonly MediaSection[] {
	const parsed = parseMediaLines(lines);
	if (!parsed.ok) {
		throw new Error(parsed.failure.message);
	}

	return parsed.value;
}

for (const {id, source, offer, answer, expect} of own.cases) {
	test(`The answer "${id}" is judged as ${source} says`, (t) => {
		const verdicts = checkCryptoAnswer(sections(offer), sections(answer));
		t.deepEqual(
			verdicts.map((verdict) => (verdict.verdict === 'invalid' ? verdict.code : verdict.verdict)),
			expect,
		);
	});
}

test('Flags that take protection away must stand on both sides', (t) => {
	const [plain] = own.cases;
	const options = {unprotectedMedia: 'i-accept-unprotected-media'} as const;
	const offer = sections(plain?.offer ?? []);
	const answer = sections((plain?.answer ?? []).map((line) => line.replace(/^(a=crypto.*)$/, '$1 UNENCRYPTED_SRTCP')));
	const [verdict] = checkCryptoAnswer(offer, answer, options);
	t.deepEqual(verdict, {verdict: 'invalid', code: 'PARAMETERS_DIFFER'});
});

type SharedCase = {
	readonly id: string;
	readonly offer: readonly string[];
	readonly answer: readonly string[] | null;
	readonly expect: string;
};

const shared = readShared<{readonly cases: readonly SharedCase[]}>('sdes', 'offer-answer.json');
const withVectors = testWithShared(['sdes', 'offer-answer.json']);

withVectors('Every offer and answer of the shared vectors gets its verdict', (t) => {
	for (const {id, offer, answer, expect} of shared?.cases ?? []) {
		if (answer) {
			const [verdict] = checkCryptoAnswer(sections(offer), sections(answer));
			t.is(verdict && wordOf(verdict), expect, id);
		} else {
			const [section] = sections(offer);
			t.is(section && `prefer-${offeredKeying(section).replace('-srtp', '')}`, expect, id);
		}
	}
});

/** The verdict in the words of the vector file. */
function wordOf(verdict: CryptoAnswerVerdict): string {
	switch (verdict.verdict) {
		case 'secure':
			return verdict.isOfferKeyRepeated ? 'valid-flag' : 'valid';
		case 'refused':
			return 'valid';
		case 'plain':
			return verdict.wasCryptoOffered ? 'osrtp-downgrade' : 'valid';
		case 'key-reused':
			return 'reject-policy';
		case 'invalid':
			return 'invalid';
	}
}

test('A fingerprint of the session is preferred to keys in the SDP', (t) => {
	const [section] = sections(own.cases[0]?.offer ?? []);
	const [bare] = sections(['m=audio 4000 RTP/AVP 0']);
	t.is(section && offeredKeying(section), 'sdes');
	t.is(section && offeredKeying(section, {lines: [{type: 'a', value: 'fingerprint:sha-256 AB'}]}), 'dtls-srtp');
	t.is(bare && offeredKeying(bare), 'none');
});
