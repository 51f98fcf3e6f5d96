import test from 'ava';
import {demandBounds, flood} from './support/flood.js';

test.serial('a flood of sealed invitations, all distinct, leaves the calls of another source served', async (t) => {
	t.timeout(120_000);
	const report = await flood(t, 5000);
	demandBounds(t, report);
	t.true(report.called >= 10, `${report.called} calls`);
	t.true(report.sent > 500, `${report.sent} messages`);
});
