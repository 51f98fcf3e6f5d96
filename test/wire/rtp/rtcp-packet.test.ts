import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {middleOfNtp, parseRtcp, type RtcpPacket, toNtpTimestamp, writeRtcp} from '#dist/wire/rtp/index.js';

const uint32 = fc.integer({min: 0, max: 0xff_ff_ff_ff});
const reports = fc.array(
	fc.record({
		ssrc: uint32,
		fractionLost: fc.integer({min: 0, max: 255}),
		cumulativeLost: fc.integer({min: -0x80_00_00, max: 0x7f_ff_ff}),
		extendedHighestSequence: uint32,
		jitter: uint32,
		lastSenderReport: uint32,
		delaySinceLastSenderReport: uint32,
	}),
	{maxLength: 31},
);
const wholeWords = fc.uint8Array({maxLength: 8}).map((bytes) => new Uint8Array(4 * bytes.length).fill(bytes[0] ?? 0));
const senderReport = fc.record({
	kind: fc.constant('sender-report' as const),
	ssrc: uint32,
	ntpTimestamp: fc.bigInt({min: 0n, max: (1n << 64n) - 1n}),
	rtpTimestamp: uint32,
	packetCount: uint32,
	octetCount: uint32,
	reports,
	extension: wholeWords,
});
const receiverReport = fc.record({
	kind: fc.constant('receiver-report' as const),
	ssrc: uint32,
	reports,
	extension: wholeWords,
});
const item = fc.record({type: fc.integer({min: 1, max: 255}), value: fc.uint8Array({maxLength: 255})});
const sourceDescription = fc.record({
	kind: fc.constant('source-description' as const),
	chunks: fc.array(fc.record({ssrc: uint32, items: fc.array(item, {maxLength: 4})}), {maxLength: 31}),
});
const goodbye = fc.record(
	{
		kind: fc.constant('goodbye' as const),
		ssrcs: fc.array(uint32, {maxLength: 31}),
		reason: fc.uint8Array({maxLength: 255}),
	},
	{requiredKeys: ['kind', 'ssrcs']},
);
const other = fc.record({
	kind: fc.constant('other' as const),
	packetType: fc.constantFrom(192, 204, 205, 206, 207, 223),
	count: fc.integer({min: 0, max: 31}),
	body: wholeWords,
});
const compound = fc
	.tuple(fc.oneof(senderReport, receiverReport), fc.array(fc.oneof(sourceDescription, goodbye, other), {maxLength: 4}))
	.map(([first, rest]): readonly RtcpPacket[] => [first, ...rest]);

testProp('a compound that is written is read again', [compound], (t, packets) => {
	const read = parseRtcp(writeRtcp(packets));
	t.deepEqual(read.ok ? read.value.map(withPlainBytes) : read.failure, packets.map(withPlainBytes));
});

testProp('no octets make the RTCP parser throw', [fc.uint8Array({minLength: 4, maxLength: 200})], (t, octets) => {
	octets[0] = 0x81;
	octets[1] = 200 + ((octets[1] ?? 0) % 8);
	t.notThrows(() => parseRtcp(octets, {allowReducedSize: true}));
});

testProp('a compound cut anywhere is refused or ends at a packet', [compound, fc.nat(200)], (t, packets, cut) => {
	const octets = writeRtcp(packets);
	const read = parseRtcp(octets.subarray(0, Math.max(0, octets.length - 1 - cut)));
	t.true(!read.ok || read.value.length < packets.length);
});

test('a sender report has the layout of RFC 3550 §6.4.1', (t) => {
	const octets = writeRtcp([
		{
			kind: 'sender-report',
			ssrc: 1,
			ntpTimestamp: 0x01_02_03_04_05_06_07_08n,
			rtpTimestamp: 2,
			packetCount: 3,
			octetCount: 4,
			reports: [
				{
					ssrc: 5,
					fractionLost: 6,
					cumulativeLost: -1,
					extendedHighestSequence: 7,
					jitter: 8,
					lastSenderReport: 9,
					delaySinceLastSenderReport: 10,
				},
			],
			extension: new Uint8Array(),
		},
		{kind: 'source-description', chunks: [{ssrc: 1, items: [{type: 1, value: Buffer.from('ab')}]}]},
		{kind: 'goodbye', ssrcs: [1], reason: Buffer.from('end')},
	]);
	t.is(
		Buffer.from(octets).toString('hex'),
		[
			'81c8000c00000001010203040506070800000002000000030000000400000005',
			'06ffffff0000000700000008000000090000000a',
			'81ca00030000000101026162' + '00000000',
			'81cb00020000000103656e64',
		].join(''),
	);
});

const refused = [
	['80c9', 'RTCP_TOO_SHORT', 'two octets'],
	['00c9000100000001', 'RTCP_WRONG_VERSION', 'version 0'],
	['80ca000100000001', 'RTCP_BAD_FIRST_PACKET', 'a source description first'],
	['a0c90002000000010000000400', 'RTCP_BAD_FIRST_PACKET', 'padding in the first packet'],
	['80c9000200000001', 'RTCP_BAD_LENGTH', 'a length past the end'],
	['80c900010000000180', 'RTCP_BAD_LENGTH', 'an octet too many'],
	['81c9000100000001', 'RTCP_MALFORMED', 'a report block that is not there'],
	['80c9000100000001a0cb000100000004' + '80cb0000', 'RTCP_BAD_PADDING', 'padding before the last packet'],
	['80c9000100000001a0cb000100000005', 'RTCP_BAD_PADDING', 'padding longer than the packet'],
	['80c90001000000018064000100000001', 'RTCP_WRONG_TYPE', 'a packet type that is not RTCP'],
	['80c900010000000181ca00020000000101056162', 'RTCP_MALFORMED', 'an item past the end'],
	['80c900010000000181ca000100000001', 'RTCP_MALFORMED', 'a chunk without its end'],
	['80c900010000000180cb000105616263', 'RTCP_MALFORMED', 'a reason past the end'],
] as const;

for (const [hex, code, what] of refused) {
	test(`${what} is refused as ${code} (RFC 3550 App. A.2)`, (t) => {
		const read = parseRtcp(Buffer.from(hex, 'hex'));
		t.is(read.ok ? undefined : read.failure.code, code);
	});
}

test('padding of the last packet is taken off', (t) => {
	const read = parseRtcp(Buffer.from('80c9000100000001a0cc0002616263640000000' + '4', 'hex'));
	const last = read.ok ? read.value.at(-1) : undefined;
	t.is(last?.kind === 'other' ? Buffer.from(last.body).toString() : undefined, 'abcd');
});

test('a packet of reduced size is taken where RFC 5506 allows it', (t) => {
	const octets = Buffer.from('81cd000200000001' + '00000002', 'hex');
	t.false(parseRtcp(octets).ok);
	t.true(parseRtcp(octets, {allowReducedSize: true}).ok);
});

test('NTP time counts from 1900 and its middle is what report blocks carry', (t) => {
	const ntp = toNtpTimestamp(1500);
	t.is(ntp, (2_208_988_801n << 32n) | 0x80_00_00_00n);
	t.is(middleOfNtp(0x00_01_02_03_04_05_06_07n), 0x02_03_04_05);
});

/** Views of different buffers compare by their octets. */
function withPlainBytes(value: unknown): unknown {
	return JSON.parse(
		JSON.stringify(value, (_, part: unknown) => {
			if (part instanceof Uint8Array) {
				return Buffer.from(part).toString('hex');
			}

			return typeof part === 'bigint' ? String(part) : part;
		}),
	);
}
