import {createCipheriv} from 'node:crypto';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';

/** By what it is (`SRTP salt`) octets that must be in no memory once the session is gone. */
export type Secrets = ReadonlyMap<string, Buffer>;

/** The master key and salt. */
export function masterSecrets(suite: SrtpSuiteName, keyAndSalt: Buffer): Secrets {
	const {keyOctets} = srtpSuites[suite];
	return new Map([
		['master key', keyAndSalt.subarray(0, keyOctets)],
		['master salt', keyAndSalt.subarray(keyOctets)],
	]);
}

/** What a session derives from them (RFC 3711 §4.3.1), as it stands in memory: HMAC keys as the states they lead to. */
export function derivedSecrets(suite: SrtpSuiteName, keyAndSalt: Buffer): Secrets {
	const {keyOctets, saltOctets} = srtpSuites[suite];
	const isAead = saltOctets === 12;
	const derive = (label: number, octets: number): Buffer => {
		const counter = Buffer.alloc(16);
		keyAndSalt.copy(counter, 0, keyOctets);
		counter[7] = (counter[7] ?? 0) ^ label;
		const cipher = createCipheriv(`aes-${keyOctets * 8}-ctr`, keyAndSalt.subarray(0, keyOctets), counter);
		return cipher.update(Buffer.alloc(octets));
	};
	const secrets = new Map<string, Buffer>();
	for (const [name, first] of [
		['SRTP', 0],
		['SRTCP', 3],
	] as const) {
		secrets.set(`${name} encryption key`, derive(first, keyOctets));
		secrets.set(`${name} salt`, derive(first + 2, saltOctets));
		if (!isAead) {
			const key = derive(first + 1, 20);
			secrets.set(`${name} authentication key`, key);
			secrets.set(`${name} inner HMAC state`, stateAfter(key, 0x36));
			secrets.set(`${name} outer HMAC state`, stateAfter(key, 0x5c));
		}
	}

	return secrets;
}

/** SHA-1's state, words in the machine's order, after one block of `key` padded and masked (RFC 2104 §2). */
function stateAfter(key: Buffer, mask: number): Buffer {
	const block = Buffer.alloc(64);
	key.copy(block);
	const words = Array.from({length: 16}, (_, i) => {
		const masked = Buffer.from(block.subarray(4 * i, 4 * i + 4).map((octet) => octet ^ mask));
		return masked.readUInt32BE();
	});
	for (let i = 16; i < 80; i++) {
		words.push(rotate(at(words, i - 3) ^ at(words, i - 8) ^ at(words, i - 14) ^ at(words, i - 16), 1));
	}

	const initial = [0x67_45_23_01, 0xef_cd_ab_89, 0x98_ba_dc_fe, 0x10_32_54_76, 0xc3_d2_e1_f0] as const;
	let [a, b, c, d, e]: readonly number[] = initial as readonly [number, number, number, number, number];
	for (let i = 0; i < 80; i++) {
		const [mixed, constant] = round(i, b ?? 0, c ?? 0, d ?? 0);
		const next: number = (rotate(a ?? 0, 5) + mixed + (e ?? 0) + constant + at(words, i)) >>> 0;
		[a, b, c, d, e] = [next, a, rotate(b ?? 0, 30), c, d];
	}

	const state = [a, b, c, d, e].map((word, i) => ((word ?? 0) + at(initial, i)) >>> 0);
	return Buffer.from(Uint32Array.from(state).buffer);
}

function round(i: number, b: number, c: number, d: number): readonly [mixed: number, constant: number] {
	if (i < 20) {
		return [((b & c) | (~b & d)) >>> 0, 0x5a_82_79_99];
	}

	if (i < 40) {
		return [(b ^ c ^ d) >>> 0, 0x6e_d9_eb_a1];
	}

	return i < 60 ? [((b & c) | (b & d) | (c & d)) >>> 0, 0x8f_1b_bc_dc] : [(b ^ c ^ d) >>> 0, 0xca_62_c1_d6];
}

function rotate(word: number, bits: number): number {
	return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}

function at(words: readonly number[], index: number): number {
	return words[index] ?? 0;
}
