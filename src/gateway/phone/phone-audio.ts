import {PacedSender, type PacketTransform, type SenderSummary} from '../../io/rtp/paced-sender.js';
import {type ReceiverStatistics, RtpReceiver} from '../../io/rtp/rtp-receiver.js';
import {type RtpDestination, RtpSocketPair} from '../../io/rtp/socket-pair.js';
import type {MasterKey} from '../../trusted/media/srtp/master-key.js';
import {SrtpInbound} from '../../trusted/media/srtp/srtp-inbound.js';
import {SrtpOutbound} from '../../trusted/media/srtp/srtp-outbound.js';
import type {G711Codec} from '../../wire/audio/g711.js';

/** One SRTP or SRTCP datagram as it was on the wire. */
export type WirePacket = {
	readonly direction: 'sent' | 'received';
	readonly kind: 'rtp' | 'rtcp';
	/** Where it came from or went to. */
	readonly peer: {readonly address: string; readonly port: number};
	/** Our own end. */
	readonly local: {readonly address: string; readonly port: number};
	/** Milliseconds since 1970. */
	readonly atMs: number;
	readonly octets: Uint8Array;
};

export type PhoneKeys = {
	/** What the peer sends with. */
	readonly inbound: MasterKey;
	readonly inboundMki?: Uint8Array;
	/** What we send with. */
	readonly outbound: MasterKey;
};

export type PhoneSpeech = {
	readonly codec: G711Codec;
	/** G.711, one octet for each sample. */
	readonly sound: Uint8Array;
	/** Of the first packet; a phone with weak random numbers always begins with the same ones. @default random */
	readonly ssrc?: number;
	readonly sequenceNumber?: number;
};

/** Where a phone's sound comes and goes. */
export type PhoneMedia = {
	readonly address: string;
	/** Ports that the phone keeps from call to call, held by who made them. @default any pair, for each call anew */
	readonly sockets?: RtpSocketPair;
	/** Shown each SRTP and SRTCP packet as it was on the wire. */
	readonly onPacket?: (packet: WirePacket) => void;
};

/** What one phone said and heard in a call. */
export type HeardAndSaid = {
	readonly sent: SenderSummary | undefined;
	/** Monotonic milliseconds at which each packet left or came, by sequence number; `timeOrigin` makes them comparable. */
	readonly sentAtMs: ReadonlyMap<number, number>;
	readonly receivedAtMs: ReadonlyMap<number, number>;
	readonly received: ReceiverStatistics;
	/** PCM, 8000 Hz, one channel. */
	readonly heard: Int16Array;
};

/** The sound of one call at a phone: a socket pair, both SRTP sessions, a paced sender and a recorder. */
export class PhoneAudio {
	readonly #sockets: RtpSocketPair;
	readonly #ownsSockets: boolean;
	readonly #onPacket: ((packet: WirePacket) => void) | undefined;
	readonly #sentAtMs = new Map<number, number>();
	readonly #receivedAtMs = new Map<number, number>();
	#inbound: SrtpInbound | undefined;
	#outbound: SrtpOutbound | undefined;
	#receiver: RtpReceiver | undefined;
	#sender: PacedSender | undefined;
	#playing: Promise<SenderSummary | undefined> = Promise.resolve(undefined);

