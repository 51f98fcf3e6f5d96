import type {Buffer} from 'node:buffer';

/** UDP payloads of a classic little-endian pcap file with IPv4 over Ethernet, Linux cooked capture or bare IP. */
export function* readUdpPayloads(file: Buffer): Generator<Buffer> {
	const linkOctets = new Map([
		[1, 14],
		[101, 0],
		[113, 16],
		[276, 20],
	]).get(file.readUInt32LE(20));
	if (linkOctets === undefined) {
		throw new Error(`Expected a known link type, got ${file.readUInt32LE(20)}.`);
	}

	for (let offset = 24; offset + 16 <= file.length; ) {
		const octets = file.readUInt32LE(offset + 8);
		const ip = file.subarray(offset + 16 + linkOctets, offset + 16 + octets);
		offset += 16 + octets;
		if (ip.readUInt8(0) >> 4 === 4 && ip.readUInt8(9) === 17) {
			const udp = ip.subarray(4 * (ip.readUInt8(0) & 0x0f));
			yield udp.subarray(8, udp.readUInt16BE(4));
		}
	}
}
