import {z} from 'zod';
import {type CryptoAnswerVerdict, checkCryptoAnswer} from '../../../wire/sdes/check-answer.js';
import {offeredKeying} from '../../../wire/sdes/offered-keying.js';
import {attributeValues} from '../../../wire/sdp/attributes.js';
import type {MediaSection, SdpSection} from '../../../wire/sdp/description.js';
import {parseMediaLines} from '../../../wire/sdp/parse-sdp.js';
import {defineFormat, failed, passed, skipped, type Verdict} from '../format.js';

const answerCase = z.object({
	/** Lines of media sections, and before them of the session where it has any. */
	offer: z.array(z.string()),
	answer: z.array(z.string()).optional(),
	expect: z.string(),
});

/** Offers and their answers (RFC 4568 §5.1): what the offerer makes of the answer's crypto lines. */
export const answerFormat = defineFormat<z.infer<typeof answerCase>>({
	family: 'sdes',
	schema: 'sdes-offer-answer/1',
	caseSchema: answerCase,
	tryCase({offer, answer, expect}) {
		const expectation = expectations.get(expect) ?? expectations.get(expect.split('-')[0] ?? '');
		if (!expectation) {
			return skipped(`the verdict ${expect} is not among those that this version knows`);
		}

		const offered = parseMediaLines(mediaLines(offer));
		const answered = parseMediaLines(mediaLines(answer ?? []));
		if (!offered.ok || (answer && !answered.ok)) {
			return expect === 'invalid' ? passed : failed('Expected readable media sections, got others.');
		}

		const session = {lines: sessionLines(offer).map((line) => ({type: line.slice(0, 1), value: line.slice(2)}))};
		return expectation(offered.value, answered.ok && answer ? answered.value : undefined, session);
	},
});

type Expectation = (
	offer: readonly MediaSection[],
	answer: readonly MediaSection[] | undefined,
	session: SdpSection,
) => Verdict;

/** An expectation about the verdicts on the sections of an answer. */
function onVerdicts(
	test: (verdicts: readonly CryptoAnswerVerdict[], offer: readonly MediaSection[]) => boolean,
): Expectation {
	return (offer, answer) => {
		if (!answer) {
			return skipped('it has no answer, and the verdict is about one');
		}

		const verdicts = checkCryptoAnswer(offer, answer);
		const got = verdicts.map((verdict) => ('code' in verdict ? verdict.code : verdict.verdict)).join(', ');
		return test(verdicts, offer) ? passed : failed(`Expected another verdict on the answer, got ${got || 'none'}.`);
	};
}

/** In order and with nothing given up: SRTP, a stream refused, or plain RTP where nobody spoke of more. */
function isUsable(verdict: CryptoAnswerVerdict): boolean {
	const isPlain = verdict.verdict === 'plain' && !verdict.wasCryptoOffered;
	return verdict.verdict === 'secure' || verdict.verdict === 'refused' || isPlain;
}

/** By verdict, or by its first word where the rest only says why. */
const expectations: ReadonlyMap<string, Expectation> = new Map([
	['valid', onVerdicts((verdicts) => verdicts.length > 0 && verdicts.every(isUsable))],
	[
		// In order, but to be noticed: one key stands under several suites of a section.
		'valid-flag',
		onVerdicts(
			(verdicts, offer) =>
				verdicts.length > 0 &&
				verdicts.every(
					(verdict, index) =>
						isUsable(verdict) &&
						(verdict.verdict !== 'secure' || verdict.isOfferKeyRepeated === repeatsKey(offer[index])),
				),
		),
	],
	['invalid', onVerdicts((verdicts) => verdicts.some(({verdict}) => verdict === 'invalid'))],
	['reject', onVerdicts((verdicts) => verdicts.some(({verdict}) => verdict === 'key-reused' || verdict === 'invalid'))],
	['osrtp', onVerdicts((verdicts) => verdicts.length > 0 && verdicts.every(isUsable))],
	[
		'osrtp-downgrade',
		onVerdicts((verdicts) => verdicts.some((verdict) => verdict.verdict === 'plain' && verdict.wasCryptoOffered)),
	],
	[
		'prefer-dtls',
		(offer, _answer, session) => {
			const keying = offer.map((section) => offeredKeying(section, session));
			return keying.includes('dtls-srtp')
				? passed
				: failed(`Expected DTLS-SRTP to be chosen, got ${keying.join(', ')}.`);
		},
	],
]);

function mediaLines(lines: readonly string[]): readonly string[] {
	return lines.slice(sessionLines(lines).length);
}

function sessionLines(lines: readonly string[]): readonly string[] {
	const first = lines.findIndex((line) => line.startsWith('m='));
	return first === -1 ? [] : lines.slice(0, first);
}

function repeatsKey(section: MediaSection | undefined): boolean {
	const keys = section
		? attributeValues(section, 'crypto').flatMap((value) => value.match(/inline:[^|; \t]+/gi) ?? [])
		: [];
	return new Set(keys).size < keys.length;
}
