import {equalBytes} from '../../base/bytes.js';
import {attributeValues} from '../sdp/attributes.js';
import type {MediaSection} from '../sdp/description.js';
import type {CryptoAttribute, CryptoFailureCode} from './crypto-attribute.js';
import {type ParseCryptoOptions, parseCryptoAttribute} from './parse-crypto.js';
import {srtpSuites} from './suites.js';

/** Why an answer breaks the rules of RFC 4568 §5.1.2, §5.1.3 or RFC 3264 §6. */
export type CryptoAnswerFault =
	/** What the answer's crypto line has wrong in itself. */
	| CryptoFailureCode
	/** Not as many media sections as the offer, or another kind of media or profile. */
	| 'SECTION_MISMATCH'
	/** A secure profile, and no crypto line. */
	| 'CRYPTO_MISSING'
	/** More than one crypto line. */
	| 'CRYPTO_REPEATED'
	/** A tag that no usable line of the offer has. */
	| 'TAG_NOT_OFFERED'
	/** The offer has that tag twice. */
	| 'TAG_AMBIGUOUS'
	/** Another suite than the offer has under that tag. */
	| 'SUITE_NOT_OFFERED'
	/** UNENCRYPTED_… or UNAUTHENTICATED_… on one side only. */
	| 'PARAMETERS_DIFFER';

/** What an answer makes of one media section of the offer. */
export type CryptoAnswerVerdict =
	/** SRTP, with these two lines. */
	| {
			readonly verdict: 'secure';
			readonly offered: CryptoAttribute;
			readonly answered: CryptoAttribute;
			/** The offer has one key under several suites, as Cisco SPA and Zoiper send it: one key, not a replay. */
			readonly isOfferKeyRepeated: boolean;
	  }
	/** Port 0: the stream is refused. */
	| {readonly verdict: 'refused'}
	/** Plain RTP on both sides, whether crypto was offered (RFC 8643 §3.1) or not: policy decides. */
	| {readonly verdict: 'plain'; readonly wasCryptoOffered: boolean}
	/** The answer's key is one of the offer's, or a key of either side stands in two sections (RFC 3711 §9.1). */
	| {readonly verdict: 'key-reused'}
	| {readonly verdict: 'invalid'; readonly code: CryptoAnswerFault};

/**
 * Checks the crypto lines of an answer against those of its offer, section by section (RFC 4568 §5.1.3). KDR, WSH and FEC
 * parameters are each side's own (§6.3) and may differ.
 */
export function checkCryptoAnswer(
	offer: readonly MediaSection[],
	answer: readonly MediaSection[],
	options?: ParseCryptoOptions,
): readonly CryptoAnswerVerdict[] {
	const offered = offer.map((section) => readCrypto(section, options));
	const usedKeys = offered.flat().flatMap(masterKeys);
	const count = Math.max(offer.length, answer.length);
	return Array.from({length: count}, (_, index): CryptoAnswerVerdict => {
		const theirs = answer[index];
		const ours = offer[index];
		if (!ours || !theirs) {
			return {verdict: 'invalid', code: 'SECTION_MISMATCH'};
		}

		const verdict = checkSection(ours, offered[index] ?? [], theirs, options);
		if (verdict.verdict !== 'secure') {
			return verdict;
		}

		const keys = masterKeys(verdict.answered);
		const isReused = sharesKey(keys, usedKeys);
		usedKeys.push(...keys);
		// One key for two sections of the offer is as bad: their streams would share a keystream.
		const earlier = offered.slice(0, index).flat().flatMap(masterKeys);
		return isReused || sharesKey(masterKeys(verdict.offered), earlier) ? {verdict: 'key-reused'} : verdict;
	});
}

function checkSection(
	offer: MediaSection,
	offered: readonly CryptoAttribute[],
	answer: MediaSection,
	options: ParseCryptoOptions | undefined,
): CryptoAnswerVerdict {
	const sameProtocol = offer.protocol.toUpperCase() === answer.protocol.toUpperCase();
	if (offer.media !== answer.media || (answer.port !== 0 && (!sameProtocol || offer.port === 0))) {
		return {verdict: 'invalid', code: 'SECTION_MISMATCH'};
	}

	if (answer.port === 0) {
		return {verdict: 'refused'};
	}

	const [line, ...others] = attributeValues(answer, 'crypto');
	if (line === undefined) {
		return isSecureProfile(answer.protocol)
			? {verdict: 'invalid', code: 'CRYPTO_MISSING'}
			: {verdict: 'plain', wasCryptoOffered: attributeValues(offer, 'crypto').length > 0};
	}

	const answered = parseCryptoAttribute(line, options);
	if (others.length > 0 || !answered.ok) {
		return {verdict: 'invalid', code: answered.ok ? 'CRYPTO_REPEATED' : answered.failure.code};
	}

	return matchLine(offered, answered.value);
}

function matchLine(offered: readonly CryptoAttribute[], answered: CryptoAttribute): CryptoAnswerVerdict {
	const [line, ...others] = offered.filter(({tag}) => tag === answered.tag);
	if (!line || others.length > 0) {
		return {verdict: 'invalid', code: line ? 'TAG_AMBIGUOUS' : 'TAG_NOT_OFFERED'};
	}

	if (line.suite !== answered.suite) {
		return {verdict: 'invalid', code: 'SUITE_NOT_OFFERED'};
	}

	const flags = ['isSrtpUnencrypted', 'isSrtcpUnencrypted', 'isSrtpUnauthenticated'] as const;
	if (flags.some((flag) => line.sessionParameters[flag] !== answered.sessionParameters[flag])) {
		return {verdict: 'invalid', code: 'PARAMETERS_DIFFER'};
	}

	const keys = offered.flatMap(masterKeys).map((key) => Buffer.from(key).toString('latin1'));
	return {verdict: 'secure', offered: line, answered, isOfferKeyRepeated: new Set(keys).size < keys.length};
}

function readCrypto(section: MediaSection, options: ParseCryptoOptions | undefined): CryptoAttribute[] {
	return attributeValues(section, 'crypto').flatMap((value) => {
		const attribute = parseCryptoAttribute(value, options);
		return attribute.ok ? [attribute.value] : [];
	});
}

function masterKeys({suite, keys}: CryptoAttribute): Uint8Array[] {
	return keys.map(({keyAndSalt}) => keyAndSalt.subarray(0, srtpSuites[suite].keyOctets));
}

function sharesKey(keys: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
	return keys.some((key) => others.some((other) => equalBytes(other, key)));
}

function isSecureProfile(protocol: string): boolean {
	return /(?:^|\/)SAVPF?$/i.test(protocol);
}
