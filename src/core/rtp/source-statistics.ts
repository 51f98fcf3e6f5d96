import {middleOfNtp, type ReportBlock} from '../../wire/rtp/rtcp-packet.js';
import {JitterEstimator} from './jitter-estimator.js';
import {LossCounter, type SequenceVerdict} from './loss-counter.js';

/** What a receiver knows about one source: losses, jitter, its last sender report (RFC 3550 §6.4, App. A). */
export class SourceStatistics {
	readonly ssrc: number;
	readonly #losses: LossCounter;
	readonly #jitter: JitterEstimator;
	#lastSenderReport: {readonly ntpMiddle: number; readonly arrivalMs: number} | undefined;

	constructor(options: {
		readonly ssrc: number;
		/** Hz. */
		readonly clockRate: number;
		/** Packets in order before the source is believed (RFC 3550 App. A.1). @default 2 */
		readonly minSequentialPackets?: number;
	}) {
		this.ssrc = options.ssrc;
		this.#losses = new LossCounter(options.minSequentialPackets);
		this.#jitter = new JitterEstimator(options.clockRate);
	}

	get received(): number {
		return this.#losses.received;
	}

	get expected(): number {
		return this.#losses.expected;
	}

	get lost(): number {
		return this.#losses.lost;
	}

	get jitterMs(): number {
		return this.#jitter.jitterMs;
	}

	/** Takes a packet of this source; `arrivalMs` on a clock that does not step. */
	receivePacket(
		packet: {readonly sequenceNumber: number; readonly timestamp: number},
		arrivalMs: number,
	): SequenceVerdict {
		const verdict = this.#losses.update(packet.sequenceNumber);
		if (verdict.kind === 'restarted') {
			this.#jitter.restart();
		}

		if (verdict.kind !== 'out-of-range') {
			this.#jitter.update(packet.timestamp, arrivalMs);
		}

		return verdict;
	}

	receiveSenderReport(ntpTimestamp: bigint, arrivalMs: number): void {
		this.#lastSenderReport = {ntpMiddle: middleOfNtp(ntpTimestamp), arrivalMs};
	}

	/** The report about this source; closes the interval that `fractionLost` speaks of. */
	report(nowMs: number): ReportBlock {
		const last = this.#lastSenderReport;
		return {
			ssrc: this.ssrc,
			fractionLost: this.#losses.closeInterval(),
			cumulativeLost: Math.max(-0x80_00_00, Math.min(0x7f_ff_ff, this.lost)),
			extendedHighestSequence: this.#losses.extendedHighestSequence >>> 0,
			jitter: Math.min(0xff_ff_ff_ff, Math.floor(this.#jitter.jitter)),
			lastSenderReport: last?.ntpMiddle ?? 0,
			delaySinceLastSenderReport: last ? Math.min(0xff_ff_ff_ff, Math.round((nowMs - last.arrivalMs) * 65.536)) : 0,
		};
	}
}
