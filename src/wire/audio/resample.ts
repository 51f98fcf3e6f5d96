import {toInt16} from './wav-file.js';

/**
 * Changes the sample rate of 16-bit PCM with a windowed-sinc filter (Kaiser window, about 80 dB of stop band):
 * what the lower of the two rates cannot carry is filtered out before it can fold back. Equal rates give a copy.
 */
export function resample(samples: Int16Array, fromRate: number, toRate: number): Int16Array {
	for (const rate of [fromRate, toRate]) {
		if (!Number.isInteger(rate) || rate < 1) {
			throw new RangeError(`Expected a positive integer for a sample rate, got ${rate}.`);
		}
	}

	if (fromRate === toRate) {
		return samples.slice();
	}

	const divisor = greatestCommonDivisor(fromRate, toRate);
	const [step, phases] = [fromRate / divisor, toRate / divisor];
	const kernels = designKernels(phases, Math.min(1, toRate / fromRate));
	const output = new Int16Array(Math.floor((samples.length * phases) / step));
	for (const index of output.keys()) {
		const position = index * step;
		const kernel = kernels[position % phases] as Float64Array;
		const first = Math.floor(position / phases) - kernel.length / 2 + 1;
		let sum = 0;
		for (const [tap, weight] of kernel.entries()) {
			sum += weight * (samples[first + tap] ?? 0);
		}

		output[index] = toInt16(sum);
	}

	return output;
}

/** One kernel for each place between two input samples that an output sample can have. */
function designKernels(phases: number, bandwidth: number): readonly Float64Array[] {
	const half = Math.ceil(zeroCrossings / bandwidth);
	// The transition ends where the lower rate's band does.
	const cutoff = bandwidth * 0.93;
	return Array.from({length: phases}, (_, phase) => {
		const kernel = Float64Array.from({length: 2 * half}, (_, tap) => {
			const distance = tap - half + 1 - phase / phases;
			return sinc(cutoff * distance) * kaiser(distance / half);
		});
		const sum = kernel.reduce((total, weight) => total + weight, 0);
		return kernel.map((weight) => weight / sum);
	});
}

function sinc(x: number): number {
	return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
	return Math.abs(x) > 1 ? 0 : bessel(kaiserBeta * Math.sqrt(1 - x * x)) / bessel(kaiserBeta);
}

/** Modified Bessel function of the first kind, order zero, by its power series. */
function bessel(x: number): number {
	let sum = 1;
	let term = 1;
	for (let k = 1; term > sum * 1e-12; k++) {
		term *= (x / (2 * k)) ** 2;
		sum += term;
	}

	return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
	return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

const zeroCrossings = 32;
const kaiserBeta = 8;
