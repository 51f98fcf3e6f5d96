import type {VoiceQuality} from './stream-report.js';

/**
 * What a listener would say of a call, estimated by the E-model (ITU-T G.107) with its default values for everything that
 * a relay cannot know: loudness, echo, noise, advantage of access. For narrow-band speech.
 */

/** How a codec takes loss (ITU-T G.113 Appendix I). */
export type CodecImpairment = {
	/** Equipment impairment without loss, `Ie`. */
	readonly impairment: number;
	/** Packet-loss robustness, `Bpl`. */
	readonly lossRobustness: number;
};

/**
 * Codecs by their names in `a=rtpmap`, upper case. Values of G.113 Appendix I for random loss, with the packet loss
 * concealment that each codec has; for G.711 that of its Appendix I. A codec that is not here counts as G.711: an
 * estimate for wide-band codecs says what a narrow-band call would be like on the same network.
 */
export const codecImpairments: ReadonlyMap<string, CodecImpairment> = new Map([
	['PCMU', {impairment: 0, lossRobustness: 25.1}],
	['PCMA', {impairment: 0, lossRobustness: 25.1}],
	['G729', {impairment: 11, lossRobustness: 19}],
	['G723', {impairment: 15, lossRobustness: 16.1}],
	['GSM-EFR', {impairment: 5, lossRobustness: 10}],
	['AMR', {impairment: 5, lossRobustness: 10}],
]);

const g711: CodecImpairment = {impairment: 0, lossRobustness: 25.1};

/**
 * Estimates from the share of packets lost (0 to 1), random loss assumed, and the one-way delay from mouth to ear in
 * milliseconds, jitter buffer included.
 */
export function estimateVoiceQuality({
	lossRatio,
	delayMs,
	codec,
}: {
	readonly lossRatio: number;
	readonly delayMs: number;
	/** Name in `a=rtpmap`. @default 'PCMU' */
	readonly codec?: string;
}): VoiceQuality {
	const {impairment, lossRobustness} = codecImpairments.get(codec?.toUpperCase() ?? '') ?? g711;
	const lossPercent = 100 * lossRatio;
	const equipment = impairment + (95 - impairment) * (lossPercent / (lossPercent + lossRobustness));
	const rating = basicSignalToNoise - simultaneousImpairment - delayImpairment(delayMs) - equipment;
	const ratingFactor = Math.min(Math.max(rating, 0), 100);
	return {ratingFactor, mos: toMos(ratingFactor)};
}

/** G.107 Annex B. */
function toMos(rating: number): number {
	const mos = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
	return Math.max(mos, 1);
}

/** Talker echo, listener echo and pure delay (G.107 §7.4) for one-way delay T, mean of both ways; Tr = 2T, Ta = T. */
function delayImpairment(delayMs: number): number {
	const talkerEchoRating =
		talkerEchoLoudness - 40 * Math.log10((1 + delayMs / 10) / (1 + delayMs / 150)) + 6 * Math.exp(-0.3 * delayMs ** 2);
	const talkerNoise = -1.5 * (noiseDbm0p - receiveLoudness);
	const talkerQuality = 80 + 2.5 * (talkerEchoRating - 14);
	const talkerGap = (talkerNoise - talkerQuality) / 2;
	const talker = (talkerGap + Math.sqrt(talkerGap ** 2 + 100) - 1) * (1 - Math.exp(-delayMs));

	const listenerQuality = 10.5 * (weightedEchoPathLoss + 7) * (2 * delayMs + 1) ** -0.25;
	const listenerGap = (basicSignalToNoise - listenerQuality) / 2;
	const listener = listenerGap + Math.sqrt(listenerGap ** 2 + 169);
	return talker + listener + pureDelayImpairment(delayMs);
}

function pureDelayImpairment(delayMs: number): number {
	if (delayMs <= 100) {
		return 0;
	}

	const x = Math.log2(delayMs / 100);
	return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** Of the default values of G.107 table 2; echo path losses and loudness in dB. */
const basicSignalToNoise = 94.77;
const simultaneousImpairment = 1.41;
const noiseDbm0p = -61.18;
const receiveLoudness = 2;
const talkerEchoLoudness = 65;
const weightedEchoPathLoss = 110;
