import {PcmTrack, type PcmTrackOptions} from '../../core/rtp/pcm-track.js';
import {ReorderBuffer, type ReorderOptions} from '../../core/rtp/reorder-buffer.js';
import {SourceStatistics} from '../../core/rtp/source-statistics.js';
import {decodeG711, type G711Codec} from '../../wire/audio/g711.js';
import {telephoneSampleRate} from '../../wire/audio/telephone-audio.js';
import type {RtpPacket} from '../../wire/rtp/rtp-packet.js';

/** Figures of one source. */
export type SourceSummary = {
	readonly ssrc: number;
	/** RTP packets that came, duplicates included. */
	readonly packets: number;
	/** RTP packets that the source sent, as sequence numbers tell. */
	readonly expected: number;
	/** Never came, as far as known by now. */
	readonly lost: number;
	/** Came more than once. */
	readonly duplicates: number;
	/** Came after their place in the sound had been given up. */
	readonly late: number;
	readonly jitterMs: number;
	/** Samples of the recording, silence for what is missing included. */
	readonly samples: number;
	readonly silentSamples: number;
	/** True after its RTCP BYE. */
	readonly saidGoodbye: boolean;
};

/** What became of a packet: the reason of its drop, or nothing. */
export type SourceDrop = 'duplicate' | 'late' | 'out-of-sequence';

/** One synchronization source as it is received: put in order, decoded, recorded, counted. */
export class ReceivedSource {
	readonly statistics: SourceStatistics;
	readonly track: PcmTrack;
	readonly #reorderOptions: ReorderOptions;
	#buffer: ReorderBuffer<{readonly packet: RtpPacket; readonly codec: G711Codec}>;
	#duplicates = 0;
	#late = 0;
	#saidGoodbye = false;

	constructor(ssrc: number, reorder: ReorderOptions, track: PcmTrackOptions) {
		// Zero: whether strangers may begin a source is decided by authentication and by allowed addresses, not here.
		this.statistics = new SourceStatistics({ssrc, clockRate: telephoneSampleRate, minSequentialPackets: 0});
		this.track = new PcmTrack(track);
		this.#reorderOptions = reorder;
		this.#buffer = new ReorderBuffer(reorder);
	}

	receive(packet: RtpPacket, codec: G711Codec, nowMs: number): SourceDrop | undefined {
		const verdict = this.statistics.receivePacket(packet, nowMs);
		if (verdict.kind === 'out-of-range' || verdict.kind === 'on-probation') {
			return 'out-of-sequence';
		}

		if (verdict.kind === 'restarted') {
			this.drain(Number.POSITIVE_INFINITY);
			this.#buffer = new ReorderBuffer(this.#reorderOptions);
			this.#duplicates = 0; // As `lost` is, it is counted from the restart.
		}

		switch (this.#buffer.push(verdict.extendedSequence, {packet, codec}, nowMs)) {
			case 'queued':
				this.drain(nowMs);
				return undefined;
			case 'duplicate':
				this.#duplicates++;
				return 'duplicate';
			case 'late':
				this.#late++;
				return 'late';
		}
	}

	sayGoodbye(): void {
		this.#saidGoodbye = true;
	}

	/** Records what is due at `nowMs`; all that is held at infinity. */
	drain(nowMs: number): void {
		for (let next = this.#buffer.poll(nowMs); next; next = this.#buffer.poll(nowMs)) {
			this.track.append(next.packet.timestamp, decodeG711(next.codec, next.packet.payload));
		}
	}

	/** When `drain` must be called even if nothing arrives. */
	waitUntilMs(): number | undefined {
		return this.#buffer.waitUntilMs();
	}

	summary(): SourceSummary {
		const {ssrc, received, expected, lost, jitterMs} = this.statistics;
		return {
			ssrc,
			packets: received,
			expected,
			lost: Math.max(0, lost + this.#duplicates),
			duplicates: this.#duplicates,
			late: this.#late,
			jitterMs,
			samples: this.track.length,
			silentSamples: this.track.silentSamples,
			saidGoodbye: this.#saidGoodbye,
		};
	}
}
