import {Buffer} from 'node:buffer';
import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {MasterKey, SrtpInbound, SrtpOutbound} from '#dist/trusted/media/srtp/index.js';
import {runs} from '../../../profile.js';
import * as oracle from './oracle.js';
import {keyBytes, pair, rtcp, rtp, successOf, suiteNames, verdictOf} from './packets.js';

const anySuite = fc.constantFrom(...suiteNames);
const anyPayload = fc.uint8Array({maxLength: 400});
const anySequenceNumber = fc.integer({min: 0, max: 0xff_ff});
const anySsrc = fc.integer({min: 0, max: 0xff_ff_ff_ff});
const anyMki = fc.option(fc.uint8Array({minLength: 1, maxLength: 128}), {nil: undefined});

testProp(
	'an independent sender and the addon make the same octets, and the addon opens them',
	[anySuite, fc.uint8Array({minLength: 46, maxLength: 46}), anySsrc, anySequenceNumber, anyPayload, anyMki],
	(t, suite, randomness, ssrc, sequenceNumber, payload, mki) => {
		const keyAndSalt = randomness.subarray(0, keyBytes(suite).length);
		const masterKey = MasterKey.fromBytes(suite, keyAndSalt);
		const options = {keys: [{masterKey, ...(mki && {mki})}]};
		const outbound = new SrtpOutbound(options);
		const inbound = new SrtpInbound(options);
		const shared = {suite, keyAndSalt, ...(mki && {mki})};

		const plain = rtp({ssrc, sequenceNumber, payload});
		const sealed = successOf(outbound.protectRtp(plain));
		t.deepEqual(Buffer.from(sealed), oracle.protectRtp({...shared, plain, headerOctets: 12}, 0));
		t.deepEqual(Buffer.from(successOf(inbound.unprotectRtp(sealed))), plain);

		const control = rtcp(ssrc);
		const sealedControl = successOf(outbound.protectRtcp(control));
		t.deepEqual(Buffer.from(sealedControl), oracle.protectRtcp({...shared, plain: control, headerOctets: 8}, 1));
		t.deepEqual(Buffer.from(successOf(inbound.unprotectRtcp(sealedControl))), control);
	},
	runs(200),
);

testProp(
	'a packet opens at most once whatever the order, and the window agrees with a set as its model',
	[
		fc.array(fc.integer({min: 0, max: 700}), {minLength: 1, maxLength: 300}),
		fc.integer({min: 64, max: 300}),
		fc.constantFrom(0, 0xff_00),
	],
	(t, order, replayWindowPackets, first) => {
		const {outbound, inbound} = pair('AES_CM_128_HMAC_SHA1_32', {replayWindowPackets});
		const sealed = Array.from({length: 701}, (_, position) =>
			successOf(outbound.protectRtp(rtp({sequenceNumber: (first + position) % 65_536}))),
		);
		successOf(inbound.unprotectRtp(sealed[0] ?? Buffer.alloc(0)));
		const opened = new Set([0]);
		const window = Math.ceil(replayWindowPackets / 32) * 32;
		let newest = 0;
		for (const position of order) {
			const expected = position <= newest - window ? 'TOO_OLD' : opened.has(position) ? 'REPLAYED' : 'OK';
			t.is(verdictOf(inbound.unprotectRtp(sealed[position] ?? Buffer.alloc(0))), expected);
			opened.add(position);
			newest = Math.max(newest, position);
		}
	},
	runs(40),
);

testProp(
	'SRTCP opens at most once whatever the order',
	[fc.array(fc.integer({min: 0, max: 60}), {minLength: 1, maxLength: 120}), anySuite],
	(t, order, suite) => {
		const {outbound, inbound} = pair(suite, {mki: Uint8Array.of(1, 2)});
		const sealed = Array.from({length: 61}, () => successOf(outbound.protectRtcp(rtcp())));
		const opened = new Set<number>();
		for (const position of order) {
			const verdict = verdictOf(inbound.unprotectRtcp(sealed[position] ?? Buffer.alloc(0)));
			t.is(verdict, opened.has(position) ? 'REPLAYED' : 'OK');
			opened.add(position);
		}
	},
	runs(40),
);

