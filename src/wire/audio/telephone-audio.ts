import {fail, ok, type Result} from '../../base/result.js';
import {resample} from './resample.js';
import {parseWav, type WavFailure} from './wav-file.js';

/** Samples per second on a telephone line and of G.711. */
export const telephoneSampleRate = 8000;

/**
 * Sound of a RIFF/WAVE file as a telephone carries it: 8000 Hz, one channel, 16-bit PCM.
 * Rates from 4000 to 192000 Hz are converted, others refused.
 */
export function readTelephoneAudio(file: Uint8Array): Result<Int16Array, WavFailure> {
	const wav = parseWav(file);
	if (!wav.ok) {
		return wav;
	}

	const {sampleRate, samples} = wav.value;
	if (sampleRate < 4000 || sampleRate > 192_000) {
		return fail('WAV_UNSUPPORTED_FORMAT', `Expected a sample rate from 4000 to 192000 Hz, got ${sampleRate}.`);
	}

	return samples.length === 0
		? fail('WAV_NO_DATA', 'Expected at least one sample, got none.')
		: ok(resample(samples, sampleRate, telephoneSampleRate));
}
