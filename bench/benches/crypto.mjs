// What SRTP costs by itself: our native sessions in a native loop, beside the same cipher and tag through node:crypto.
import {createCipheriv, createDecipheriv, createHmac, randomBytes} from 'node:crypto';
import process from 'node:process';
import {timeProtection} from '../../dist/trusted/media/traffic-generator.js';
import {srtpSuites} from '../../dist/wire/sdes/suites.js';
import {interleave, mergeCases} from '../machinery/measure.mjs';

export const purpose = 'protect and unprotect, ns per packet, each suite at 20, 160 and 1200 bytes, beside node:crypto';

const payloads = [20, 160, 1200];
const headerOctets = 12;

export async function run({runs, seconds}) {
	const packets = Math.max(64, Math.min(32_768, Math.round(2000 * seconds)));
	const cases = [];
	for (const suite of Object.keys(srtpSuites)) {
		for (const payloadOctets of payloads) {
			const outcome = await interleave(
				[
					{name: 'ours', measure: () => ours(suite, payloadOctets, packets)},
					{name: 'node:crypto', measure: () => primitive(suite, payloadOctets, Math.ceil(packets / 8))},
				],
				runs,
			);
			cases.push({caseName: `${suite} ${payloadOctets}`, outcome});
		}
	}

	return {
		...mergeCases(cases, ['protectNs', 'unprotectNs']),
		remarks: [
			'ours: native sessions in a native loop, CPU time of the thread; every packet opened again and compared.',
			'node:crypto: cipher and tag alone, as a program without an addon would call them; no replay window, no indices.',
		],
	};
}

function ours(suite, payloadOctets, packets) {
	const {protectNs, unprotectNs} = timeProtection({suite, payloadOctets, packets});
	return {protectNs, unprotectNs};
}

function primitive(suite, payloadOctets, packets) {
	const {keyOctets, tagOctets} = srtpSuites[suite];
	const primitives = suite.startsWith('AEAD') ? gcm(keyOctets) : ctrAndHmac(keyOctets, tagOctets);
	const packet = randomBytes(headerOctets + payloadOctets);
	const sealed = Array.from({length: packets});
	const opened = Array.from({length: packets});
	const before = process.cpuUsage();
	for (let i = 0; i < packets; i++) {
		sealed[i] = primitives.protect(packet);
	}

	const middle = process.cpuUsage();
	for (let i = 0; i < packets; i++) {
		opened[i] = primitives.unprotect(sealed[i]);
	}

	const after = process.cpuUsage();
	if (!opened.every((one) => one.equals(packet))) {
		throw new Error('Expected every packet to come out as it went in.');
	}

	return {protectNs: nsBetween(before, middle) / packets, unprotectNs: nsBetween(middle, after) / packets};
}

function nsBetween(before, after) {
	return 1000 * (after.user + after.system - before.user - before.system);
}

function gcm(keyOctets) {
	const algorithm = `aes-${8 * keyOctets}-gcm`;
	const key = randomBytes(keyOctets);
	const nonce = randomBytes(12);
	return {
		protect(packet) {
			const cipher = createCipheriv(algorithm, key, nonce);
			const header = packet.subarray(0, headerOctets);
			cipher.setAAD(header);
			const text = cipher.update(packet.subarray(headerOctets));
			cipher.final();
			return Buffer.concat([header, text, cipher.getAuthTag()]);
		},
		unprotect(packet) {
			const decipher = createDecipheriv(algorithm, key, nonce);
			const header = packet.subarray(0, headerOctets);
			decipher.setAAD(header);
			decipher.setAuthTag(packet.subarray(-16));
			const text = decipher.update(packet.subarray(headerOctets, -16));
			decipher.final();
			return Buffer.concat([header, text]);
		},
	};
}

function ctrAndHmac(keyOctets, tagOctets) {
	const algorithm = `aes-${8 * keyOctets}-ctr`;
	const key = randomBytes(keyOctets);
	const authenticationKey = randomBytes(20);
	const counter = randomBytes(16);
	const rolloverCounter = Buffer.alloc(4);
	const tagOf = (packet) =>
		createHmac('sha1', authenticationKey).update(packet).update(rolloverCounter).digest().subarray(0, tagOctets);
	const crypt = (octets) => createCipheriv(algorithm, key, counter).update(octets);
	return {
		protect(packet) {
			const text = Buffer.concat([packet.subarray(0, headerOctets), crypt(packet.subarray(headerOctets))]);
			return Buffer.concat([text, tagOf(text)]);
		},
		unprotect(packet) {
			const text = packet.subarray(0, -tagOctets);
			if (!tagOf(text).equals(packet.subarray(-tagOctets))) {
				throw new Error('Expected an authentic packet.');
			}

			return Buffer.concat([text.subarray(0, headerOctets), crypt(text.subarray(headerOctets))]);
		},
	};
}