for (const suite of suiteNames) {
	test(`any flipped bit is refused, and the packet itself still opens (${suite})`, (t) => {
		const {outbound, inbound} = pair(suite, {mki: Uint8Array.of(1, 2, 3)});
		successOf(inbound.unprotectRtp(successOf(outbound.protectRtp(rtp({sequenceNumber: 100})))));
		successOf(inbound.unprotectRtcp(successOf(outbound.protectRtcp(rtcp()))));
		const media = successOf(outbound.protectRtp(rtp({sequenceNumber: 101})));
		const control = successOf(outbound.protectRtcp(rtcp()));
		for (let bit = 0; bit < media.length * 8; bit++) {
			t.false(inbound.unprotectRtp(withFlippedBit(media, bit)).ok, `SRTP bit ${bit}`);
		}

		for (let bit = 0; bit < control.length * 8; bit++) {
			t.false(inbound.unprotectRtcp(withFlippedBit(control, bit)).ok, `SRTCP bit ${bit}`);
		}

		t.true(inbound.unprotectRtp(media).ok);
		t.true(inbound.unprotectRtcp(control).ok);
	});
}

testProp(
	'no octets from outside throw, with any header',
	[anySuite, fc.uint8Array({maxLength: 300}), fc.boolean()],
	(t, suite, octets, looksRight) => {
		const {outbound, inbound} = pair(suite, {mki: Uint8Array.of(7)});
		const packet = looksRight ? Buffer.concat([rtp(), octets]) : octets;
		t.false(inbound.unprotectRtp(packet).ok);
		t.false(inbound.unprotectRtcp(packet).ok);
		t.notThrows(() => outbound.protectRtp(packet));
		t.notThrows(() => outbound.protectRtcp(packet));
	},
	runs(500),
);

testProp(
	'sequence numbers and rollover counter roll over together on both sides, with losses',
	[anySuite, fc.array(fc.integer({min: 1, max: 30_000}), {minLength: 20, maxLength: 40}), anySequenceNumber],
	(t, suite, steps, start) => {
		const {outbound, inbound} = pair(suite);
		let index = start;
		for (const step of [0, ...steps]) {
			index += step;
			const plain = rtp({sequenceNumber: index % 65_536});
			const sealed = successOf(outbound.protectRtp(plain));
			t.deepEqual(Buffer.from(successOf(inbound.unprotectRtp(sealed))), plain);
			t.is(outbound.rolloverCounter(0xca_fe_ba_be), Math.floor(index / 65_536));
			t.is(inbound.rolloverCounter(0xca_fe_ba_be), Math.floor(index / 65_536));
		}
	},
	runs(50),
);

testProp(
	'a late joiner opens with the rollover counter that it was told, and not without',
	[anySuite, fc.integer({min: 1, max: 0xff_ff_ff_fe}), anySequenceNumber, anySsrc],
	(t, suite, rolloverCounter, sequenceNumber, ssrc) => {
		const {outbound, inbound} = pair(suite);
		outbound.setRolloverCounter(ssrc, rolloverCounter);
		const plain = rtp({ssrc, sequenceNumber});
		const sealed = successOf(outbound.protectRtp(plain));
		t.is(verdictOf(inbound.unprotectRtp(sealed)), 'BAD_TAG');
		t.is(inbound.rolloverCounter(ssrc), undefined);
		inbound.setRolloverCounter(ssrc, rolloverCounter);
		t.is(inbound.rolloverCounter(ssrc), rolloverCounter);
		t.deepEqual(Buffer.from(successOf(inbound.unprotectRtp(sealed))), plain);
		t.is(verdictOf(inbound.unprotectRtp(sealed)), 'REPLAYED');
	},
	runs(60),
);

testProp(
	'a sender never protects two packets of a source under one index',
	[fc.array(fc.tuple(fc.integer({min: 0, max: 3}), anySequenceNumber), {minLength: 1, maxLength: 200})],
	(t, sends) => {
		const {outbound, inbound} = pair('AES_CM_128_HMAC_SHA1_80', {replayWindowPackets: 32_767});
		for (const [ssrc, sequenceNumber] of sends) {
			const outcome = outbound.protectRtp(rtp({ssrc, sequenceNumber}));
			if (outcome.ok) {
				t.is(verdictOf(inbound.unprotectRtp(outcome.value)), 'OK');
			} else {
				t.is(outcome.failure.code, 'REPEATED_INDEX');
			}
		}
	},
	runs(60),
);

function withFlippedBit(packet: Uint8Array, bit: number): Uint8Array {
	const flipped = Uint8Array.from(packet);
	flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
	return flipped;
}
