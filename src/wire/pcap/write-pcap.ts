import {isIPv6} from 'node:net';

/** One UDP datagram with its addresses, numeric text, and its time in milliseconds since 1970. */
export type WrittenDatagram = {
	readonly atMs: number;
	readonly from: {readonly address: string; readonly port: number};
	readonly to: {readonly address: string; readonly port: number};
	readonly payload: Uint8Array;
};

/**
 * A classic pcap file (microseconds, link type 101: packets begin with their IP header) of UDP datagrams.
 * IPv4 only, which is what it is used for; checksums are left at zero, which readers take for "not computed".
 */
export function writePcap(datagrams: readonly WrittenDatagram[]): Buffer {
	const header = Buffer.alloc(24);
	header.writeUInt32LE(0xa1_b2_c3_d4, 0);
	header.writeUInt16LE(2, 4);
	header.writeUInt16LE(4, 6);
	header.writeUInt32LE(65_535, 16);
	header.writeUInt32LE(rawIpLinkType, 20);
	return Buffer.concat([header, ...datagrams.map(writeRecord)]);
}

function writeRecord({atMs, from, to, payload}: WrittenDatagram): Buffer {
	if (isIPv6(from.address) || isIPv6(to.address)) {
		throw new RangeError(`Expected IPv4 addresses in a capture, got ${from.address} and ${to.address}.`);
	}

	const length = ipHeaderOctets + udpHeaderOctets + payload.length;
	const record = Buffer.alloc(16 + length);
	record.writeUInt32LE(Math.floor(atMs / 1000), 0);
	record.writeUInt32LE(Math.floor((atMs % 1000) * 1000), 4);
	record.writeUInt32LE(length, 8);
	record.writeUInt32LE(length, 12);
	const ip = record.subarray(16);
	ip[0] = 0x45;
	ip.writeUInt16BE(length, 2);
	ip[8] = 64;
	ip[9] = udpProtocol;
	ip.set(from.address.split('.').map(Number), 12);
	ip.set(to.address.split('.').map(Number), 16);
	const udp = ip.subarray(ipHeaderOctets);
	udp.writeUInt16BE(from.port, 0);
	udp.writeUInt16BE(to.port, 2);
	udp.writeUInt16BE(udpHeaderOctets + payload.length, 4);
	udp.set(payload, udpHeaderOctets);
	return record;
}

const rawIpLinkType = 101;
const ipHeaderOctets = 20;
const udpHeaderOctets = 8;
const udpProtocol = 17;
