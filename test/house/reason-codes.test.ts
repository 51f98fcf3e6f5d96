import test from 'ava';
import {meaningOf, type Reason, reasons} from '#dist/trusted/toolbox/engine/reasons.js';
import {read} from './source-tree.js';

test('docs/reason-codes.md has every reason with its status and alert, and no other', (t) => {
	const documented = [...read('docs/reason-codes.md').matchAll(/^\| `(\w+)` \| (\d+) \| ([\w-]*) ?\| .{8,} \|$/gm)].map(
		([, reason, status, alert]) => `${reason} ${status} ${alert}`,
	);
	const used = (Object.keys(reasons) as Reason[]).map((reason) => {
		const {status, alert} = meaningOf(reason);
		return `${reason} ${status} ${alert ?? ''}`;
	});
	t.deepEqual(documented.toSorted(), used.toSorted());
});
