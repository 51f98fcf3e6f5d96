import {timestampDistance} from '../../wire/rtp/sequence-number.js';

export type PcmTrackOptions = {
	/** Samples kept at most; what comes later is dropped and counted. @default 28_800_000 (one hour at 8000 Hz) */
	readonly maxSamples?: number;
	/** Longest gap filled with silence; past it the source's clock is taken to have jumped. @default 80_000 (10 s) */
	readonly maxGapSamples?: number;
};

/** Sound of one source laid out by RTP timestamp: gaps are silence. Wants packets in order of sequence. */
export class PcmTrack {
	readonly #maxSamples: number;
	readonly #maxGapSamples: number;
	readonly #chunks: Int16Array[] = [];
	#nextTimestamp: number | undefined;
	#length = 0;
	#silentSamples = 0;
	#droppedSamples = 0;

	constructor(options: PcmTrackOptions = {}) {
		this.#maxSamples = options.maxSamples ?? 28_800_000;
		this.#maxGapSamples = options.maxGapSamples ?? 80_000;
	}

	get length(): number {
		return this.#length;
	}

	/** Samples of silence that stand for packets which never came. */
	get silentSamples(): number {
		return this.#silentSamples;
	}

	/** Samples that came after the track was full. */
	get droppedSamples(): number {
		return this.#droppedSamples;
	}

	/** Appends a packet's samples, after as much silence as its timestamp asks for. */
	append(timestamp: number, samples: Int16Array): void {
		const gap = this.#nextTimestamp === undefined ? 0 : timestampDistance(this.#nextTimestamp, timestamp);
		this.#nextTimestamp = (timestamp + samples.length) >>> 0;
		if (gap > 0 && gap <= this.#maxGapSamples) {
			this.#silentSamples += this.#push(new Int16Array(gap));
		}

		this.#push(samples);
	}

	/** All samples in one array of the caller's own. */
	read(): Int16Array {
		const all = new Int16Array(this.#length);
		let offset = 0;
		for (const chunk of this.#chunks) {
			all.set(chunk, offset);
			offset += chunk.length;
		}

		return all;
	}

	#push(samples: Int16Array): number {
		const kept = Math.min(samples.length, this.#maxSamples - this.#length);
		this.#droppedSamples += samples.length - kept;
		if (kept > 0) {
			this.#chunks.push(samples.subarray(0, kept));
			this.#length += kept;
		}

		return kept;
	}
}
