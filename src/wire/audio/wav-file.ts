import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {decodeG711} from './g711.js';

/** Sound of a RIFF/WAVE file, mixed to one channel. */
export type WavAudio = {
	/** Samples per second. */
	readonly sampleRate: number;
	/** Channels in the file, before mixing. */
	readonly channels: number;
	/** 16-bit PCM, one channel. */
	readonly samples: Int16Array;
};

export type WavFailure = CodedFailure<'WAV_NOT_RIFF' | 'WAV_UNSUPPORTED_FORMAT' | 'WAV_MALFORMED' | 'WAV_NO_DATA'>;

/**
 * Reads a RIFF/WAVE file: PCM of 8, 16, 24 or 32 bits, 32-bit floating point, G.711 A-law or µ-law, plain or as
 * WAVE_FORMAT_EXTENSIBLE, 1 to 8 channels. A data chunk that ends after the file, as programs that write to a pipe
 * leave it, is read as far as it goes.
 */
export function parseWav(file: Uint8Array): Result<WavAudio, WavFailure> {
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	if (file.length < 12 || fourCharacters(file, 0) !== 'RIFF' || fourCharacters(file, 8) !== 'WAVE') {
		return fail('WAV_NOT_RIFF', 'Expected a file that begins with RIFF and WAVE, got something else.');
	}

	let format: Format | undefined;
	for (let offset = 12; offset + 8 <= file.length; ) {
		const chunk = fourCharacters(file, offset);
		const start = offset + 8;
		const declaredOctets = view.getUint32(offset + 4, true);
		const end = Math.min(start + declaredOctets, file.length);
		if (chunk === 'fmt ') {
			const read = readFormat(file.subarray(start, end));
			if (!read.ok) {
				return read;
			}

			format = read.value;
		} else if (chunk === 'data') {
			return format
				? ok(readData(format, file.subarray(start, end)))
				: fail('WAV_MALFORMED', 'Expected a format chunk before the data, got none.');
		}

		offset = start + declaredOctets + (declaredOctets & 1); // Chunks begin at even octets.
	}

	return fail('WAV_NO_DATA', 'Expected a data chunk, got none.');
}

/** Writes one channel of 16-bit PCM as a RIFF/WAVE file. */
export function writeWav(sampleRate: number, samples: Int16Array): Uint8Array {
	if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > maxSampleRate) {
		throw new RangeError(`Expected an integer from 1 to ${maxSampleRate} for \`sampleRate\`, got ${sampleRate}.`);
	}

	const file = Buffer.alloc(wavHeaderOctets + 2 * samples.length);
	file.write('RIFF', 0, 'latin1');
	file.writeUInt32LE(file.length - 8, 4);
	file.write('WAVEfmt ', 8, 'latin1');
	file.writeUInt32LE(16, 16);
	file.writeUInt16LE(formatTags.pcm, 20);
	file.writeUInt16LE(1, 22);
	file.writeUInt32LE(sampleRate, 24);
	file.writeUInt32LE(2 * sampleRate, 28);
	file.writeUInt16LE(2, 32);
	file.writeUInt16LE(16, 34);
	file.write('data', 36, 'latin1');
	file.writeUInt32LE(2 * samples.length, 40);
	for (const [index, sample] of samples.entries()) {
		file.writeInt16LE(sample, wavHeaderOctets + 2 * index);
	}

	return Uint8Array.from(file);
}

type Format = {
	readonly sampleRate: number;
	readonly channels: number;
	readonly sampleOctets: number;
	/** All samples of all channels, interleaved, in the range of 16 bits. */
	readonly decode: (data: DataView, count: number) => Float64Array;
};

function readFormat(chunk: Uint8Array): Result<Format, WavFailure> {
	if (chunk.length < 16) {
		return fail('WAV_MALFORMED', `Expected a format chunk of at least 16 octets, got ${chunk.length}.`);
	}

	const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
	const declaredTag = view.getUint16(0, true);
	const isExtensible = declaredTag === formatTags.extensible && chunk.length >= 26;
	const tag = isExtensible ? view.getUint16(24, true) : declaredTag;
	const channels = view.getUint16(2, true);
	const sampleRate = view.getUint32(4, true);
	const bits = view.getUint16(14, true);
	const decode = decoders.get(`${tag}/${bits}`);
	if (!decode) {
		return fail('WAV_UNSUPPORTED_FORMAT', `Expected PCM, floating point or G.711, got format ${tag} of ${bits} bits.`);
	}

	if (channels < 1 || channels > maxChannels || sampleRate < 1 || sampleRate > maxSampleRate) {
		return fail(
			'WAV_UNSUPPORTED_FORMAT',
			`Expected 1 to ${maxChannels} channels, got ${channels} at ${sampleRate} Hz.`,
		);
	}

	return ok({sampleRate, channels, sampleOctets: bits / 8, decode});
}

function readData({sampleRate, channels, sampleOctets, decode}: Format, data: Uint8Array): WavAudio {
	const frames = Math.floor(data.length / (sampleOctets * channels));
	const interleaved = decode(new DataView(data.buffer, data.byteOffset, data.byteLength), frames * channels);
	const samples = new Int16Array(frames);
	for (let frame = 0; frame < frames; frame++) {
		let sum = 0;
		for (let channel = 0; channel < channels; channel++) {
			sum += interleaved[frame * channels + channel] ?? 0;
		}

		samples[frame] = toInt16(sum / channels);
	}

	return {sampleRate, channels, samples};
}

/** The nearest 16-bit sample; values out of range are clipped, what is not a number is silence. */
export function toInt16(value: number): number {
	return Math.max(-32_768, Math.min(32_767, Math.round(value))) || 0;
}

function decoder(sampleOctets: number, sampleAt: (data: DataView, offset: number) => number): Format['decode'] {
	return (data, count) => Float64Array.from({length: count}, (_, index) => sampleAt(data, index * sampleOctets));
}

function g711Decoder(codec: 'pcma' | 'pcmu'): Format['decode'] {
	return (data, count) => Float64Array.from(decodeG711(codec, new Uint8Array(data.buffer, data.byteOffset, count)));
}

function fourCharacters(file: Uint8Array, offset: number): string {
	return String.fromCharCode(...file.subarray(offset, offset + 4));
}

const formatTags = {pcm: 1, float: 3, aLaw: 6, muLaw: 7, extensible: 0xff_fe} as const;
const decoders = new Map<string, Format['decode']>([
	[`${formatTags.pcm}/8`, decoder(1, (data, offset) => (data.getUint8(offset) - 128) * 256)],
	[`${formatTags.pcm}/16`, decoder(2, (data, offset) => data.getInt16(offset, true))],
	[`${formatTags.pcm}/24`, decoder(3, (data, offset) => data.getInt16(offset + 1, true) + data.getUint8(offset) / 256)],
	[`${formatTags.pcm}/32`, decoder(4, (data, offset) => data.getInt32(offset, true) / 65_536)],
	[`${formatTags.float}/32`, decoder(4, (data, offset) => data.getFloat32(offset, true) * 32_768)],
	[`${formatTags.aLaw}/8`, g711Decoder('pcma')],
	[`${formatTags.muLaw}/8`, g711Decoder('pcmu')],
]);
const maxChannels = 8;
const maxSampleRate = 384_000;
const wavHeaderOctets = 44;
