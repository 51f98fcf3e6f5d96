import test from 'ava';
import {decodeG711, encodeG711, silenceOctet} from '#dist/wire/audio/index.js';

const everyOctet = Uint8Array.from({length: 256}, (_, octet) => octet);
const everySample = Int16Array.from({length: 65_536}, (_, index) => index - 32_768);

test('A-law octets decode to the values of ITU-T G.711 table 1', (t) => {
	// Character signals before and after inversion of the even bits: least and greatest magnitude, both signs.
	t.deepEqual(
		[...decodeG711('pcma', Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a, 0xc5, 0xd4))],
		[8, -8, 32_256, -32_256, 264, 24],
	);
});

test('µ-law octets decode to the values of ITU-T G.711 table 2', (t) => {
	t.deepEqual(
		[...decodeG711('pcmu', Uint8Array.of(0xff, 0x7f, 0x80, 0x00, 0xfe, 0xef))],
		[0, 0, 32_124, -32_124, 8, 132],
	);
});

for (const codec of ['pcma', 'pcmu'] as const) {
	test(`${codec}: what was decoded encodes to the same octet, µ-law's negative zero apart`, (t) => {
		const again = encodeG711(codec, decodeG711(codec, everyOctet));
		const changed = everyOctet.filter((octet) => again[octet] !== octet);
		t.deepEqual([...changed], codec === 'pcmu' ? [0x7f] : []);
	});

	test(`${codec}: each of the 65536 samples comes back within half a step of its segment`, (t) => {
		const decoded = decodeG711(codec, encodeG711(codec, everySample));
		// Sixteen steps to a segment, and each segment twice as wide as the one below.
		const wrong = everySample.filter((sample, index) => {
			const halfStep = (Math.abs(sample) + 132) / 32 + 4;
			return Math.abs((decoded[index] ?? 0) - sample) > halfStep;
		});
		t.deepEqual([...wrong], []);
	});

	test(`${codec}: louder samples never become quieter`, (t) => {
		const decoded = decodeG711(codec, encodeG711(codec, everySample));
		t.true(decoded.every((sample, index) => index === 0 || sample >= (decoded[index - 1] ?? 0)));
	});

	test(`${codec}: silence is the code of zero`, (t) => {
		t.deepEqual(encodeG711(codec, Int16Array.of(0)), Uint8Array.of(silenceOctet(codec)));
	});
}
