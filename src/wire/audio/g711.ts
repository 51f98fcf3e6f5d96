/** The two companding laws of ITU-T G.711, by the names of RFC 3551 §4.5.14. */
export type G711Codec = 'pcma' | 'pcmu';

/** Static RTP payload types (RFC 3551 §6, table 4); 8000 Hz, one channel. */
export const g711PayloadTypes = {pcmu: 0, pcma: 8} as const satisfies Record<G711Codec, number>;

/** One octet of G.711 for each sample of 16-bit PCM. */
export function encodeG711(codec: G711Codec, samples: Int16Array): Uint8Array {
	const encode = codec === 'pcma' ? encodeALaw : encodeMuLaw;
	return Uint8Array.from(samples, encode);
}

/** One sample of 16-bit PCM for each octet of G.711. Encoding the result again gives the same sound. */
export function decodeG711(codec: G711Codec, octets: Uint8Array): Int16Array {
	const table = codec === 'pcma' ? aLawTable : muLawTable;
	return Int16Array.from(octets, (octet) => table[octet] ?? 0);
}

/** The octet of digital silence: the code of the smallest positive sample. */
export function silenceOctet(codec: G711Codec): number {
	return codec === 'pcma' ? 0xd5 : 0xff;
}

/** ITU-T G.711 table 1a: 13 significant bits, even bits inverted on the line. */
function encodeALaw(sample: number): number {
	const sign = sample >= 0 ? 0x80 : 0;
	const magnitude = magnitudeOf(sample) >> 4;
	const segment = Math.max(0, 28 - Math.clz32(magnitude));
	const step = (segment > 1 ? magnitude >> (segment - 1) : magnitude) & 0x0f;
	return (sign | (segment << 4) | step) ^ 0x55;
}

/** ITU-T G.711 table 2a: 14 significant bits, bias 33, all bits inverted on the line. */
function encodeMuLaw(sample: number): number {
	const sign = sample < 0 ? 0x80 : 0;
	const magnitude = Math.min(magnitudeOf(sample), muLawClip) + muLawBias;
	const segment = 24 - Math.clz32(magnitude);
	const step = (magnitude >> (segment + 3)) & 0x0f;
	return ~(sign | (segment << 4) | step) & 0xff;
}

/** Negative values are mirrored about −½, so that −1 lies in the first step below zero. */
function magnitudeOf(sample: number): number {
	return sample >= 0 ? sample : -sample - 1;
}

function decodeALaw(octet: number): number {
	const code = octet ^ 0x55;
	const segment = (code >> 4) & 0x07;
	const step = ((code & 0x0f) << 4) + 8;
	const magnitude = segment === 0 ? step : (step + 0x1_00) << (segment - 1);
	return (code & 0x80) !== 0 ? magnitude : -magnitude;
}

function decodeMuLaw(octet: number): number {
	const code = ~octet & 0xff;
	const magnitude = ((((code & 0x0f) << 3) + muLawBias) << ((code >> 4) & 0x07)) - muLawBias;
	return (code & 0x80) === 0 ? magnitude : -magnitude;
}

const muLawBias = 33 << 2;
/** The largest sample that the bias does not push out of 15 bits. */
const muLawClip = 32_635;
const aLawTable = Int16Array.from({length: 256}, (_, octet) => decodeALaw(octet));
const muLawTable = Int16Array.from({length: 256}, (_, octet) => decodeMuLaw(octet));
