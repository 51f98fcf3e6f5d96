import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {
	type Goodbye,
	type OtherRtcp,
	type ReportBlock,
	type RtcpPacket,
	rtcpPacketTypes,
	type SourceDescription,
	type SourceDescriptionItem,
} from './rtcp-packet.js';

/** Why octets are not a compound RTCP packet. */
export type RtcpFailure = CodedFailure<
	| 'RTCP_TOO_SHORT'
	| 'RTCP_WRONG_VERSION'
	| 'RTCP_WRONG_TYPE'
	| 'RTCP_BAD_LENGTH'
	| 'RTCP_BAD_PADDING'
	| 'RTCP_BAD_FIRST_PACKET'
	| 'RTCP_MALFORMED'
>;

/**
 * Reads a compound RTCP packet with the checks of RFC 3550 App. A.2: every version 2, the first packet a report
 * without padding, the lengths adding up to the datagram's, padding in the last packet only.
 * `allowReducedSize` lets any type come first (RFC 5506). Results share memory with `datagram`.
 */
export function parseRtcp(
	datagram: Uint8Array,
	options: {readonly allowReducedSize?: boolean} = {},
): Result<readonly RtcpPacket[], RtcpFailure> {
	if (datagram.length < 8) {
		return fail('RTCP_TOO_SHORT', `Expected at least 8 octets, got ${datagram.length}.`);
	}

	const packets: RtcpPacket[] = [];
	for (let offset = 0; offset < datagram.length; ) {
		const envelope = readEnvelope(datagram, offset);
		if (!envelope.ok) {
			return envelope;
		}

		const {packetType, count, hasPadding, body, nextOffset} = envelope.value;
		const isReport = packetType === rtcpPacketTypes.senderReport || packetType === rtcpPacketTypes.receiverReport;
		if (offset === 0 && !options.allowReducedSize && (!isReport || hasPadding)) {
			return fail('RTCP_BAD_FIRST_PACKET', `Expected a report without padding first, got packet type ${packetType}.`);
		}

		if (hasPadding && nextOffset !== datagram.length) {
			return fail('RTCP_BAD_PADDING', 'Expected padding in the last packet only, got more packets after it.');
		}

		const packet = readBody(packetType, count, body);
		if (!packet) {
			return fail('RTCP_MALFORMED', `Expected ${count} parts in packet type ${packetType}, got ${body.length} octets.`);
		}

		packets.push(packet);
		offset = nextOffset;
	}

	return ok(packets);
}

type Envelope = {
	readonly packetType: number;
	readonly count: number;
	readonly hasPadding: boolean;
	readonly body: Uint8Array;
	readonly nextOffset: number;
};

/** The common first word (RFC 3550 §6.4.1) and where the packet ends. */
function readEnvelope(datagram: Uint8Array, offset: number): Result<Envelope, RtcpFailure> {
	if (datagram.length - offset < 4) {
		return fail('RTCP_BAD_LENGTH', `Expected a packet at octet ${offset}, got ${datagram.length - offset} octets.`);
	}

	const view = viewOf(datagram.subarray(offset));
	const first = view.getUint8(0);
	const packetType = view.getUint8(1);
	const nextOffset = offset + 4 * (view.getUint16(2) + 1);
	if (first >> 6 !== 2) {
		return fail('RTCP_WRONG_VERSION', `Expected RTCP version 2, got ${first >> 6}.`);
	}

	if (packetType < 192 || packetType > 223) {
		return fail('RTCP_WRONG_TYPE', `Expected a packet type from 192 to 223, got ${packetType}.`);
	}

	if (nextOffset > datagram.length) {
		return fail('RTCP_BAD_LENGTH', `Expected a packet that ends at octet ${nextOffset}, got ${datagram.length}.`);
	}

	const hasPadding = (first & 0x20) !== 0;
	const paddingOctets = hasPadding ? (datagram[nextOffset - 1] ?? 0) : 0;
	if (hasPadding && (paddingOctets === 0 || paddingOctets % 4 !== 0 || offset + 4 + paddingOctets > nextOffset)) {
		return fail('RTCP_BAD_PADDING', `Expected whole words of padding within the packet, got ${paddingOctets} octets.`);
	}

	const body = datagram.subarray(offset + 4, nextOffset - paddingOctets);
	return ok({packetType, count: first & 0x1f, hasPadding, body, nextOffset});
}

