import {createHash} from 'node:crypto';
import {z} from 'zod';
import {toHex} from '../../../base/bytes.js';
import {type CapturedDatagram, parsePcap} from '../../../wire/pcap/pcap-file.js';
import {classifyDatagram} from '../../../wire/rtp/classify-datagram.js';
import {parseRtp, parseRtpHeader} from '../../../wire/rtp/rtp-packet.js';
import {
	allOf,
	defineFormat,
	expectValue,
	failed,
	hexOctets,
	readCaseFile,
	skipped,
	ssrcValue,
	type VectorContent,
	type Verdict,
} from '../format.js';
import {planSession, withSession} from '../srtp/session.js';

const streamCase = z.object({
	file: z.string(),
	ssrc: ssrcValue,
	suite: z.string(),
	inline: z.string(),
	mki: hexOctets.optional(),
	/** Of the first packet. */
	initialRoc: z.int().min(0).max(0xff_ff_ff_ff).optional(),
	/** Source and destination port: `35952->40010`. */
	udp: z
		.string()
		.regex(/^\d+->\d+$/)
		.optional(),
	packets: z.int().optional(),
	authenticated: z.int().optional(),
	firstSeq: z.int().optional(),
	lastSeq: z.int().optional(),
	finalRoc: z.int().optional(),
	firstPayloadHex: z.string().toLowerCase().optional(),
	/** Of all payloads, one after another as captured. */
	payloadSha256: z.string().toLowerCase().optional(),
});
type StreamCase = z.infer<typeof streamCase>;

/** Captured streams: each is opened with its key, packet by packet in the order of the capture. */
export const captureFormat = defineFormat<StreamCase>({
	family: 'pcap',
	schema: 'srtp-pcap/1',
	caseSchema: streamCase,
	casesOf: readStreams,
	idOf: ({file, ssrc}) => `${file}/${ssrc.toString(16).padStart(8, '0')}`,
	async tryCase(stream, folder) {
		const plan = planSession({profile: stream.suite, inline: stream.inline, mki: stream.mki});
		if ('skip' in plan) {
			return skipped(plan.skip);
		}

		const capture = parsePcap(await readCaseFile(folder, stream.file));
		if (!capture.ok) {
			return failed(`Expected a readable capture, got ${capture.failure.code}: ${capture.failure.message}`);
		}

		const packets = capture.value.datagrams.filter((datagram) => belongsTo(datagram, stream));
		return withSession(plan, ({inbound}) => {
			if (stream.initialRoc) {
				inbound.setRolloverCounter(stream.ssrc, stream.initialRoc);
			}

			return compare(
				stream,
				packets.map(({payload}) => payload),
				packets.flatMap(({payload}) => {
					const opened = inbound.unprotectRtp(payload);
					return opened.ok ? [opened.value] : [];
				}),
				inbound.rolloverCounter(stream.ssrc),
			);
		});
	},
});

function compare(
	stream: StreamCase,
	captured: readonly Uint8Array[],
	opened: readonly Uint8Array[],
	rolloverCounter: number | undefined,
): Verdict {
	const sequenceNumbers = captured.map((packet) => {
		const header = parseRtpHeader(packet);
		return header.ok ? header.value.sequenceNumber : undefined;
	});
	const payloads = opened.map((packet) => {
		const read = parseRtp(packet);
		return read.ok ? read.value.payload : packet.subarray(0, 0);
	});
	const hash = createHash('sha256').update(Buffer.concat(payloads)).digest('hex');
	const firstPayload = toHex(payloads[0] ?? new Uint8Array());
	return allOf(
		expectValue('a number of packets of', captured.length, stream.packets),
		expectValue('a number of authentic packets of', opened.length, stream.authenticated ?? captured.length),
		expectValue('the first sequence number', sequenceNumbers[0], stream.firstSeq),
		expectValue('the last sequence number', sequenceNumbers.at(-1), stream.lastSeq),
		expectValue('the final rollover counter', rolloverCounter, stream.finalRoc),
		expectValue(
			'a first payload that begins',
			firstPayload.slice(0, stream.firstPayloadHex?.length),
			stream.firstPayloadHex,
		),
		expectValue('payloads with the SHA-256', hash, stream.payloadSha256),
	);
}

function belongsTo({payload, source, destination}: CapturedDatagram, {ssrc, udp}: StreamCase): boolean {
	if (udp !== undefined && udp !== `${source.port}->${destination.port}`) {
		return false;
	}

	const header = classifyDatagram(payload) === 'rtp' ? parseRtpHeader(payload) : undefined;
	return header?.ok === true && header.value.ssrc === ssrc;
}

/** One case for each stream of each capture. */
function readStreams(content: VectorContent): readonly unknown[] {
	const captures = captureList.safeParse(content);
	return captures.success
		? captures.data.captures.flatMap(({file, streams}) => streams.map((stream) => ({...stream, file})))
		: [{}];
}

const captureList = z.object({
	captures: z.array(z.object({file: z.string(), streams: z.array(z.record(z.string(), z.unknown()))})),
});
