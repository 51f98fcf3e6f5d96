import {randomBytes} from 'node:crypto';
import {type Clock, systemClock} from '../../base/clock.js';
import {SallyportError} from '../../base/error.js';
import type {CodedFailure, Result} from '../../base/result.js';
import {OutgoingStream} from '../../core/rtp/outgoing-stream.js';
import {PacingSchedule} from '../../core/rtp/pacing-schedule.js';
import {rtcpIntervalMs} from '../../core/rtp/rtcp-interval.js';
import {type G711Codec, g711PayloadTypes, silenceOctet} from '../../wire/audio/g711.js';
import {telephoneSampleRate} from '../../wire/audio/telephone-audio.js';
import {cnameItem, type ReportBlock, type RtcpPacket} from '../../wire/rtp/rtcp-packet.js';
import {writeRtcp} from '../../wire/rtp/write-rtcp.js';
import type {RtpDestination, RtpSocketPair} from './socket-pair.js';

/** Turns a packet into another: `SrtpOutbound.protectRtp`, `SrtpInbound.unprotectRtp` and their like. */
export type PacketTransform = (packet: Uint8Array) => Result<Uint8Array, CodedFailure>;

export type PacedSenderOptions = {
	readonly sockets: RtpSocketPair;
	readonly destination: RtpDestination;
	readonly codec: G711Codec;
	/** G.711, one octet for each sample; the last frame is filled up with silence. Not copied. */
	readonly sound: Uint8Array;
	/** Applied to each RTP packet before it leaves; absent: plain RTP. */
	readonly protectRtp?: PacketTransform;
	/** Applied to each compound RTCP packet; absent: plain RTCP. */
	readonly protectRtcp?: PacketTransform;
	/** Sound in one packet, 1 to 200. @default 20 */
	readonly frameMs?: number;
	/** Unsigned 32 bits. @default random */
	readonly ssrc?: number;
	/** Of the first packet. @default random, below 2^15 (RFC 3711 §3.3.1) */
	readonly sequenceNumber?: number;
	/** Of the first packet. @default random */
	readonly timestamp?: number;
	/** Canonical name in source descriptions. @default random (RFC 7022 §4.2) */
	readonly cname?: string;
	/** Minimum of RFC 3550 §6.2. @default 5000 */
	readonly rtcpIntervalMs?: number;
	/** Packets sent back to back after a stall. @default 5 */
	readonly maxBurstPackets?: number;
	/** What the same side's receiver has to report, at most 31 blocks. */
	readonly reportBlocks?: (nowMs: number) => readonly ReportBlock[];
	/** Told of each RTP packet as it leaves; `nowMs` on `clock`'s monotonic time. */
	readonly onSent?: (sequenceNumber: number, nowMs: number) => void;
	/** @default the machine's clocks */
	readonly clock?: Clock;
};

export type SenderSummary = {
	readonly ssrc: number;
	readonly firstSequenceNumber: number;
	readonly packets: number;
	readonly rtcpPackets: number;
	/** Datagrams that the system refused. */
	readonly sendErrors: number;
	/** The furthest that a packet left behind its time. */
	readonly maxLatenessMs: number;
	/** The sound as it was sent, filled up to whole frames: what a receiver without loss hears. */
	readonly sound: Uint8Array;
};

/**
 * Plays G.711 as RTP at the pace of speech and reports as RTCP asks: SR and SDES from time to time, BYE at the end.
 * A packet that cannot be protected ends the play.
 */
export class PacedSender {
	readonly #options: PacedSenderOptions;
	readonly #clock: Clock;
	readonly #stream: OutgoingStream;
	readonly #frameSamples: number;
	readonly #frameMs: number;
	readonly #sound: Uint8Array;
	readonly #cname: Uint8Array;
	readonly #firstSequenceNumber: number;
	readonly #sends = new Set<Promise<void>>();
	#schedule: PacingSchedule | undefined;
	#nextRtcpMs = 0;
	#timer: NodeJS.Timeout | undefined;
	#settle: {resolve(summary: SenderSummary): void; reject(error: Error): void} | undefined;
	#isEnding = false;
	#rtcpPackets = 0;
	#sendErrors = 0;
	#maxLatenessMs = 0;

