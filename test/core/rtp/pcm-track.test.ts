import test from 'ava';
import {PcmTrack} from '#dist/core/rtp/index.js';

test('gaps in the timestamps are silence', (t) => {
	const track = new PcmTrack();
	track.append(0xff_ff_ff_fe, Int16Array.of(1, 2));
	track.append(3, Int16Array.of(3));
	t.deepEqual([...track.read()], [1, 2, 0, 0, 0, 3]);
	t.is(track.silentSamples, 3);
});

test('a jump of the clock, forth or back, does not become an hour of silence', (t) => {
	const track = new PcmTrack({maxGapSamples: 10});
	track.append(0, Int16Array.of(1));
	track.append(1_000_000, Int16Array.of(2));
	track.append(50, Int16Array.of(3));
	track.append(52, Int16Array.of(4));
	t.deepEqual([...track.read()], [1, 2, 3, 0, 4]);
});

test('a full track keeps what it has and counts what it drops', (t) => {
	const track = new PcmTrack({maxSamples: 3});
	track.append(0, Int16Array.of(1, 2));
	track.append(2, Int16Array.of(3, 4));
	track.append(4, Int16Array.of(5));
	t.deepEqual([...track.read()], [1, 2, 3]);
	t.is(track.droppedSamples, 2);
});
