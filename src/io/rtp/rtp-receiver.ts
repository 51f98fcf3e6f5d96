import type {RemoteInfo} from 'node:dgram';
import {writeFile} from 'node:fs/promises';
import {type Clock, systemClock} from '../../base/clock.js';
import type {PcmTrackOptions} from '../../core/rtp/pcm-track.js';
import type {ReorderOptions} from '../../core/rtp/reorder-buffer.js';
import {type G711Codec, g711PayloadTypes} from '../../wire/audio/g711.js';
import {telephoneSampleRate} from '../../wire/audio/telephone-audio.js';
import {writeWav} from '../../wire/audio/wav-file.js';
import {classifyDatagram} from '../../wire/rtp/classify-datagram.js';
import {parseRtcp} from '../../wire/rtp/parse-rtcp.js';
import type {ReportBlock, RtcpPacket} from '../../wire/rtp/rtcp-packet.js';
import {parseRtp, parseRtpHeader, type RtpPacket} from '../../wire/rtp/rtp-packet.js';
import type {PacketTransform} from './paced-sender.js';
import {ReceivedSource, type SourceSummary} from './received-source.js';
import {ReceptionReporter, type ReceptionReporterOptions} from './reception-reporter.js';
import type {RtpSocketPair} from './socket-pair.js';

export type RtpReceiverOptions = {
	/** Not closed by the receiver. */
	readonly sockets: RtpSocketPair;
	/** Applied to each RTP datagram; absent: plain RTP. */
	readonly unprotectRtp?: PacketTransform;
	/** Applied to each RTCP datagram; absent: plain RTCP. */
	readonly unprotectRtcp?: PacketTransform;
	/** Who may send: the RTP address, with its port or from any; RTCP also from the port above. @default anybody */
	readonly allowedSources?: readonly {readonly address: string; readonly port?: number}[];
	/** Payload types that are decoded. @default the static ones, PCMU 0 and PCMA 8 */
	readonly payloadTypes?: ReadonlyMap<number, G711Codec>;
	readonly reorder?: ReorderOptions;
	readonly track?: PcmTrackOptions;
	/** Synchronization sources kept apart; more are dropped. @default 16 */
	readonly maxSources?: number;
	/** Where receiver reports go, for a side that does not send; a `PacedSender` takes `reportBlocks` along instead. */
	readonly reports?: ReceptionReporterOptions;
	/** Told of each packet that was taken; `arrivalMs` on `clock`'s monotonic time. */
	readonly onPacket?: (packet: RtpPacket, arrivalMs: number) => void;
	/** Told of each compound RTCP packet that was taken. */
	readonly onRtcp?: (packets: readonly RtcpPacket[], arrivalMs: number) => void;
	/** @default the machine's clocks */
	readonly clock?: Clock;
};

export type ReceiverStatistics = {
	readonly sources: readonly SourceSummary[];
	readonly rtcpPackets: number;
	/**
	 * Datagrams dropped, by reason: `wrong-source`, `not-rtp`, `malformed`, `too-many-sources`, `unknown-payload-type`,
	 * `duplicate`, `late`, `out-of-sequence`, and the codes of `unprotectRtp` and `unprotectRtcp` in lower case with
	 * hyphens (`bad-tag`, `replayed`, …).
	 */
	readonly dropped: Readonly<Record<string, number>>;
};

/** Why `finished` resolved. */
export type ReceptionEnd = 'goodbye' | 'idle' | 'timeout';

/** Receives G.711 over RTP: restores order, records each source, counts. No datagram makes it throw. */
export class RtpReceiver {
	readonly #options: RtpReceiverOptions;
	readonly #clock: Clock;
	readonly #payloadTypes: ReadonlyMap<number, G711Codec>;
	readonly #maxSources: number;
	readonly #sources = new Map<number, ReceivedSource>();
	readonly #dropped = new Map<string, number>();
	readonly #onRtp = (datagram: Uint8Array, from: RemoteInfo) => this.#receive(datagram, from, 0);
	readonly #onRtcp = (datagram: Uint8Array, from: RemoteInfo) => this.#receive(datagram, from, 1);
	readonly #reporter: ReceptionReporter | undefined;
	#drainTimer: NodeJS.Timeout | undefined;
	#rtcpPackets = 0;
	#lastPacketMs: number | undefined;
	#goodbyeMs: number | undefined;
	readonly #waiting = new Set<() => void>();

