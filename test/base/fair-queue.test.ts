import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {FairQueue} from '#dist/base/fair-queue.js';

test('sources take turns, however much one of them has', (t) => {
	const queue = new FairQueue<string>({perSource: 10, atOnce: 1, waiting: 100});
	for (const job of ['a1', 'a2', 'a3', 'a4']) {
		t.is(queue.add('a', job), undefined);
	}

	queue.add('b', 'b1');
	queue.add('b', 'b2');
	queue.add('c', 'c1');
	const order: string[] = [];
	for (let next = queue.next(); next; next = queue.next()) {
		order.push(next.job);
		t.is(queue.next(), undefined, 'one at a time');
		queue.finish(next.source);
	}

	t.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
	t.is(queue.sources, 0, 'nobody is remembered');
});

test('a source with as much open as it may have is refused, others are not', (t) => {
	const queue = new FairQueue<string>({perSource: 2, atOnce: 1, waiting: 100});
	queue.add('a', 'a1');
	t.is(queue.next()?.job, 'a1');
	t.is(queue.add('a', 'a2'), undefined);
	t.is(queue.add('a', 'a3'), 'a3', 'what is under way counts');
	t.is(queue.add('b', 'b1'), undefined);
	queue.finish('a');
	t.is(queue.add('a', 'a4'), undefined);
	t.is(queue.waiting, 3);
});

test('where all together are too many, the newest job of the source with most makes room', (t) => {
	const queue = new FairQueue<string>({perSource: 10, atOnce: 1, waiting: 3});
	for (const job of ['a1', 'a2', 'a3']) {
		queue.add('a', job);
	}

	t.is(queue.add('b', 'b1'), 'a3');
	t.is(queue.add('a', 'a4'), 'a4');
	t.is(queue.add('c', 'c1'), 'a2');
	t.is(queue.waiting, 3);
	t.is(queue.sources, 3);
});

test('limits and calls out of turn are refused', (t) => {
	t.throws(() => new FairQueue({perSource: 0, atOnce: 1, waiting: 1}), {instanceOf: RangeError, message: /perSource/});
	const queue = new FairQueue<string>({perSource: 1, atOnce: 1, waiting: 1});
	t.throws(() => queue.finish('a'), {instanceOf: RangeError});
	queue.add('a', 'a1');
	t.throws(() => queue.finish('a'), {instanceOf: RangeError});
});

const step = fc.oneof(
	fc.record({do: fc.constant('add' as const), source: fc.integer({min: 0, max: 5})}),
	fc.record({do: fc.constant('next' as const)}),
	fc.record({do: fc.constant('finish' as const)}),
);

testProp(
	'every job is begun or given back, once, and the limits hold',
	[fc.array(step, {maxLength: 200})],
	(t, steps) => {
		const queue = new FairQueue<number>({perSource: 4, atOnce: 3, waiting: 8});
		const seen: number[] = [];
		const underWay: string[] = [];
		let added = 0;
		const begin = () => {
			const next = queue.next();
			if (next) {
				seen.push(next.job);
				underWay.push(next.source);
			}

			return next !== undefined;
		};
		const finish = () => {
			const source = underWay.shift();
			if (source !== undefined) {
				queue.finish(source);
			}
		};
		for (const what of steps) {
			if (what.do === 'add') {
				const given = queue.add(`s${what.source}`, added++);
				seen.push(...(given === undefined ? [] : [given]));
			} else if (what.do === 'next') {
				begin();
			} else {
				finish();
			}

			t.true(queue.waiting <= 8 && queue.underWay <= 3 && queue.underWay === underWay.length);
		}

		while (queue.waiting > 0 || underWay.length > 0) {
			while (begin()) {
				// As many as may.
			}

			finish();
		}

		t.deepEqual(
			seen.toSorted((one, two) => one - two),
			Array.from({length: added}, (_, index) => index),
		);
		t.is(queue.sources, 0);
	},
);
