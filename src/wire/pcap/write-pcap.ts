import {isIPv4} from 'node:net';
import type {CapturedDatagram} from './pcap-file.js';

/**
 * A classic pcap file (microseconds, link type 101: packets begin with their IP header) of UDP datagrams over IPv4. Checksums
 * are left at zero, which readers take for "not computed". Throws `RangeError` for another family.
 */
export function writePcap(datagrams: readonly CapturedDatagram[]): Buffer {
	const header = Buffer.alloc(24);
	header.writeUInt32LE(0xa1_b2_c3_d4, 0);
	header.writeUInt16LE(2, 4);
	header.writeUInt16LE(4, 6);
	header.writeUInt32LE(65_535, 16);
	header.writeUInt32LE(rawIpLinkType, 20);
	return Buffer.concat([header, ...datagrams.map(writeRecord)]);
}

function writeRecord({timeMs, source, destination, payload}: CapturedDatagram): Buffer {
	if (!isIPv4(source.address) || !isIPv4(destination.address)) {
		throw new RangeError(`Expected IPv4 addresses, got ${source.address} and ${destination.address}.`);
	}

	const length = ipHeaderOctets + udpHeaderOctets + payload.length;
	const record = Buffer.alloc(16 + length);
	record.writeUInt32LE(Math.floor(timeMs / 1000), 0);
	record.writeUInt32LE(Math.floor((timeMs % 1000) * 1000), 4);
	record.writeUInt32LE(length, 8);
	record.writeUInt32LE(length, 12);
	const ip = record.subarray(16);
	ip[0] = 0x45;
	ip.writeUInt16BE(length, 2);
	ip[8] = 64;
	ip[9] = udpProtocol;
	ip.set(source.address.split('.').map(Number), 12);
	ip.set(destination.address.split('.').map(Number), 16);
	const udp = ip.subarray(ipHeaderOctets);
	udp.writeUInt16BE(source.port, 0);
	udp.writeUInt16BE(destination.port, 2);
	udp.writeUInt16BE(udpHeaderOctets + payload.length, 4);
	udp.set(payload, udpHeaderOctets);
	return record;
}

const rawIpLinkType = 101;
const ipHeaderOctets = 20;
const udpHeaderOctets = 8;
const udpProtocol = 17;
