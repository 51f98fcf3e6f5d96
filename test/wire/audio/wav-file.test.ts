import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {parseWav, readTelephoneAudio, resample, writeWav} from '#dist/wire/audio/index.js';

testProp(
	'what is written as WAV is read again',
	[fc.int16Array({maxLength: 300}), fc.constantFrom(8000, 16_000, 44_100)],
	(t, samples, sampleRate) => {
		const read = parseWav(writeWav(sampleRate, samples));
		t.deepEqual(read, {ok: true, value: {sampleRate, channels: 1, samples}});
	},
);

testProp('no octets make the WAV parser throw', [fc.uint8Array({maxLength: 200}), fc.nat(60)], (t, noise, at) => {
	const file = writeWav(8000, Int16Array.of(1, 2, 3));
	file.set(noise.subarray(0, Math.max(0, file.length - at)), Math.min(at, file.length));
	t.notThrows(() => parseWav(file));
	t.notThrows(() => parseWav(noise));
});

const formats = [
	['8-bit PCM', {tag: 1, bits: 8, data: [0x80, 0xff, 0x00]}, [0, 32_512, -32_768]],
	['16-bit PCM', {tag: 1, bits: 16, data: [0x01, 0x00, 0xff, 0x7f]}, [1, 32_767]],
	['24-bit PCM', {tag: 1, bits: 24, data: [0x00, 0x01, 0x00, 0xff, 0xff, 0x7f]}, [1, 32_767]],
	['32-bit PCM', {tag: 1, bits: 32, data: [0, 0, 1, 0, 0, 0, 0, 0x80]}, [1, -32_768]],
	['floating point', {tag: 3, bits: 32, data: [0, 0, 0, 0x3f, 0, 0, 0xc0, 0x7f]}, [16_384, 0]],
	['A-law', {tag: 6, bits: 8, data: [0xd5, 0x2a]}, [8, -32_256]],
	['µ-law', {tag: 7, bits: 8, data: [0xff, 0x00]}, [0, -32_124]],
	['stereo, mixed', {tag: 1, bits: 16, channels: 2, data: [10, 0, 20, 0]}, [15]],
] as const;

for (const [name, format, samples] of formats) {
	test(`a WAV file of ${name} is read`, (t) => {
		const read = parseWav(wavOf(format));
		t.deepEqual(read.ok && [...read.value.samples], [...samples]);
	});
}

test('an extensible format chunk names its format in the GUID', (t) => {
	const guid = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
	const read = parseWav(wavOf({tag: 0xff_fe, bits: 16, data: [5, 0], more: [22, 0, 16, 0, 4, 0, 0, 0, ...guid]}));
	t.deepEqual(read.ok && [...read.value.samples], [5]);
});

test('other chunks before the data are passed over, odd lengths with their pad octet', (t) => {
	const read = parseWav(wavOf({tag: 1, bits: 16, data: [5, 0], between: 'LIST\x03\0\0\0abc\0'}));
	t.deepEqual(read.ok && [...read.value.samples], [5]);
});

test('a data chunk of unknown length, as pipes leave it, is read to the end of the file', (t) => {
	const file = Buffer.from(writeWav(8000, Int16Array.of(1, 2)));
	file.writeUInt32LE(0xff_ff_ff_ff, 40);
	const read = parseWav(file);
	t.deepEqual(read.ok && [...read.value.samples], [1, 2]);
});

test('what is not a readable WAV file is refused by name', (t) => {
	const codeOf = (file: Uint8Array) => {
		const read = readTelephoneAudio(file);
		return read.ok ? undefined : read.failure.code;
	};

	t.is(codeOf(Buffer.from('ID3 something')), 'WAV_NOT_RIFF');
	t.is(codeOf(wavOf({tag: 0x55, bits: 16, data: []})), 'WAV_UNSUPPORTED_FORMAT');
	t.is(codeOf(wavOf({tag: 1, bits: 16, channels: 0, data: []})), 'WAV_UNSUPPORTED_FORMAT');
	t.is(codeOf(writeWav(1000, Int16Array.of(1))), 'WAV_UNSUPPORTED_FORMAT');
	t.is(codeOf(writeWav(8000, new Int16Array())), 'WAV_NO_DATA');
	t.is(codeOf(writeWav(8000, Int16Array.of(1)).subarray(0, 36)), 'WAV_NO_DATA');
	t.is(codeOf(Buffer.from('RIFF\x04\0\0\0WAVEdata\0\0\0\0', 'latin1')), 'WAV_MALFORMED');
});

test('8000 Hz goes through untouched', (t) => {
	const samples = Int16Array.from({length: 1000}, (_, index) => index * 31 - 15_000);
	t.deepEqual(readTelephoneAudio(writeWav(8000, samples)), {ok: true, value: samples});
});

for (const rate of [4000, 11_025, 16_000, 32_000, 44_100, 48_000, 96_000]) {
	test(`a 1 kHz tone of ${rate} Hz keeps its length, level and pitch at 8000 Hz`, (t) => {
		const samples = resample(tone(1000, rate, 0.5), rate, 8000);
		t.true(Math.abs(samples.length - 4000) <= 1);
		const expected = tone(1000, 8000, 0.5);
		const middle = samples.subarray(400, 3600);
		const worst = Math.max(...middle.map((sample, index) => Math.abs(sample - (expected[400 + index] ?? 0))));
		t.true(worst <= 12, `off by ${worst} of 10000`);
	});
}

for (const [hertz, rate] of [
	[5000, 16_000],
	[4500, 44_100],
	[7000, 48_000],
] as const) {
	test(`a ${hertz} Hz tone of ${rate} Hz does not fold back into 8000 Hz`, (t) => {
		const samples = resample(tone(hertz, rate, 0.5), rate, 8000).subarray(400, 3600);
		t.true(Math.max(...samples.map(Math.abs)) <= 12);
	});
}

function tone(hertz: number, rate: number, seconds: number): Int16Array {
	return Int16Array.from(
		{length: rate * seconds},
		(_, index) => 10_000 * Math.sin((2 * Math.PI * hertz * index) / rate),
	);
}

function wavOf(format: {
	readonly tag: number;
	readonly bits: number;
	readonly data: readonly number[];
	readonly channels?: number;
	readonly more?: readonly number[];
	readonly between?: string;
}): Uint8Array {
	const {tag, bits, data, channels = 1, more = [], between = ''} = format;
	const chunk = Buffer.alloc(16);
	chunk.writeUInt16LE(tag, 0);
	chunk.writeUInt16LE(channels, 2);
	chunk.writeUInt32LE(8000, 4);
	chunk.writeUInt16LE(bits, 14);
	const [formatLength, dataLength] = [Buffer.alloc(4), Buffer.alloc(4)];
	formatLength.writeUInt32LE(chunk.length + more.length);
	dataLength.writeUInt32LE(data.length);
	return Buffer.concat([
		Buffer.from('RIFF\0\0\0\0WAVEfmt ', 'latin1'),
		formatLength,
		chunk,
		Uint8Array.from(more),
		Buffer.from(`${between}data`, 'latin1'),
		dataLength,
		Uint8Array.from(data),
	]);
}
