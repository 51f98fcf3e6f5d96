import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {parsePcap} from '#dist/wire/pcap/index.js';

const payload = Buffer.from('sound');
const udp = Buffer.concat([Buffer.from('04d2162e000d0000', 'hex'), payload]);
const ipv4 = Buffer.concat([Buffer.from('45000021000040004011000' + '00a0000010a000002', 'hex'), udp]);
const ipv6Addresses = '20010db8000000000000000000000001' + '20010db8000000000000000000000002';
const ipv6 = Buffer.concat([Buffer.from(`60000000000d1140${ipv6Addresses}`, 'hex'), udp]);
const ipv6Options = Buffer.concat([Buffer.from(`6000000000150040${ipv6Addresses}1100010400000000`, 'hex'), udp]);
const macs = '0200000000010200000000' + '02';

const frames = [
	['Ethernet', 1, Buffer.concat([Buffer.from(`${macs}0800`, 'hex'), ipv4])],
	['Ethernet with padding', 1, Buffer.concat([Buffer.from(`${macs}0800`, 'hex'), ipv4, Buffer.alloc(13)])],
	['Ethernet with a VLAN tag', 1, Buffer.concat([Buffer.from(`${macs}810000070800`, 'hex'), ipv4])],
	['Ethernet with two VLAN tags', 1, Buffer.concat([Buffer.from(`${macs}88a80007810000080800`, 'hex'), ipv4])],
	['Linux cooked', 113, Buffer.concat([Buffer.from('00000001000602000000000100000800', 'hex'), ipv4])],
	['Linux cooked 2', 276, Buffer.concat([Buffer.from('0800000000000001000100060200000000010000', 'hex'), ipv4])],
	['BSD loopback', 0, Buffer.concat([Buffer.from('02000000', 'hex'), ipv4])],
	['OpenBSD loopback', 108, Buffer.concat([Buffer.from('00000002', 'hex'), ipv4])],
	['raw IP', 101, ipv4],
	['raw IPv4', 228, ipv4],
] as const;

for (const [name, linkType, frame] of frames) {
	test(`a UDP datagram is found in a frame of ${name}`, (t) => {
		const read = parsePcap(capture(linkType, [frame]));
		t.deepEqual(read.ok && read.value, {
			datagrams: [
				{
					timeMs: 1_700_000_000_000.25,
					source: {address: '10.0.0.1', port: 1234},
					destination: {address: '10.0.0.2', port: 5678},
					payload,
				},
			],
			otherFrames: 0,
			isTruncated: false,
		});
	});
}

for (const [name, packet] of [
	['directly', ipv6],
	['behind hop-by-hop options', ipv6Options],
] as const) {
	test(`a UDP datagram is found in IPv6 ${name}`, (t) => {
		const read = parsePcap(capture(101, [packet]));
		const [datagram] = read.ok ? read.value.datagrams : [];
		t.is(datagram?.source.address, '2001:db8:0:0:0:0:0:1');
		t.deepEqual(datagram?.payload, payload);
	});
}

for (const magic of ['a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1']) {
	test(`a capture with the magic number ${magic} is read`, (t) => {
		const read = parsePcap(capture(101, [ipv4, ipv4], magic));
		t.deepEqual(
			read.ok && read.value.datagrams.map(({timeMs}) => timeMs),
			[1_700_000_000_000.25, 1_700_000_000_000.25],
		);
	});
}

test('what is not a whole UDP datagram is counted and left out', (t) => {
	const tcp = Buffer.from(ipv4);
	tcp[9] = 6;
	const fragment = Buffer.from(ipv4);
	fragment[7] = 1;
	const arp = Buffer.from(`${macs}08060001`, 'hex');
	const read = parsePcap(
		capture(1, [tcp, fragment, ipv4.subarray(0, 30)].map((packet) => ethernet(packet)).concat(arp)),
	);
	t.deepEqual(read.ok && [read.value.datagrams.length, read.value.otherFrames], [0, 4]);
});

test('a capture that was cut off keeps what came before', (t) => {
	const read = parsePcap(capture(101, [ipv4, ipv4]).subarray(0, -1));
	t.deepEqual(read.ok && [read.value.datagrams.length, read.value.isTruncated], [1, true]);
});

test('what is not a classic capture is refused by name', (t) => {
	const codeOf = (file: Uint8Array, options = {}) => {
		const read = parsePcap(file, options);
		return read.ok ? undefined : read.failure.code;
	};

	t.is(codeOf(Buffer.alloc(4)), 'PCAP_UNKNOWN_FORMAT');
	t.is(codeOf(Buffer.alloc(24)), 'PCAP_UNKNOWN_FORMAT');
	t.is(codeOf(Buffer.from(`0a0d0d0a${'00'.repeat(24)}`, 'hex')), 'PCAP_NEXT_GENERATION');
	t.is(codeOf(capture(147, [ipv4])), 'PCAP_UNKNOWN_LINK_TYPE');
	t.is(codeOf(capture(101, [ipv4, ipv4]), {maxFrames: 1}), 'PCAP_TOO_MANY_FRAMES');
	const huge = capture(101, [ipv4]);
	huge.writeUInt32BE(0xff_ff_ff_ff, 32);
	t.is(codeOf(huge), 'PCAP_MALFORMED');
});

testProp(
	'no octets make the reader throw',
	[fc.constantFrom(0, 1, 101, 113, 276), fc.array(fc.uint8Array({maxLength: 80}), {maxLength: 4}), fc.nat(200)],
	(t, linkType, noise, cut) => {
		const file = capture(linkType, [
			...noise,
			...noise.map((octets) => Buffer.concat([ipv6Options.subarray(0, 41), octets])),
		]);
		t.notThrows(() => parsePcap(file.subarray(0, Math.max(0, file.length - cut))));
	},
);

function ethernet(packet: Uint8Array): Buffer {
	return Buffer.concat([Buffer.from(`${macs}0800`, 'hex'), packet]);
}

function capture(linkType: number, frames: readonly Uint8Array[], magic = 'a1b2c3d4'): Buffer {
	const isLittle = !magic.startsWith('a1');
	const isNano = magic.includes('3c');
	const word = (value: number) => {
		const octets = Buffer.alloc(4);
		octets.writeUInt32BE(value);
		return isLittle ? octets.reverse() : octets;
	};

	const header = [Buffer.from(magic, 'hex'), word(0x00_02_00_04), word(0), word(0), word(65_535), word(linkType)];
	const records = frames.flatMap((frame) => [
		word(1_700_000_000),
		word(isNano ? 250_000 : 250),
		word(frame.length),
		word(frame.length),
		frame,
	]);
	return Buffer.concat([...header, ...records]);
}