	private constructor(sockets: RtpSocketPair, ownsSockets: boolean, onPacket: PhoneMedia['onPacket']) {
		this.#sockets = sockets;
		this.#ownsSockets = ownsSockets;
		this.#onPacket = onPacket;
		if (onPacket !== undefined) {
			sockets.rtp.on('message', this.#showRtp);
			sockets.rtcp.on('message', this.#showRtcp);
		}
	}

	/** Rejects with `RTP_PORTS_UNAVAILABLE` where the ports cannot be had. */
	static async open({sockets, address, onPacket}: PhoneMedia): Promise<PhoneAudio> {
		return new PhoneAudio(sockets ?? (await RtpSocketPair.bind({address})), sockets === undefined, onPacket);
	}

	get local(): RtpDestination {
		return this.#sockets.destination;
	}

	/** Listens for what the peer sends, from its declared address alone unless `acceptAnySource`. */
	listen(keys: PhoneKeys, remote: RtpDestination, acceptAnySource: boolean): void {
		const {inbound: masterKey, inboundMki: mki} = keys;
		const inbound = new SrtpInbound({keys: [mki === undefined ? {masterKey} : {masterKey, mki}]});
		const outbound = new SrtpOutbound({keys: [{masterKey: keys.outbound}]});
		this.#inbound = inbound;
		this.#outbound = outbound;
		this.#receiver = new RtpReceiver({
			sockets: this.#sockets,
			unprotectRtp: (packet) => inbound.unprotectRtp(packet),
			unprotectRtcp: (packet) => inbound.unprotectRtcp(packet),
			...(acceptAnySource ? {} : {allowedSources: [remote.rtp]}),
			onPacket: ({sequenceNumber}, arrivalMs) => this.#receivedAtMs.set(sequenceNumber, arrivalMs),
		});
	}

	/** Speaks to the end of the sound; resolves then. */
	speak(remote: RtpDestination, speech: PhoneSpeech): Promise<SenderSummary | undefined> {
		const outbound = this.#outbound;
		if (outbound === undefined) {
			return this.#playing;
		}

		const {codec, sound, ssrc, sequenceNumber} = speech;
		this.#sender = new PacedSender({
			sockets: this.#sockets,
			destination: remote,
			codec,
			sound,
			...(ssrc === undefined ? {} : {ssrc}),
			...(sequenceNumber === undefined ? {} : {sequenceNumber}),
			protectRtp: this.#shown('rtp', remote.rtp, (packet) => outbound.protectRtp(packet)),
			protectRtcp: this.#shown('rtcp', remote.rtcp, (packet) => outbound.protectRtcp(packet)),
			reportBlocks: (nowMs) => this.#receiver?.reportBlocks(nowMs) ?? [],
			onSent: (sequence, nowMs) => this.#sentAtMs.set(sequence, nowMs),
		});
		// A failure while speaking ends the sound, not the call.
		this.#playing = this.#sender.play().catch(() => undefined);
		return this.#playing;
	}

	/** Stops, wipes the sessions and closes the sockets if they are its own; safe twice. */
	async close(): Promise<HeardAndSaid> {
		this.#sender?.stop();
		const sent = await this.#playing;
		this.#receiver?.close();
		const report = {
			sent,
			sentAtMs: this.#sentAtMs,
			receivedAtMs: this.#receivedAtMs,
			received: this.#receiver?.statistics() ?? {sources: [], rtcpPackets: 0, dropped: {}},
			heard: this.#receiver?.recording() ?? new Int16Array(),
		};
		this.#sockets.rtp.off('message', this.#showRtp);
		this.#sockets.rtcp.off('message', this.#showRtcp);
		if (this.#ownsSockets) {
			await this.#sockets.close();
		}

		this.#inbound?.destroy();
		this.#outbound?.destroy();
		return report;
	}

	/** `protect`, with what comes out of it shown to `onPacket`: what is on the wire, never what is inside. */
	#shown(kind: WirePacket['kind'], peer: WirePacket['peer'], protect: PacketTransform): PacketTransform {
		return (packet) => {
			const result = protect(packet);
			if (result.ok) {
				this.#show('sent', kind, peer, result.value);
			}

			return result;
		};
	}

	readonly #showRtp = (octets: Uint8Array, peer: WirePacket['peer']) => this.#show('received', 'rtp', peer, octets);
	readonly #showRtcp = (octets: Uint8Array, peer: WirePacket['peer']) => this.#show('received', 'rtcp', peer, octets);

	#show(
		direction: WirePacket['direction'],
		kind: WirePacket['kind'],
		{address, port}: WirePacket['peer'],
		octets: Uint8Array,
	): void {
		const local = this.#sockets.destination[kind];
		this.#onPacket?.({
			direction,
			kind,
			peer: {address, port},
			local,
			atMs: performance.timeOrigin + performance.now(),
			octets: Uint8Array.from(octets),
		});
	}
}
