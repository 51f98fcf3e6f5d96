import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {parseRtp, parseRtpHeader, type RtpFields, readExtensionElements, writeRtp} from '#dist/wire/rtp/index.js';

const uint32 = fc.integer({min: 0, max: 0xff_ff_ff_ff});
const words = fc.uint8Array({maxLength: 10}).map((bytes) => Uint8Array.from([...bytes, ...bytes, ...bytes, ...bytes]));
const fields: fc.Arbitrary<RtpFields> = fc.record(
	{
		marker: fc.boolean(),
		payloadType: fc.integer({min: 0, max: 127}),
		sequenceNumber: fc.integer({min: 0, max: 0xff_ff}),
		timestamp: uint32,
		ssrc: uint32,
		csrcs: fc.array(uint32, {maxLength: 15}),
		extension: fc.record({profile: fc.integer({min: 0, max: 0xff_ff}), data: words}),
	},
	{requiredKeys: ['marker', 'payloadType', 'sequenceNumber', 'timestamp', 'ssrc', 'csrcs']},
);

testProp(
	'what is written as RTP is read again, whatever of CSRC, extension and padding it has',
	[fields, fc.uint8Array({maxLength: 200}), fc.integer({min: 0, max: 255})],
	(t, written, payload, paddingOctets) => {
		const packet = writeRtp({...written, payload, paddingOctets});
		const read = parseRtp(packet);
		t.true(read.ok);
		if (read.ok) {
			const {hasPadding, headerOctets, ...rest} = read.value;
			t.deepEqual(rest, {...written, payload, paddingOctets});
			t.is(hasPadding, paddingOctets > 0);
			t.is(headerOctets, packet.length - payload.length - paddingOctets);
		}
	},
);

testProp(
	'no octets make the RTP parser throw or read past their end',
	[fc.uint8Array({maxLength: 120})],
	(t, octets) => {
		const read = parseRtp(octets);
		if (read.ok) {
			t.is(read.value.headerOctets + read.value.payload.length + read.value.paddingOctets, octets.length);
		}

		t.pass();
	},
);

test('a written packet has the layout of RFC 3550 §5.1', (t) => {
	const packet = writeRtp({
		marker: true,
		payloadType: 8,
		sequenceNumber: 0x1234,
		timestamp: 0xde_ca_fb_ad,
		ssrc: 0xca_fe_ba_be,
		csrcs: [1],
		extension: {profile: 0xbe_de, data: Uint8Array.of(0x10, 0xaa, 0, 0)},
		payload: Uint8Array.of(0xab),
		paddingOctets: 3,
	});
	t.is(Buffer.from(packet).toString('hex'), 'b1881234decafbadcafebabe00000001bede000110aa0000ab000003');
});

const malformed = [
	['80', 'RTP_TOO_SHORT'],
	['40000001000000010000000100', 'RTP_WRONG_VERSION'],
	['8f000001000000010000000100', 'RTP_TRUNCATED_HEADER'],
	['900000010000000100000001bede', 'RTP_TRUNCATED_HEADER'],
	['900000010000000100000001bedeffff', 'RTP_TRUNCATED_HEADER'],
	['a0000001000000010000000100', 'RTP_BAD_PADDING'],
	['a0000001000000010000000102', 'RTP_BAD_PADDING'],
	['a00000010000000100000001', 'RTP_BAD_PADDING'],
] as const;

for (const [hex, code] of malformed) {
	test(`the packet ${hex} is refused as ${code}`, (t) => {
		const read = parseRtp(Buffer.from(hex, 'hex'));
		t.is(read.ok ? undefined : read.failure.code, code);
	});
}

test('the header of a packet whose padding is encrypted can be read', (t) => {
	const read = parseRtpHeader(Buffer.from('a00000010000000100000001ff', 'hex'));
	t.true(read.ok && read.value.hasPadding && read.value.headerOctets === 12);
});

test('a field that does not fit is refused before anything is written', (t) => {
	const base = {marker: false, payloadType: 0, sequenceNumber: 0, timestamp: 0, ssrc: 0, csrcs: []};
	const payload = new Uint8Array();
	t.throws(() => writeRtp({...base, payload, payloadType: 128}), {instanceOf: RangeError});
	t.throws(() => writeRtp({...base, payload, sequenceNumber: 65_536}), {instanceOf: RangeError});
	t.throws(() => writeRtp({...base, payload, csrcs: Array.from({length: 16}, () => 0)}), {instanceOf: RangeError});
	t.throws(() => writeRtp({...base, payload, extension: {profile: 0, data: new Uint8Array(3)}}), {
		instanceOf: RangeError,
	});
});

test('one-byte extension elements are read as RFC 8285 §4.2 draws them', (t) => {
	const data = Buffer.from('10aa0021bbbb0033cccccccc', 'hex');
	const read = readExtensionElements({profile: 0xbe_de, data});
	t.deepEqual(read.ok && read.value.map(({id, data}) => [id, Buffer.from(data).toString('hex')]), [
		[1, 'aa'],
		[2, 'bbbb'],
		[3, 'cccccccc'],
	]);
});

test('two-byte extension elements may be empty, as RFC 8285 §4.3 draws them', (t) => {
	const data = Buffer.from('01000201bb000304cccccccc', 'hex');
	const read = readExtensionElements({profile: 0x10_05, data});
	t.deepEqual(read.ok && read.value.map(({id, data}) => [id, Buffer.from(data).toString('hex')]), [
		[1, ''],
		[2, 'bb'],
		[3, 'cccccccc'],
	]);
});

test('id 15 ends the one-byte elements, and an element past the end is refused', (t) => {
	const stopped = readExtensionElements({profile: 0xbe_de, data: Buffer.from('10aaf0bb', 'hex')});
	t.is(stopped.ok && stopped.value.length, 1);
	const truncated = readExtensionElements({profile: 0xbe_de, data: Buffer.from('13aabbcc', 'hex')});
	t.is(truncated.ok ? undefined : truncated.failure.code, 'EXTENSION_TRUNCATED');
	const unknown = readExtensionElements({profile: 0x12_34, data: new Uint8Array(4)});
	t.is(unknown.ok ? undefined : unknown.failure.code, 'EXTENSION_UNKNOWN_PROFILE');
});

testProp(
	'no extension makes the element reader throw',
	[fc.uint8Array({maxLength: 64}), fc.boolean()],
	(t, data, isOneByte) => {
		t.notThrows(() => readExtensionElements({profile: isOneByte ? 0xbe_de : 0x10_00, data}));
	},
);
