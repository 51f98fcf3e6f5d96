// A source that floods for a minute in the long profile; the ordinary suite does so for a moment.
import test from 'ava';
import {demandBounds, flood} from '../gateway/support/flood.js';
import {isSoakingAlone, soakMs} from '../profile.js';

test('however long one source floods, the calls of another are served and memory stays as it was', async (t) => {
	const forMs = isSoakingAlone ? 60_000 : soakMs;
	t.timeout(forMs + 120_000);
	const report = await flood(t, forMs);
	demandBounds(t, report);
	if (isSoakingAlone) {
		t.true(report.perSecond >= 19_000, `${report.perSecond} messages per second`);
	}
});
