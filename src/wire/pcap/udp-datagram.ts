/** A UDP datagram with its addresses, as a frame carries it. */
export type UdpDatagram = {
	readonly source: Endpoint;
	readonly destination: Endpoint;
	/** A view of the frame's octets. */
	readonly payload: Uint8Array;
};

/** Numeric IPv4 or IPv6 address (eight groups, not shortened) and port. */
export type Endpoint = {readonly address: string; readonly port: number};

/**
 * The UDP datagram in a frame of `linkType` (LINKTYPE_ registry of tcpdump.org); `undefined` for other protocols,
 * fragments, and frames that are shorter than their headers say.
 */
export function readUdpDatagram(linkType: number, frame: Uint8Array): UdpDatagram | undefined | 'unknown-link-type' {
	const toNetwork = linkTypes.get(linkType);
	if (!toNetwork) {
		return 'unknown-link-type';
	}

	const packet = toNetwork(frame);
	switch (packet && (packet[0] ?? 0) >> 4) {
		case 4:
			return readIpv4(packet as Uint8Array);
		case 6:
			return readIpv6(packet as Uint8Array);
		default:
			return undefined;
	}
}

/** RFC 791 §3.1. */
function readIpv4(packet: Uint8Array): UdpDatagram | undefined {
	const headerOctets = 4 * ((packet[0] ?? 0) & 0x0f);
	if (headerOctets < 20 || packet.length < headerOctets) {
		return undefined;
	}

	const totalOctets = uint16(packet, 2);
	const isFragment = (uint16(packet, 6) & 0x3f_ff) !== 0;
	if (packet[9] !== udpProtocol || isFragment || totalOctets < headerOctets || totalOctets > packet.length) {
		return undefined;
	}

	const [source, destination] = [packet.subarray(12, 16).join('.'), packet.subarray(16, 20).join('.')];
	return readUdp(source, destination, packet.subarray(headerOctets, totalOctets));
}

/** RFC 8200 §3 and §4: walks over the extension headers that may stand before UDP. */
function readIpv6(packet: Uint8Array): UdpDatagram | undefined {
	const end = 40 + uint16(packet, 4);
	if (packet.length < 40 || packet.length < end) {
		return undefined;
	}

	let nextHeader = packet[6];
	let offset = 40;
	while (nextHeader !== undefined && skippableHeaders.has(nextHeader) && offset + 8 <= end) {
		nextHeader = packet[offset];
		offset += 8 * ((packet[offset + 1] ?? 0) + 1);
	}

	return nextHeader === udpProtocol && offset <= end
		? readUdp(ipv6Text(packet, 8), ipv6Text(packet, 24), packet.subarray(offset, end))
		: undefined;
}

/** RFC 768. */
function readUdp(source: string, destination: string, segment: Uint8Array): UdpDatagram | undefined {
	const length = uint16(segment, 4);
	if (segment.length < 8 || length < 8 || length > segment.length) {
		return undefined;
	}

	return {
		source: {address: source, port: uint16(segment, 0)},
		destination: {address: destination, port: uint16(segment, 2)},
		payload: segment.subarray(8, length),
	};
}

function readEthernet(frame: Uint8Array): Uint8Array | undefined {
	let offset = 12;
	// At most two VLAN tags (IEEE 802.1Q, 802.1ad).
	for (let tags = 0; tags < 2 && vlanTypes.has(uint16(frame, offset)); tags++) {
		offset += 4;
	}

	return ipAfterEtherType(frame, offset, offset + 2);
}

function ipAfterEtherType(frame: Uint8Array, typeOffset: number, ipOffset: number): Uint8Array | undefined {
	return ipTypes.has(uint16(frame, typeOffset)) ? frame.subarray(ipOffset) : undefined;
}

function uint16(bytes: Uint8Array, offset: number): number {
	return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

function ipv6Text(packet: Uint8Array, offset: number): string {
	return Array.from({length: 8}, (_, group) => uint16(packet, offset + 2 * group).toString(16)).join(':');
}

const udpProtocol = 17;
/** Hop-by-hop options, routing, destination options. A fragment header (44) is not here: fragments are not joined. */
const skippableHeaders = new Set([0, 43, 60]);
const vlanTypes = new Set([0x81_00, 0x88_a8]);
const ipTypes = new Set([0x08_00, 0x86_dd]);

/** How to find the IP packet in a frame, by link type; the IP version is read from the packet itself. */
const linkTypes = new Map<number, (frame: Uint8Array) => Uint8Array | undefined>([
	[0, (frame) => frame.subarray(4)], // BSD loopback: a protocol family in some host's byte order.
	[1, readEthernet],
	[12, (frame) => frame], // Raw IP, as OpenBSD and some others number it.
	[14, (frame) => frame],
	[101, (frame) => frame],
	[108, (frame) => frame.subarray(4)],
	[113, (frame) => ipAfterEtherType(frame, 14, 16)], // Linux cooked.
	[228, (frame) => frame],
	[229, (frame) => frame],
	[276, (frame) => ipAfterEtherType(frame, 0, 20)], // Linux cooked, version 2.
]);