function readBody(packetType: number, count: number, body: Uint8Array): RtcpPacket | undefined {
	switch (packetType) {
		case rtcpPacketTypes.senderReport:
			return readReport(count, body, senderInfoOctets);
		case rtcpPacketTypes.receiverReport:
			return readReport(count, body, 0);
		case rtcpPacketTypes.sourceDescription:
			return readSourceDescription(count, body);
		case rtcpPacketTypes.goodbye:
			return readGoodbye(count, body);
		default:
			return {kind: 'other', packetType, count, body} satisfies OtherRtcp;
	}
}

function readReport(count: number, body: Uint8Array, infoOctets: number): RtcpPacket | undefined {
	const reportsStart = 4 + infoOctets;
	const reportsEnd = reportsStart + count * reportBlockOctets;
	if (body.length < reportsEnd) {
		return undefined;
	}

	const view = viewOf(body);
	const reports: ReportBlock[] = [];
	for (let offset = reportsStart; offset < reportsEnd; offset += reportBlockOctets) {
		reports.push({
			ssrc: view.getUint32(offset),
			fractionLost: view.getUint8(offset + 4),
			cumulativeLost: (view.getInt32(offset + 4) << 8) >> 8,
			extendedHighestSequence: view.getUint32(offset + 8),
			jitter: view.getUint32(offset + 12),
			lastSenderReport: view.getUint32(offset + 16),
			delaySinceLastSenderReport: view.getUint32(offset + 20),
		});
	}

	const common = {ssrc: view.getUint32(0), reports, extension: body.subarray(reportsEnd)};
	if (infoOctets === 0) {
		return {kind: 'receiver-report', ...common};
	}

	return {
		kind: 'sender-report',
		...common,
		ntpTimestamp: view.getBigUint64(4),
		rtpTimestamp: view.getUint32(12),
		packetCount: view.getUint32(16),
		octetCount: view.getUint32(20),
	};
}

/** Chunks begin on word boundaries; each list of items ends with one to four zero octets (RFC 3550 §6.5). */
function readSourceDescription(count: number, body: Uint8Array): SourceDescription | undefined {
	const view = viewOf(body);
	const chunks: {ssrc: number; items: SourceDescriptionItem[]}[] = [];
	let offset = 0;
	while (chunks.length < count) {
		if (offset + 8 > body.length) {
			return undefined;
		}

		const items: SourceDescriptionItem[] = [];
		chunks.push({ssrc: view.getUint32(offset), items});
		offset += 4;
		for (let type = body[offset]; type !== 0; type = body[offset]) {
			const length = body[offset + 1];
			if (type === undefined || length === undefined || offset + 2 + length > body.length) {
				return undefined;
			}

			items.push({type, value: body.subarray(offset + 2, offset + 2 + length)});
			offset += 2 + length;
		}

		offset = (offset + 4) & ~3;
	}

	return offset > body.length ? undefined : {kind: 'source-description', chunks};
}

function readGoodbye(count: number, body: Uint8Array): Goodbye | undefined {
	const ssrcsEnd = 4 * count;
	if (body.length < ssrcsEnd) {
		return undefined;
	}

	const view = viewOf(body);
	const ssrcs = Array.from({length: count}, (_, index) => view.getUint32(4 * index));
	const reasonOctets = body[ssrcsEnd];
	if (reasonOctets === undefined) {
		return {kind: 'goodbye', ssrcs};
	}

	const reasonEnd = ssrcsEnd + 1 + reasonOctets;
	return reasonEnd > body.length ? undefined : {kind: 'goodbye', ssrcs, reason: body.subarray(ssrcsEnd + 1, reasonEnd)};
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const senderInfoOctets = 20;
const reportBlockOctets = 24;
