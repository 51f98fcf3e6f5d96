import test from 'ava';
import {estimateVoiceQuality} from '#dist/trusted/media/voice-quality.js';

const near = (actual: number, expected: number, tolerance: number) => Math.abs(actual - expected) <= tolerance;

test('without loss and delay the default values of G.107 give R = 93.2', (t) => {
	const {ratingFactor, mos} = estimateVoiceQuality({lossRatio: 0, delayMs: 0});
	t.true(near(ratingFactor, 93.2, 0.05), String(ratingFactor));
	t.true(near(mos, 4.41, 0.01), String(mos));
});

test('delay costs what the well-known linear fit of the model says', (t) => {
	// R. G. Cole, J. H. Rosenbluth, "Voice over IP performance monitoring" (2001), equation 3.
	const fitted = (delayMs: number) => 93.2 - 0.024 * delayMs - 0.11 * Math.max(delayMs - 177.3, 0);
	for (const delayMs of [20, 50, 100, 150, 200, 250, 300, 350]) {
		const {ratingFactor} = estimateVoiceQuality({lossRatio: 0, delayMs});
		t.true(near(ratingFactor, fitted(delayMs), 2), `${delayMs} ms: ${ratingFactor}, ${fitted(delayMs)}`);
	}
});

test('loss costs what the robustness of the codec lets it', (t) => {
	const drop = (lossRatio: number, codec: string) =>
		93.2 - estimateVoiceQuality({lossRatio, delayMs: 0, codec}).ratingFactor;
	// Ie + (95 - Ie) × Ppl / (Ppl + Bpl), by hand.
	t.true(near(drop(0.02, 'PCMU'), (95 * 2) / (2 + 25.1), 0.05));
	t.true(near(drop(0.05, 'g729'), 11 + (84 * 5) / (5 + 19), 0.05));
	t.is(drop(0.02, 'PCMU'), drop(0.02, 'unheard-of'));
});

test('nothing but loss is the worst score, and the score never leaves its range', (t) => {
	t.deepEqual(estimateVoiceQuality({lossRatio: 1, delayMs: 2000}), {ratingFactor: 0, mos: 1});
	for (let percent = 0; percent <= 100; percent++) {
		const {ratingFactor, mos} = estimateVoiceQuality({lossRatio: percent / 100, delayMs: 10 * percent});
		t.true(ratingFactor >= 0 && ratingFactor <= 100 && mos >= 1 && mos <= 4.5);
	}
});
