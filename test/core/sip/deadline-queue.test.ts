import test from 'ava';
import fc from 'fast-check';
import {DeadlineQueue} from '#dist/core/sip/deadline-queue.js';

test('items come out by their latest deadline, as a plain map would have it', (t) => {
	const step = fc.oneof(
		fc.record({
			item: fc.integer({min: 0, max: 30}),
			atMs: fc.oneof(fc.nat(1000), fc.constant(Number.POSITIVE_INFINITY)),
		}),
		fc.record({nowMs: fc.nat(1000)}),
	);
	fc.assert(
		fc.property(fc.array(step, {maxLength: 400}), (steps) => {
			const queue = new DeadlineQueue<number>();
			const model = new Map<number, number>();
			for (const one of steps) {
				if ('item' in one) {
					queue.schedule(one.item, one.atMs);
					model.set(one.item, one.atMs);
				} else {
					for (let item = queue.takeDue(one.nowMs); item !== undefined; item = queue.takeDue(one.nowMs)) {
						t.is(model.get(item), Math.min(...model.values()));
						model.delete(item);
					}
				}

				t.is(queue.nextAtMs, Math.min(Number.POSITIVE_INFINITY, ...model.values()));
			}
		}),
		{seed: 1, numRuns: 300},
	);
});
