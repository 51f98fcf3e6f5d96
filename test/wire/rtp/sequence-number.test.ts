import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {guessRolloverCounter, packetIndex, sequenceDistance, timestampDistance} from '#dist/wire/rtp/index.js';

test('distances go the short way round', (t) => {
	t.is(sequenceDistance(65_535, 0), 1);
	t.is(sequenceDistance(0, 65_535), -1);
	t.is(sequenceDistance(10, 10), 0);
	t.is(timestampDistance(0xff_ff_ff_ff, 159), 160);
});

test('the rollover counter is guessed as RFC 3711 §3.3.1 says, ties included', (t) => {
	t.is(guessRolloverCounter(0, {rolloverCounter: 0, sequenceNumber: 65_535}), 1);
	t.is(guessRolloverCounter(65_535, {rolloverCounter: 1, sequenceNumber: 0}), 0);
	t.is(guessRolloverCounter(65_535, {rolloverCounter: 0, sequenceNumber: 0}), undefined);
	t.is(guessRolloverCounter(0x80_00, {rolloverCounter: 7, sequenceNumber: 0}), 7);
	t.is(guessRolloverCounter(0, {rolloverCounter: 7, sequenceNumber: 0x80_00}), 7);
	t.is(guessRolloverCounter(0, {rolloverCounter: 7, sequenceNumber: 0x80_01}), 8);
	t.is(guessRolloverCounter(0, {rolloverCounter: 0xff_ff_ff_ff, sequenceNumber: 0xff_ff}), undefined);
});

testProp(
	'an index less than 2^15 away from the highest is guessed right',
	[fc.integer({min: 0x80_00, max: 2 ** 47}), fc.integer({min: -0x7f_ff, max: 0x7f_ff})],
	(t, highest, offset) => {
		const index = highest + offset;
		const sequenceNumber = index % 0x1_00_00;
		const rolloverCounter = guessRolloverCounter(sequenceNumber, {
			rolloverCounter: Math.floor(highest / 0x1_00_00),
			sequenceNumber: highest % 0x1_00_00,
		});
		t.is(packetIndex(rolloverCounter ?? Number.NaN, sequenceNumber), index);
	},
);
