import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {readUdpDatagram, type UdpDatagram} from './udp-datagram.js';

/** A UDP datagram of a capture. `payload` is a view of the file's octets. */
export type CapturedDatagram = UdpDatagram & {
	/** Milliseconds since 1970, with the capture's own resolution (micro- or nanoseconds) below the point. */
	readonly timeMs: number;
};

/** What a capture file holds. */
export type PcapFile = {
	/** In the order of the file. */
	readonly datagrams: readonly CapturedDatagram[];
	/** Frames that are not whole UDP datagrams: other protocols, fragments, frames cut by the snapshot length. */
	readonly otherFrames: number;
	/** True when the file ends inside a frame, as captures that were interrupted do. */
	readonly isTruncated: boolean;
};

export type PcapFailure = CodedFailure<
	'PCAP_UNKNOWN_FORMAT' | 'PCAP_NEXT_GENERATION' | 'PCAP_UNKNOWN_LINK_TYPE' | 'PCAP_MALFORMED' | 'PCAP_TOO_MANY_FRAMES'
>;

/**
 * Reads a capture in the classic libpcap format (draft-ietf-opsawg-pcap), either byte order, micro- or nanoseconds,
 * and keeps its UDP datagrams. pcapng is refused by name: `editcap -F pcap` converts it.
 */
export function parsePcap(
	file: Uint8Array,
	options: {
		/** Frames read before the file is refused. @default 1_000_000 */
		readonly maxFrames?: number;
	} = {},
): Result<PcapFile, PcapFailure> {
	const {maxFrames = 1_000_000} = options;
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	if (file.length < fileHeaderOctets) {
		return fail('PCAP_UNKNOWN_FORMAT', `Expected at least ${fileHeaderOctets} octets, got ${file.length}.`);
	}

	const magic = view.getUint32(0);
	if (magic === 0x0a_0d_0d_0a) {
		return fail('PCAP_NEXT_GENERATION', 'Expected a classic capture, got pcapng.');
	}

	const format = formats.get(magic);
	if (!format) {
		return fail('PCAP_UNKNOWN_FORMAT', `Expected the magic number of a capture, got ${magic}.`);
	}

	const {littleEndian, ticksPerMs} = format;
	// The upper bits tell of frame check sequences and are reserved.
	const linkType = view.getUint32(20, littleEndian) & 0xff_ff;
	const datagrams: CapturedDatagram[] = [];
	let frames = 0;
	let offset = fileHeaderOctets;
	while (offset + frameHeaderOctets <= file.length) {
		const capturedOctets = view.getUint32(offset + 8, littleEndian);
		if (capturedOctets > maxFrameOctets) {
			return fail('PCAP_MALFORMED', `Expected at most ${maxFrameOctets} octets in a frame, got ${capturedOctets}.`);
		}

		const end = offset + frameHeaderOctets + capturedOctets;
		if (end > file.length) {
			break;
		}

		if (++frames > maxFrames) {
			return fail('PCAP_TOO_MANY_FRAMES', `Expected at most ${maxFrames} frames, got more.`);
		}

		const datagram = readUdpDatagram(linkType, file.subarray(offset + frameHeaderOctets, end));
		if (datagram === 'unknown-link-type') {
			return fail('PCAP_UNKNOWN_LINK_TYPE', `Expected Ethernet, Linux cooked, loopback or raw IP, got ${linkType}.`);
		}

		if (datagram) {
			const ticks = view.getUint32(offset + 4, littleEndian);
			datagrams.push({timeMs: view.getUint32(offset, littleEndian) * 1000 + ticks / ticksPerMs, ...datagram});
		}

		offset = end;
	}

	return ok({datagrams, otherFrames: frames - datagrams.length, isTruncated: offset < file.length});
}

const formats = new Map([
	[0xa1_b2_c3_d4, {littleEndian: false, ticksPerMs: 1000}],
	[0xd4_c3_b2_a1, {littleEndian: true, ticksPerMs: 1000}],
	[0xa1_b2_3c_4d, {littleEndian: false, ticksPerMs: 1_000_000}],
	[0x4d_3c_b2_a1, {littleEndian: true, ticksPerMs: 1_000_000}],
]);
const fileHeaderOctets = 24;
const frameHeaderOctets = 16;
/** The largest snapshot length that libpcap itself takes. */
const maxFrameOctets = 262_144;
