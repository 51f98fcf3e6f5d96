import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {JitterEstimator, LossCounter, SourceStatistics} from '#dist/core/rtp/index.js';

function feed(counter: LossCounter, numbers: readonly number[]): readonly string[] {
	return numbers.map((number) => counter.update(number).kind);
}

test('a source is on probation until two packets come in order (RFC 3550 App. A.1)', (t) => {
	const counter = new LossCounter();
	t.deepEqual(feed(counter, [10, 20, 21, 22]), ['on-probation', 'on-probation', 'counted', 'counted']);
	t.deepEqual([counter.received, counter.expected, counter.lost], [2, 2, 0]);
});

test('an authenticated source counts from its first packet, whatever its number', (t) => {
	for (const first of [0, 1, 65_535]) {
		const counter = new LossCounter(0);
		t.deepEqual(counter.update(first), {kind: 'counted', extendedSequence: first});
		t.deepEqual([counter.received, counter.expected], [1, 1]);
	}
});

test('sequence numbers extend over cycles, and reordering across the wrap does not count one', (t) => {
	const counter = new LossCounter(0);
	const extended = [65_534, 0, 65_535, 1].map((number) => counter.update(number));
	t.deepEqual(extended, [
		{kind: 'counted', extendedSequence: 65_534},
		{kind: 'counted', extendedSequence: 65_536},
		{kind: 'counted', extendedSequence: 65_535},
		{kind: 'counted', extendedSequence: 65_537},
	]);
	t.deepEqual([counter.expected, counter.lost], [4, 0]);
});

test('one packet from far away changes nothing, two in order restart the source', (t) => {
	const counter = new LossCounter(0);
	t.deepEqual(feed(counter, [1, 2, 40_000, 3, 50_000, 50_001]), [
		'counted',
		'counted',
		'out-of-range',
		'counted',
		'out-of-range',
		'restarted',
	]);
	t.deepEqual([counter.received, counter.expected], [1, 1]);
});

test('losses are counted over all and in 256ths since the last report (RFC 3550 App. A.3)', (t) => {
	const counter = new LossCounter(0);
	feed(counter, [1, 2, 4]);
	t.is(counter.lost, 1);
	t.is(counter.closeInterval(), 64);
	feed(counter, [5, 5, 6]);
	t.is(counter.lost, 0, 'a duplicate makes up for a loss, as the RFC has it');
	t.is(counter.closeInterval(), 0);
});

testProp(
	'over any stretch of numbers, what is missing is what is lost',
	[fc.integer({min: 0, max: 65_535}), fc.uniqueArray(fc.integer({min: 1, max: 400}), {minLength: 1, maxLength: 200})],
	(t, first, offsets) => {
		const counter = new LossCounter(0);
		const inOrder = [0, ...offsets.sort((a, b) => a - b)];
		feed(
			counter,
			inOrder.map((offset) => (first + offset) % 65_536),
		);
		const expected = (inOrder.at(-1) ?? 0) + 1;
		t.deepEqual([counter.expected, counter.lost], [expected, expected - inOrder.length]);
	},
);

test('jitter is zero for an even stream and moves by a sixteenth of the deviation (RFC 3550 App. A.8)', (t) => {
	const jitter = new JitterEstimator(8000);
	for (let packet = 0; packet < 10; packet++) {
		jitter.update(0xff_ff_ff_00 + packet * 160, 1000 + packet * 20);
	}

	t.is(jitter.jitter, 0);
	jitter.update(0xff_ff_ff_00 + 10 * 160, 1000 + 10 * 20 + 10);
	t.is(jitter.jitter, 80 / 16);
	t.is(jitter.jitterMs, 10 / 16);
});

test('a report block carries losses, jitter and the time since the last sender report', (t) => {
	const statistics = new SourceStatistics({ssrc: 7, clockRate: 8000, minSequentialPackets: 0});
	for (const sequenceNumber of [0, 1, 3]) {
		statistics.receivePacket({sequenceNumber, timestamp: 160 * sequenceNumber}, 20 * sequenceNumber);
	}

	statistics.receiveSenderReport(0x00_01_02_03_04_05_06_07n, 100);
	t.deepEqual(statistics.report(1100), {
		ssrc: 7,
		fractionLost: 64,
		cumulativeLost: 1,
		extendedHighestSequence: 3,
		jitter: 0,
		lastSenderReport: 0x02_03_04_05,
		delaySinceLastSenderReport: 65_536,
	});
});
