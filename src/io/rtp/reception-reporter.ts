import {randomBytes} from 'node:crypto';
import {rtcpIntervalMs} from '../../core/rtp/rtcp-interval.js';
import {cnameItem, type ReportBlock} from '../../wire/rtp/rtcp-packet.js';
import {writeRtcp} from '../../wire/rtp/write-rtcp.js';
import type {PacketTransform} from './paced-sender.js';
import type {RtpDestination, RtpSocketPair} from './socket-pair.js';

export type ReceptionReporterOptions = {
	readonly destination: RtpDestination;
	/** Applied to each compound RTCP packet; absent: plain RTCP. */
	readonly protectRtcp?: PacketTransform;
	/** Minimum of RFC 3550 §6.2. @default 5000 */
	readonly intervalMs?: number;
};

/** Sends receiver reports for a side that sends no RTP (RFC 3550 §6.4.2), until closed. */
export class ReceptionReporter {
	readonly #sockets: RtpSocketPair;
	readonly #options: ReceptionReporterOptions;
	readonly #blocks: () => readonly ReportBlock[];
	readonly #ssrc = randomBytes(4).readUInt32BE();
	readonly #cname = Buffer.from(randomBytes(12).toString('base64'));
	#timer: NodeJS.Timeout | undefined;

	constructor(sockets: RtpSocketPair, options: ReceptionReporterOptions, blocks: () => readonly ReportBlock[]) {
		this.#sockets = sockets;
		this.#options = {...options};
		this.#blocks = blocks;
		this.#plan(true);
	}

	close(): void {
		clearTimeout(this.#timer);
	}

	#plan(isFirst: boolean): void {
		const random = randomBytes(4).readUInt32BE() / 0x1_00_00_00_00;
		const waitMs = rtcpIntervalMs({isFirst, random, minimumMs: this.#options.intervalMs ?? 5000});
		this.#timer = setTimeout(() => {
			this.#send();
			this.#plan(false);
		}, waitMs);
	}

	#send(): void {
		const compound = writeRtcp([
			{kind: 'receiver-report', ssrc: this.#ssrc, reports: this.#blocks(), extension: new Uint8Array()},
			{kind: 'source-description', chunks: [{ssrc: this.#ssrc, items: [{type: cnameItem, value: this.#cname}]}]},
		]);
		const {destination, protectRtcp} = this.#options;
		const wire = protectRtcp ? protectRtcp(compound) : {ok: true as const, value: compound};
		if (wire.ok) {
			void this.#sockets.send('rtcp', wire.value, destination.rtcp);
		}
	}
}
