import type {ReportBlock, SenderReport} from '../../wire/rtp/rtcp-packet.js';
import {toNtpTimestamp} from '../../wire/rtp/rtcp-packet.js';
import {writeRtp} from '../../wire/rtp/rtp-packet.js';

export type OutgoingStreamOptions = {
	readonly ssrc: number;
	/** Of the first packet; below 2^15 so that a receiver's guess of the rollover counter holds (RFC 3711 §3.3.1). */
	readonly sequenceNumber: number;
	/** Of the first packet. */
	readonly timestamp: number;
	readonly payloadType: number;
	/** Hz. */
	readonly clockRate: number;
};

/** One synchronization source as its sender keeps it: sequence, timestamp, marker, counts (RFC 3550 §5.1, §6.4.1). */
export class OutgoingStream {
	readonly #options: OutgoingStreamOptions;
	#sequenceNumber: number;
	#timestamp: number;
	#packetCount = 0;
	#octetCount = 0;

	constructor(options: OutgoingStreamOptions) {
		this.#options = {...options};
		this.#sequenceNumber = options.sequenceNumber;
		this.#timestamp = options.timestamp;
	}

	get ssrc(): number {
		return this.#options.ssrc;
	}

	/** Packets written so far. */
	get packetCount(): number {
		return this.#packetCount;
	}

	/** Of the next packet. */
	get sequenceNumber(): number {
		return this.#sequenceNumber;
	}

	/** The next packet; `units` of the clock pass until the one after it. The first carries the marker (RFC 3551 §4.1). */
	write(payload: Uint8Array, units: number): Uint8Array {
		const packet = writeRtp({
			marker: this.#packetCount === 0,
			payloadType: this.#options.payloadType,
			sequenceNumber: this.#sequenceNumber,
			timestamp: this.#timestamp,
			ssrc: this.#options.ssrc,
			csrcs: [],
			payload,
		});
		this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xff_ff;
		this.#timestamp = (this.#timestamp + units) >>> 0;
		this.#packetCount++;
		this.#octetCount += payload.length;
		return packet;
	}

	/** `nowMs` and `nextPacketMs` (when the next packet is due) on one clock, `wallMs` the time of day now. */
	report(time: {nowMs: number; nextPacketMs: number; wallMs: number}, reports: readonly ReportBlock[]): SenderReport {
		const ahead = ((time.nowMs - time.nextPacketMs) * this.#options.clockRate) / 1000;
		return {
			kind: 'sender-report',
			ssrc: this.#options.ssrc,
			ntpTimestamp: toNtpTimestamp(time.wallMs),
			rtpTimestamp: (this.#timestamp + Math.round(ahead)) >>> 0,
			packetCount: this.#packetCount >>> 0,
			octetCount: this.#octetCount >>> 0,
			reports,
			extension: new Uint8Array(),
		};
	}
}
