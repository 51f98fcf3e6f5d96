import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {ReorderBuffer} from '#dist/core/rtp/index.js';

function drain<Item>(buffer: ReorderBuffer<Item>, nowMs: number): readonly Item[] {
	const items: Item[] = [];
	for (let item = buffer.poll(nowMs); item !== undefined; item = buffer.poll(nowMs)) {
		items.push(item);
	}

	return items;
}

test('what is next in order leaves at once, after the first has waited for what it may have overtaken', (t) => {
	const buffer = new ReorderBuffer<string>({maxDelayMs: 100});
	buffer.push(11, 'b', 0);
	t.deepEqual(drain(buffer, 50), []);
	buffer.push(10, 'a', 50);
	t.is(buffer.waitUntilMs(), 150);
	t.deepEqual(drain(buffer, 150), ['a', 'b']);
	buffer.push(12, 'c', 151);
	t.deepEqual(drain(buffer, 151), ['c']);
	t.is(buffer.waitUntilMs(), undefined);
});

test('a gap is waited for and then given up; what fills it later is late', (t) => {
	const buffer = new ReorderBuffer<number>({maxDelayMs: 100});
	buffer.push(1, 1, 0);
	drain(buffer, 100);
	buffer.push(3, 3, 200);
	t.deepEqual(drain(buffer, 299), []);
	t.deepEqual(drain(buffer, 300), [3]);
	t.is(buffer.push(2, 2, 301), 'late');
	t.is(buffer.push(3, 3, 301), 'duplicate');
	t.is(buffer.push(5, 5, 301), 'queued');
	t.is(buffer.push(5, 5, 301), 'duplicate');
});

test('a full buffer gives up a gap without waiting', (t) => {
	const buffer = new ReorderBuffer<number>({maxPackets: 2, maxDelayMs: 1e9});
	for (const number of [10, 11, 12, 13]) {
		buffer.push(number, number, 0);
	}

	t.deepEqual(drain(buffer, 0), [10, 11, 12, 13]);
	t.throws(() => new ReorderBuffer({maxPackets: 0}), {instanceOf: RangeError});
});

testProp(
	'packets displaced by less than the buffer holds come out in order, each once, all of them',
	[fc.array(fc.nat(7), {minLength: 1, maxLength: 200}), fc.array(fc.nat(199), {maxLength: 40})],
	(t, delays, repeated) => {
		// Packet n arrives at n plus its delay; some arrive again a little later.
		const arrivals = delays
			.map((delay, number) => ({number, at: number + delay}))
			.concat(repeated.filter((number) => number < delays.length).map((number) => ({number, at: number + 8})))
			.sort((a, b) => a.at - b.at);
		const buffer = new ReorderBuffer<{number: number}>({maxPackets: 16, maxDelayMs: 16});
		const out: number[] = [];
		for (const arrival of arrivals) {
			buffer.push(arrival.number, arrival, arrival.at);
			out.push(...drain(buffer, arrival.at).map(({number}) => number));
		}

		out.push(...drain(buffer, Number.POSITIVE_INFINITY).map(({number}) => number));
		t.deepEqual(out, [...delays.keys()]);
	},
);
