import {
	type Goodbye,
	type ReceiverReport,
	type ReportBlock,
	type RtcpPacket,
	rtcpPacketTypes,
	type SenderReport,
	type SourceDescription,
} from './rtcp-packet.js';

/**
 * Writes packets one after another as a compound packet (RFC 3550 §6.1); their order is the caller's.
 * Throws `RangeError` on a field or a count that does not fit.
 */
export function writeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
	return Uint8Array.from(Buffer.concat(packets.map(writePacket)));
}

function writePacket(packet: RtcpPacket): Buffer {
	switch (packet.kind) {
		case 'sender-report':
			return envelope(rtcpPacketTypes.senderReport, packet.reports.length, writeReport(packet));
		case 'receiver-report':
			return envelope(rtcpPacketTypes.receiverReport, packet.reports.length, writeReport(packet));
		case 'source-description':
			return envelope(rtcpPacketTypes.sourceDescription, packet.chunks.length, writeSourceDescription(packet));
		case 'goodbye':
			return envelope(rtcpPacketTypes.goodbye, packet.ssrcs.length, writeGoodbye(packet));
		case 'other':
			return envelope(packet.packetType, packet.count, [packet.body]);
	}
}

function envelope(packetType: number, count: number, parts: readonly Uint8Array[]): Buffer {
	const body = Buffer.concat(parts);
	if (count > 31 || packetType < 192 || packetType > 223 || body.length % 4 !== 0 || body.length / 4 > 0xff_ff) {
		throw new RangeError(
			`Expected packet type 192 to 223, at most 31 parts and whole words, got ${packetType}, ${count} and ${body.length} octets.`,
		);
	}

	const header = Buffer.from([0x80 | count, packetType, 0, 0]);
	header.writeUInt16BE(body.length / 4, 2);
	return Buffer.concat([header, body]);
}

function writeReport(report: SenderReport | ReceiverReport): readonly Uint8Array[] {
	const parts: Uint8Array[] = [words(report.ssrc)];
	if (report.kind === 'sender-report') {
		const ntpTimestamp = Buffer.alloc(8);
		ntpTimestamp.writeBigUInt64BE(report.ntpTimestamp);
		parts.push(ntpTimestamp, words(report.rtpTimestamp, report.packetCount, report.octetCount));
	}

	parts.push(...report.reports.map(writeReportBlock), report.extension);
	return parts;
}

function writeReportBlock(block: ReportBlock): Buffer {
	const lost = Buffer.alloc(4);
	lost.writeUInt8(block.fractionLost, 0);
	lost.writeIntBE(block.cumulativeLost, 1, 3);
	return Buffer.concat([
		words(block.ssrc),
		lost,
		words(block.extendedHighestSequence, block.jitter, block.lastSenderReport, block.delaySinceLastSenderReport),
	]);
}

function writeSourceDescription(packet: SourceDescription): readonly Uint8Array[] {
	return packet.chunks.map(({ssrc, items}) => {
		const parts = items.map(({type, value}) => {
			if (type < 1 || type > 255) {
				throw new RangeError(`Expected an item type from 1 to 255, got ${type}.`);
			}

			return Buffer.concat([Buffer.from([type]), counted(value)]);
		});
		// At least one zero octet ends the items, then up to the word boundary.
		return padToWord(Buffer.concat([words(ssrc), ...parts, Buffer.alloc(1)]));
	});
}

function writeGoodbye({ssrcs, reason}: Goodbye): readonly Uint8Array[] {
	return [words(...ssrcs), reason ? padToWord(counted(reason)) : Buffer.alloc(0)];
}

/** Text after its length in one octet. */
function counted(text: Uint8Array): Buffer {
	if (text.length > 255) {
		throw new RangeError(`Expected at most 255 octets of text, got ${text.length}.`);
	}

	return Buffer.concat([Buffer.from([text.length]), text]);
}

function padToWord(bytes: Buffer): Buffer {
	return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

function words(...values: readonly number[]): Buffer {
	const bytes = Buffer.alloc(4 * values.length);
	for (const [index, value] of values.entries()) {
		bytes.writeUInt32BE(value, 4 * index);
	}

	return bytes;
}
