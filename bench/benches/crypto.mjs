// What SRTP costs by itself: our native sessions beside stock libsrtp and beside OpenSSL's primitives, all in one loop.
import {createCipheriv, randomBytes} from 'node:crypto';
import {MasterKey} from '../../dist/trusted/media/srtp/master-key.js';
import {SrtpOutbound} from '../../dist/trusted/media/srtp/srtp-outbound.js';
import {timeProtection} from '../../dist/trusted/media/traffic-generator.js';
import {srtpSuites} from '../../dist/wire/sdes/suites.js';
import {interleave, mergeCases} from '../machinery/measure.mjs';
import {loadCryptoPeers} from '../native/build.mjs';

export const purpose =
	'protect and unprotect, ns per packet, each suite at 20, 160 and 1200 octets, beside libsrtp and OpenSSL';

const payloads = [20, 160, 1200];
const headerOctets = 12;

export async function run({runs, seconds}) {
	const peers = await loadCryptoPeers();
	const packets = Math.max(64, Math.min(32_768, Math.round(20_000 * seconds)));
	const cases = [];
	for (const suite of Object.keys(srtpSuites)) {
		for (const payloadOctets of payloads) {
			const keys = streamKeysOf(suite);
			const packet = rtpPacket(payloadOctets);
			demandSameOutput(suite, keys, packet, peers);
			const outcome = await interleave(
				[
					{name: 'ours', measure: () => timeProtection({suite, payloadOctets, packets})},
					{name: 'libsrtp', measure: () => peers.stock.time(suite, keys, packet, packets)},
					{name: 'openssl', measure: () => peers.primitive.time(suite, keys, packet, packets)},
				],
				runs,
			);
			cases.push({caseName: `${suite} ${payloadOctets}`, outcome});
		}
	}

	return {
		...mergeCases(cases, ['protectNs', 'unprotectNs']),
		remarks: [
			'All in native loops of the same code, CPU time of the thread; every packet opened again and compared.',
			"libsrtp: the same pinned source and the same OpenSSL, with its own HMAC and without our session's checks.",
			'openssl: cipher and tag by EVP alone; no replay window, no indices. It bounds what an SRTP on EVP can reach.',
			'Before timing, the three gave the same octets for the same key and packet.',
		],
	};
}

/** Throws unless all three protect a packet into the same octets. */
function demandSameOutput(suite, keys, packet, {stock, primitive}) {
	const outbound = new SrtpOutbound({keys: [{masterKey: MasterKey.fromBytes(suite, keys.master)}]});
	const {ok, value} = outbound.protectRtp(packet);
	outbound.destroy();
	const others = [stock, primitive].map((peer) => peer.protect(suite, keys, packet));
	if (!ok || packet.equals(value) || !others.every((other) => other.equals(value))) {
		throw new Error(`Expected ours, libsrtp and OpenSSL to protect alike under ${suite}.`);
	}
}

/** A master key and what RFC 3711 §4.3 derives from it for SRTP. */
function streamKeysOf(suite) {
	const {keyOctets, saltOctets} = srtpSuites[suite];
	const master = randomBytes(keyOctets + saltOctets);
	const derive = (label, octets) => {
		// x * 2^16 (RFC 3711 §4.3.3); a salt of 96 bits is filled up with zeros (RFC 7714 §11).
		const counter = Buffer.alloc(16);
		master.copy(counter, 0, keyOctets);
		counter[7] ^= label;
		const cipher = createCipheriv(`aes-${8 * keyOctets}-ctr`, master.subarray(0, keyOctets), counter);
		return cipher.update(Buffer.alloc(octets));
	};
	return {
		master,
		encryptionKey: derive(0, keyOctets),
		authenticationKey: derive(1, suite.startsWith('AEAD') ? 0 : 20),
		salt: derive(2, saltOctets),
	};
}

function rtpPacket(payloadOctets) {
	const packet = randomBytes(headerOctets + payloadOctets);
	packet.set([0x80, 0, 0, 0]);
	return packet;
}
