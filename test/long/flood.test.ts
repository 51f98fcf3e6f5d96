// A source that floods for as long as the long profile says; the ordinary suite does so for a moment.
import test from 'ava';
import {flood} from '../gateway/support/flood.js';
import {nothing} from '../gateway/support/world.js';
import {soakMs} from '../profile.js';

test('however long one source floods, the calls of another are served and memory stays as it was', async (t) => {
	t.timeout(soakMs + 120_000);
	const {called, served, before, after} = await flood(t, soakMs);
	t.true(called > 0 && served >= 0.99 * called, `${served} of ${called} calls served`);
	t.deepEqual(after.held, nothing);
	t.true(after.work.refusedBodies <= 10_000);
	t.true(after.octets - before.octets < 128 * 2 ** 20, `${(after.octets - before.octets) / 2 ** 20} MiB more`);
});