	constructor(options: RtpReceiverOptions) {
		this.#options = {...options};
		this.#clock = options.clock ?? systemClock;
		this.#maxSources = options.maxSources ?? 16;
		this.#payloadTypes =
			options.payloadTypes ??
			new Map([
				[g711PayloadTypes.pcmu, 'pcmu'],
				[g711PayloadTypes.pcma, 'pcma'],
			]);
		if (!Number.isInteger(this.#maxSources) || this.#maxSources < 1) {
			throw new RangeError(`Expected a positive integer for \`maxSources\`, got ${this.#maxSources}.`);
		}

		options.sockets.rtp.on('message', this.#onRtp);
		options.sockets.rtcp.on('message', this.#onRtcp);
		if (options.reports) {
			this.#reporter = new ReceptionReporter(options.sockets, options.reports, () => this.reportBlocks());
		}
	}

	statistics(): ReceiverStatistics {
		return {
			sources: [...this.#sources.values()].map((source) => source.summary()),
			rtcpPackets: this.#rtcpPackets,
			dropped: Object.fromEntries(this.#dropped),
		};
	}

	/** A report about each source, for RTCP; closes the interval that `fractionLost` speaks of. */
	reportBlocks(nowMs: number = this.#clock.monotonicMs()): readonly ReportBlock[] {
		return [...this.#sources.values()].slice(0, 31).map((source) => source.statistics.report(nowMs));
	}

	/**
	 * What was heard: 8000 Hz, one channel, silence where packets are missing. Of the source that sent most
	 * when `ssrc` is absent; empty when nothing came.
	 */
	recording(ssrc?: number): Int16Array {
		const [most] = [...this.#sources.values()].sort((a, b) => b.track.length - a.track.length);
		const source = ssrc === undefined ? most : this.#sources.get(ssrc);
		return source?.track.read() ?? new Int16Array();
	}

	/** Writes `recording` as a WAV file. */
	async writeRecording(path: string, ssrc?: number): Promise<void> {
		await writeFile(path, writeWav(telephoneSampleRate, this.recording(ssrc)));
	}

	/**
	 * Resolves when a source has said goodbye and its last packets are in, when sources that had begun are silent for
	 * `idleMs`, or after `timeoutMs`.
	 */
	async finished(options: {readonly timeoutMs: number; readonly idleMs?: number}): Promise<ReceptionEnd> {
		const {timeoutMs, idleMs = 2000} = options;
		const timeoutAt = this.#clock.monotonicMs() + timeoutMs;
		for (;;) {
			const ends: readonly (readonly [ReceptionEnd, number])[] = [
				['goodbye', (this.#goodbyeMs ?? Number.POSITIVE_INFINITY) + goodbyeGraceMs],
				['idle', (this.#lastPacketMs ?? Number.POSITIVE_INFINITY) + idleMs],
				['timeout', timeoutAt],
			];
			const nowMs = this.#clock.monotonicMs();
			const end = ends.find(([, atMs]) => nowMs >= atMs);
			if (end) {
				this.#drain(Number.POSITIVE_INFINITY);
				return end[0];
			}

			await this.#wakeAfter(Math.min(...ends.map(([, atMs]) => atMs)) - nowMs);
		}
	}

	/** Stops listening and records what was held back. Safe twice. */
	close(): void {
		this.#options.sockets.rtp.off('message', this.#onRtp);
		this.#options.sockets.rtcp.off('message', this.#onRtcp);
		this.#reporter?.close();
		clearTimeout(this.#drainTimer);
		this.#drain(Number.POSITIVE_INFINITY);
	}

	#receive(datagram: Uint8Array, from: RemoteInfo, portOffset: 0 | 1): void {
		const nowMs = this.#clock.monotonicMs();
		if (!this.#isAllowed(from, portOffset)) {
			this.#drop('wrong-source');
			return;
		}

		switch (classifyDatagram(datagram)) {
			case 'rtp':
				this.#receiveRtp(datagram, nowMs);
				break;
			case 'rtcp':
				this.#receiveRtcp(datagram, nowMs);
				break;
			default:
				this.#drop('not-rtp');
		}
	}

	#receiveRtp(datagram: Uint8Array, nowMs: number): void {
		// The header of SRTP is in clear: what cannot be ours need not be decrypted.
		if (!parseRtpHeader(datagram).ok) {
			this.#drop('malformed');
			return;
		}

		const plain = this.#unprotect(datagram, this.#options.unprotectRtp);
		const packet = plain && parseRtp(plain);
		if (!packet?.ok) {
			if (packet) {
				this.#drop('malformed');
			}

			return;
		}

		const codec = this.#payloadTypes.get(packet.value.payloadType);
		if (!codec) {
			this.#drop('unknown-payload-type');
			return;
		}

		const source = this.#sourceOf(packet.value.ssrc);
		const drop = source ? source.receive(packet.value, codec, nowMs) : 'too-many-sources';
		if (drop) {
			this.#drop(drop);
			return;
		}

		if (this.#lastPacketMs === undefined) {
			this.#wakeAll();
		}

		this.#lastPacketMs = nowMs;
		this.#planDrain(nowMs);
		this.#options.onPacket?.(packet.value, nowMs);
	}

	#receiveRtcp(datagram: Uint8Array, nowMs: number): void {
		const plain = this.#unprotect(datagram, this.#options.unprotectRtcp);
		const packets = plain && parseRtcp(plain);
		if (!packets?.ok) {
			if (packets) {
				this.#drop('malformed');
			}

			return;
		}

		this.#rtcpPackets++;
		for (const packet of packets.value) {
			if (packet.kind === 'sender-report') {
				this.#sources.get(packet.ssrc)?.statistics.receiveSenderReport(packet.ntpTimestamp, nowMs);
			} else if (packet.kind === 'goodbye') {
				this.#receiveGoodbye(packet.ssrcs, nowMs);
			}
		}

		this.#options.onRtcp?.(packets.value, nowMs);
	}

	#receiveGoodbye(ssrcs: readonly number[], nowMs: number): void {
		for (const ssrc of ssrcs) {
			const source = this.#sources.get(ssrc);
			if (source) {
				source.sayGoodbye();
				this.#goodbyeMs ??= nowMs;
			}
		}

		this.#wakeAll();
	}

	#unprotect(datagram: Uint8Array, transform: PacketTransform | undefined): Uint8Array | undefined {
		const plain = transform ? transform(datagram) : {ok: true as const, value: datagram};
		if (!plain.ok) {
			this.#drop(plain.failure.code.toLowerCase().replaceAll('_', '-'));
			return undefined;
		}

		return plain.value;
	}

	#sourceOf(ssrc: number): ReceivedSource | undefined {
		let source = this.#sources.get(ssrc);
		if (!source && this.#sources.size < this.#maxSources) {
			source = new ReceivedSource(ssrc, this.#options.reorder ?? {}, this.#options.track ?? {});
			this.#sources.set(ssrc, source);
		}

		return source;
	}

	#isAllowed(from: RemoteInfo, portOffset: 0 | 1): boolean {
		const {allowedSources} = this.#options;
		return (
			!allowedSources ||
			allowedSources.some(
				({address, port}) =>
					address === from.address && (port === undefined || from.port === port || from.port === port + portOffset),
			)
		);
	}

	#drop(reason: string): void {
		this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
	}

	#drain(nowMs: number): void {
		for (const source of this.#sources.values()) {
			source.drain(nowMs);
		}
	}

	/** Sees to it that what waits for an overtaken packet does not wait for the next one to arrive. */
	#planDrain(nowMs: number): void {
		clearTimeout(this.#drainTimer);
		const waits = [...this.#sources.values()].map((source) => source.waitUntilMs() ?? Number.POSITIVE_INFINITY);
		const untilMs = Math.min(...waits);
		if (untilMs < Number.POSITIVE_INFINITY) {
			this.#drainTimer = setTimeout(() => {
				const laterMs = this.#clock.monotonicMs();
				this.#drain(laterMs);
				this.#planDrain(laterMs);
			}, untilMs - nowMs);
		}
	}

	/** Lets those who wait for the end look again. */
	#wakeAll(): void {
		for (const wake of this.#waiting) {
			wake();
		}
	}

	async #wakeAfter(afterMs: number): Promise<void> {
		let wake = () => {};
		const woken = new Promise<void>((resolve) => {
			wake = resolve;
		});
		this.#waiting.add(wake);
		const timer = setTimeout(wake, Math.max(1, Math.ceil(afterMs)));
		await woken;
		clearTimeout(timer);
		this.#waiting.delete(wake);
	}
}

/** RTCP has a socket of its own and may overtake the last packets of sound. */
const goodbyeGraceMs = 150;
