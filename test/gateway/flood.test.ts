import test from 'ava';
import {flood} from './support/flood.js';
import {nothing} from './support/world.js';

test.serial('a flood of sealed invitations, all distinct, leaves the calls of another source served', async (t) => {
	t.timeout(120_000);
	const {sent, called, served, before, after} = await flood(t, 5000);
	t.true(called >= 10, `${called} calls`);
	t.true(served >= 0.99 * called, `${served} of ${called} calls served`);
	t.true(sent > 500, `${sent} messages`);
	t.true(after.unread + after.work.refused > 0, 'of credit or of places the flood had not enough');
	t.is(after.work.open, 0);
	t.true(after.work.refusedBodies <= 10_000);
	t.deepEqual(after.held, nothing);
	t.true(after.octets - before.octets < 128 * 2 ** 20, `${(after.octets - before.octets) / 2 ** 20} MiB more`);
});
