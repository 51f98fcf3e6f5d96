import test from 'ava';
import {classifyDatagram} from '#dist/wire/rtp/index.js';

const expected = [
	[[0, 1], 'stun'],
	[[3, 0], 'stun'],
	[[4, 0], 'unknown'],
	[[16, 0], 'zrtp'],
	[[19, 0], 'zrtp'],
	[[20, 0], 'dtls'],
	[[63, 0], 'dtls'],
	[[64, 0], 'turn-channel'],
	[[79, 0], 'turn-channel'],
	[[80, 0], 'unknown'],
	[[127, 0], 'unknown'],
	[[128, 0], 'rtp'],
	[[191, 0x88], 'rtp'],
	[[128, 191], 'rtp'],
	[[128, 192], 'rtcp'],
	[[129, 200], 'rtcp'],
	[[128, 223], 'rtcp'],
	[[128, 224], 'rtp'],
	[[192, 200], 'unknown'],
	[[128], 'rtp'],
	[[], 'unknown'],
] as const;

for (const [octets, kind] of expected) {
	test(`a datagram that begins ${octets.join(' ') || 'nowhere'} is ${kind} (RFC 7983 §7, RFC 5761 §4)`, (t) => {
		t.is(classifyDatagram(Uint8Array.from(octets)), kind);
	});
}
