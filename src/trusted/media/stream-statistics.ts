import type {NativeLegStatistics} from './native-media-plane.js';
import type {PayloadCodec} from './protocol.js';
import type {Jitter, StreamStatistics} from './stream-report.js';
import {estimateVoiceQuality} from './voice-quality.js';

/** What the streams of both legs need to be told apart and judged. */
export type StreamContext = {
	/** Codecs that the leg's peer may send. */
	readonly codecs: readonly PayloadCodec[];
	/** From here to the leg's peer, and to the peer of the other leg. */
	readonly roundTripUs: number | undefined;
	readonly otherRoundTripUs: number | undefined;
};

/** The streams that arrived on a leg, with an estimate of what a listener would say of each. */
export function toStreamStatistics(
	{streams}: NativeLegStatistics,
	{codecs, roundTripUs, otherRoundTripUs}: StreamContext,
): readonly StreamStatistics[] {
	const oneWayMs = ((roundTripUs ?? 0) + (otherRoundTripUs ?? 0)) / 2000;
	return streams.map((stream) => {
		const {ssrc, sentSsrc, packets, octets, expected, duplicates, reordered, restarts, clockHz, far} = stream;
		const lost = Math.max(expected - packets, 0);
		const codec = clockHz === 0 ? undefined : codecOf(stream.payloadType, codecs);
		const jitter = toJitter(stream.jitter, clockHz);
		const judge = (lossRatio: number, jitterMs: number) =>
			estimateVoiceQuality({
				lossRatio,
				delayMs: oneWayMs + fixedDelayMs + 2 * jitterMs,
				...(codec !== undefined && {codec}),
			});
		const farJitter = far && toJitter(far.jitter, clockHz);
		return {
			ssrc,
			sentSsrc,
			received: {packets, octets},
			expected,
			lost,
			duplicates,
			reordered,
			restarts,
			...(clockHz > 0 && {payloadType: stream.payloadType}),
			...(codec !== undefined && {codec}),
			...(jitter && {jitter, quality: judge(expected === 0 ? 0 : lost / expected, jitter.ms)}),
			...(far && {
				far: {
					fractionLost: far.fractionLost / 256,
					lost: far.cumulativeLost,
					...(far.roundTripUs !== undefined && {roundTripMs: far.roundTripUs / 1000}),
					...(farJitter && {jitter: farJitter, quality: judge(far.fractionLost / 256, farJitter.ms)}),
				},
			}),
			...(stream.farMetrics && {farMetrics: stream.farMetrics}),
		};
	});
}

function toJitter(units: number, clockHz: number): Jitter | undefined {
	return clockHz === 0 ? undefined : {units, ms: (1000 * units) / clockHz};
}

function codecOf(payloadType: number, codecs: readonly PayloadCodec[]): string | undefined {
	return codecs.find((codec) => codec.payloadType === payloadType)?.name ?? staticCodecs.get(payloadType);
}

/** Packetization and playing out, beside a jitter buffer of twice the jitter. */
const fixedDelayMs = 40;
/** Audio of RFC 3551 table 4. */
const staticCodecs: ReadonlyMap<number, string> = new Map([
	[0, 'PCMU'],
	[3, 'GSM'],
	[4, 'G723'],
	[8, 'PCMA'],
	[9, 'G722'],
	[15, 'G728'],
	[18, 'G729'],
]);
