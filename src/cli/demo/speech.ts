import {telephoneSampleRate} from '../../wire/audio/telephone-audio.js';
import {toInt16, writeWav} from '../../wire/audio/wav-file.js';

/** The voices of the demo. `assets/<name>.wav` is `demoSpeechFile(name)`, byte for byte. */
export const demoVoices = {
	bob: {seed: 7, seconds: 4.6, pitchHz: 108},
	alice: {seed: 23, seconds: 4.2, pitchHz: 196},
} as const;

/** The WAV file of a demo voice. */
export function demoSpeechFile(name: keyof typeof demoVoices): Uint8Array {
	const {seed, seconds, pitchHz} = demoVoices[name];
	return writeWav(telephoneSampleRate, synthesizeSpeech(seed, seconds, pitchHz));
}

/**
 * Speech-like sound, 8000 Hz and 16 bits: words of random syllables, each a noisy consonant and a vowel of three formants
 * over a gliding pitch (source-filter model). The same arguments give the same samples.
 */
export function synthesizeSpeech(seed: number, seconds: number, pitchHz = 120): Int16Array {
	const random = randomNumbers(seed);
	const sound = new Float64Array(Math.round(seconds * telephoneSampleRate));
	let start = Math.round(0.12 * telephoneSampleRate);
	while (start < sound.length) {
		const syllables = 1 + Math.floor(random() * 4);
		for (let index = 0; index < syllables && start < sound.length; index++) {
			// Pitch falls through a word and differs from word to word.
			const pitch = pitchHz * (1.12 - 0.08 * index + 0.1 * random());
			start += addSyllable(sound.subarray(start), pitch, random);
		}

		start += Math.round((0.08 + 0.16 * random()) * telephoneSampleRate);
	}

	const peak = sound.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
	return Int16Array.from(sound, (sample) => toInt16((sample / (peak || 1)) * peakLevel + roomNoise * (random() - 0.5)));
}

/** Adds one syllable at the beginning of `sound`; returns its length in samples. */
function addSyllable(sound: Float64Array, pitchHz: number, random: () => number): number {
	const consonantSamples = Math.round((0.03 + 0.06 * random()) * telephoneSampleRate);
	const vowelSamples = Math.round((0.11 + 0.13 * random()) * telephoneSampleRate);
	const from = pickVowel(random);
	const to = pickVowel(random);
	const hiss = resonator();
	const hissHz = 1800 + 1600 * random();
	for (let index = 0; index < Math.min(consonantSamples, sound.length); index++) {
		const level = 0.06 * Math.sin((Math.PI * index) / consonantSamples);
		sound[index] = (sound[index] ?? 0) + level * hiss(random() - 0.5, hissHz, 500);
	}

	const formants = [resonator(), resonator(), resonator()] as const;
	let phase = 0;
	for (let index = 0; index < vowelSamples && consonantSamples + index < sound.length; index++) {
		const progress = index / vowelSamples;
		phase += (pitchHz * (1.05 - 0.12 * progress)) / telephoneSampleRate;
		// A glottal pulse opens slowly and closes at once; a little breath goes with it.
		const cycle = phase % 1;
		const source = (cycle < 0.6 ? cycle * cycle : -0.09) + 0.02 * (random() - 0.5);
		let voice = 0;
		for (const [formant, filter] of formants.entries()) {
			const hertz = (from[formant] ?? 500) * (1 - progress) + (to[formant] ?? 500) * progress;
			voice += filter(source, hertz, 60 + 40 * formant) / (1 + formant);
		}

		const envelope = Math.min(1, 12 * progress, 6 * (1 - progress));
		const at = consonantSamples + index;
		sound[at] = (sound[at] ?? 0) + envelope * voice;
	}

	return consonantSamples + vowelSamples;
}

/** A second-order resonance, deaf to direct current, whose centre may move from sample to sample. */
function resonator(): (input: number, hertz: number, bandwidthHz: number) => number {
	let previousInput = 0;
	let previous = 0;
	let beforePrevious = 0;
	return (input, hertz, bandwidthHz) => {
		const radius = Math.exp((-Math.PI * bandwidthHz) / telephoneSampleRate);
		const turn = 2 * radius * Math.cos((2 * Math.PI * hertz) / telephoneSampleRate);
		const rise = (1 - radius) * (input - previousInput);
		const output = rise + turn * previous - radius * radius * beforePrevious;
		previousInput = input;
		beforePrevious = previous;
		previous = output;
		return output;
	};
}

/** Numbers from 0 to 1 by a linear congruential generator (Numerical Recipes): repeatable, not for secrets. */
function randomNumbers(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 0x1_00_00_00_00;
	};
}

function pickVowel(random: () => number): readonly number[] {
	return vowels[Math.floor(random() * vowels.length)] ?? vowels[0];
}

/** First three formants in Hz of five vowels (after Peterson and Barney 1952, rounded). */
const vowels = [
	[730, 1090, 2440],
	[270, 2290, 3010],
	[300, 870, 2240],
	[530, 1840, 2480],
	[570, 840, 2410],
] as const satisfies readonly (readonly [number, number, number])[];
const peakLevel = 20_000;
/** So that pauses are not digital silence, which is what lost packets leave. */
const roomNoise = 24;