	constructor(options: PacedSenderOptions) {
		const {frameMs = 20, codec, sound} = options;
		if (!Number.isInteger(frameMs) || frameMs < 1 || frameMs > 200) {
			throw new RangeError(`Expected an integer from 1 to 200 for \`frameMs\`, got ${frameMs}.`);
		}

		if (sound.length === 0) {
			throw new RangeError('Expected at least one octet of `sound`, got none.');
		}

		this.#options = {...options};
		this.#clock = options.clock ?? systemClock;
		this.#frameMs = frameMs;
		this.#frameSamples = (frameMs * telephoneSampleRate) / 1000;
		this.#sound = fillFrames(sound, this.#frameSamples, silenceOctet(codec));
		this.#cname = Buffer.from(options.cname ?? randomBytes(12).toString('base64'));
		this.#firstSequenceNumber = options.sequenceNumber ?? randomBytes(2).readUInt16BE() % 0x80_00;
		this.#stream = new OutgoingStream({
			ssrc: options.ssrc ?? randomBytes(4).readUInt32BE(),
			sequenceNumber: this.#firstSequenceNumber,
			timestamp: options.timestamp ?? randomBytes(4).readUInt32BE(),
			payloadType: g711PayloadTypes[codec],
			clockRate: telephoneSampleRate,
		});
	}

	get ssrc(): number {
		return this.#stream.ssrc;
	}

	/**
	 * Plays to the end, or until `stop`; once per sender. Rejects with the code of the failure when a packet cannot be
	 * protected, and with `SOCKET_CLOSED` when a socket was closed meanwhile.
	 */
	play(): Promise<SenderSummary> {
		if (this.#schedule) {
			throw new SallyportError('SENDER_STARTED', 'Expected a sender that has not played, got one that has.');
		}

		const nowMs = this.#clock.monotonicMs();
		this.#schedule = new PacingSchedule(nowMs, this.#frameMs, this.#options.maxBurstPackets ?? 5);
		this.#planRtcp(nowMs, true);
		return new Promise((resolve, reject) => {
			this.#settle = {resolve, reject};
			this.#advance();
		});
	}

	/** Ends the play early, with BYE; without effect when it is over or has not begun. */
	stop(): void {
		if (this.#settle) {
			this.#end();
		}
	}

	#advance(): void {
		const schedule = this.#schedule as PacingSchedule;
		const nowMs = this.#clock.monotonicMs();
		const framesLeft = this.#sound.length / this.#frameSamples - this.#stream.packetCount;
		if (framesLeft === 0) {
			this.#end();
			return;
		}

		const latenessMs = nowMs - schedule.nextDueMs;
		const count = Math.min(schedule.take(nowMs), framesLeft);
		if (count > 0) {
			this.#maxLatenessMs = Math.max(this.#maxLatenessMs, latenessMs);
		}

		for (let sent = 0; sent < count; sent++) {
			// The callback of a packet may stop the play.
			if (!this.#sendFrame(nowMs) || this.#isEnding) {
				return;
			}
		}

		if (nowMs >= this.#nextRtcpMs) {
			this.#planRtcp(nowMs, false);
			this.#sendRtcp(nowMs, []);
		}

		// At the end this waits for the last frame to have been heard.
		const waitMs = Math.max(0, schedule.waitUntilMs - this.#clock.monotonicMs());
		this.#timer = setTimeout(() => this.#advance(), waitMs);
	}

	#sendFrame(nowMs: number): boolean {
		const start = this.#stream.packetCount * this.#frameSamples;
		const {sequenceNumber} = this.#stream;
		const packet = this.#stream.write(this.#sound.subarray(start, start + this.#frameSamples), this.#frameSamples);
		const {protectRtp, onSent} = this.#options;
		const isSent = this.#send('rtp', packet, protectRtp);
		if (isSent) {
			onSent?.(sequenceNumber, nowMs);
		}

		return isSent;
	}

	/** A compound of sender report, source description and what `more` adds (RFC 3550 §6.1). */
	#sendRtcp(nowMs: number, more: readonly RtcpPacket[]): boolean {
		const nextPacketMs = this.#schedule?.nextDueMs ?? nowMs;
		const reports = this.#options.reportBlocks?.(nowMs) ?? [];
		const compound = writeRtcp([
			this.#stream.report({nowMs, nextPacketMs, wallMs: this.#clock.wallMs()}, reports),
			{
				kind: 'source-description',
				chunks: [{ssrc: this.ssrc, items: [{type: cnameItem, value: this.#cname}]}],
			},
			...more,
		]);
		this.#rtcpPackets++;
		return this.#send('rtcp', compound, this.#options.protectRtcp);
	}

	#planRtcp(nowMs: number, isFirst: boolean): void {
		const random = randomBytes(4).readUInt32BE() / 0x1_00_00_00_00;
		const minimumMs = this.#options.rtcpIntervalMs ?? 5000;
		this.#nextRtcpMs = nowMs + rtcpIntervalMs({isFirst, random, minimumMs});
	}

	#send(kind: 'rtp' | 'rtcp', packet: Uint8Array, protect: PacketTransform | undefined): boolean {
		const wire = protect ? protect(packet) : {ok: true as const, value: packet};
		if (!wire.ok) {
			this.#fail(wire.failure);
			return false;
		}

		const sending = this.#options.sockets.send(kind, wire.value, this.#options.destination[kind]).then((outcome) => {
			this.#sends.delete(sending);
			this.#sendErrors += outcome === 'refused' ? 1 : 0;
			if (outcome === 'closed') {
				this.#fail({code: 'SOCKET_CLOSED', message: 'Expected an open socket to send on, got a closed one.'});
			}
		});
		this.#sends.add(sending);
		return true;
	}

	#end(): void {
		clearTimeout(this.#timer);
		if (this.#isEnding) {
			return;
		}

		this.#isEnding = true;
		const goodbye: RtcpPacket = {kind: 'goodbye', ssrcs: [this.ssrc]};
		if (!this.#sendRtcp(this.#clock.monotonicMs(), [goodbye])) {
			return;
		}

		void Promise.all(this.#sends).then(() => {
			this.#settle?.resolve({
				ssrc: this.ssrc,
				firstSequenceNumber: this.#firstSequenceNumber,
				packets: this.#stream.packetCount,
				rtcpPackets: this.#rtcpPackets,
				sendErrors: this.#sendErrors,
				maxLatenessMs: this.#maxLatenessMs,
				sound: this.#sound.subarray(0, this.#stream.packetCount * this.#frameSamples),
			});
		});
	}

	#fail({code, message}: CodedFailure): void {
		clearTimeout(this.#timer);
		this.#isEnding = true;
		this.#settle?.reject(new SallyportError(code, message));
	}
}

function fillFrames(sound: Uint8Array, frameSamples: number, silence: number): Uint8Array {
	const filled = new Uint8Array(Math.ceil(sound.length / frameSamples) * frameSamples).fill(silence);
	filled.set(sound);
	return filled;
}
