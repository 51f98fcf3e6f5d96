import {readFileSync} from 'node:fs';
import test from 'ava';
import {demoSpeechFile, synthesizeSpeech} from '#dist/cli/demo/speech.js';
import {parseWav} from '#dist/wire/audio/index.js';

for (const name of ['bob', 'alice'] as const) {
	test(`${name}.wav is the generator's output, byte for byte`, (t) => {
		const committed = readFileSync(`src/cli/demo/assets/${name}.wav`);
		t.true(committed.equals(demoSpeechFile(name)));
		t.true(committed.length <= 100 * 1024);
	});

	test(`${name}.wav is telephone sound that changes like speech: neither silence, nor a tone, nor noise`, (t) => {
		const wav = parseWav(demoSpeechFile(name));
		t.true(wav.ok);
		if (!wav.ok) {
			return;
		}

		const {samples, sampleRate} = wav.value;
		t.is(sampleRate, 8000);
		t.true(samples.length > 4 * sampleRate);
		const frames = Array.from({length: Math.floor(samples.length / 160)}, (_, index) =>
			samples.subarray(160 * index, 160 * (index + 1)),
		);
		const levels = frames.map((frame) => Math.sqrt(frame.reduce((sum, sample) => sum + sample * sample, 0) / 160));
		const crossings = frames.map(
			(frame) => frame.filter((sample, at) => sample < 0 !== (frame[at - 1] ?? 0) < 0).length,
		);
		t.true(levels.filter((level) => level > 1000).length > frames.length / 3, 'much of it is loud');
		t.true(levels.filter((level) => level < 50).length > frames.length / 20, 'it has pauses');
		t.true(new Set(crossings).size > 20, 'its spectrum moves');
	});
}

test('another seed says something else', (t) => {
	t.notDeepEqual(synthesizeSpeech(1, 1), synthesizeSpeech(2, 1));
	t.deepEqual(synthesizeSpeech(1, 1), synthesizeSpeech(1, 1));
});
