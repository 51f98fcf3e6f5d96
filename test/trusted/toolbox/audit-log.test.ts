import {appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AuditLog, findAuditBreak} from '#dist/trusted/toolbox/alerts/audit-log.js';

function makeLog(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
	t.teardown(() => rmSync(folder, {recursive: true}));
	const path = join(folder, 'audit.log');
	const log = new AuditLog(path);
	for (let event = 0; event < 5; event++) {
		log.append(event, 'denied', {call: `c${event}`, status: 403});
	}

	log.close();
	return path;
}

test('an audit log goes on after a restart, and after half a line', (t) => {
	const path = makeLog(t);
	appendFileSync(path, '{"sequence":6,"at');
	const log = new AuditLog(path);
	t.is(log.append(9, 'released', {}), 6);
	log.close();
	t.is(findAuditBreak(path), undefined);
});

for (const [what, change] of [
	['changed', (lines: string[]) => lines.with(2, (lines[2] ?? '').replace('403', '200'))],
	['removed', (lines: string[]) => lines.toSpliced(2, 1)],
	['moved', (lines: string[]) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? '')],
] as const) {
	test(`a record that was ${what} is found`, (t) => {
		const path = makeLog(t);
		writeFileSync(path, change(readFileSync(path, 'utf8').split('\n')).join('\n'));
		t.is(findAuditBreak(path), 3);
	});
}
