import {
	appendFileSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AuditLog} from '#dist/trusted/toolbox/alerts/audit-log.js';
import {findAuditBreak, verifyAudit} from '#dist/trusted/toolbox/alerts/verify-audit.js';

function makeLog(t: ExecutionContext, records = 5, maxFileOctets?: number): string {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
	t.teardown(() => rmSync(folder, {recursive: true}));
	const path = join(folder, 'audit.log');
	const log = new AuditLog(path, maxFileOctets === undefined ? {} : {maxFileOctets});
	for (let event = 0; event < records; event++) {
		log.append(event, 'denied', {call: `c${event}`, status: 403});
	}

	log.close();
	log.close();
	return path;
}

function change(path: string, edit: (lines: string[]) => string[]): void {
	writeFileSync(path, edit(readFileSync(path, 'utf8').split('\n')).join('\n'));
}

test('an audit log goes on after a restart, and after half a line', (t) => {
	const path = makeLog(t);
	appendFileSync(path, '{"sequence":6,"at');
	const log = new AuditLog(path);
	t.is(log.append(9, 'released', {}), 6);
	log.close();
	t.is(findAuditBreak(path), undefined);
	t.deepEqual(verifyAudit(path), {ok: true, records: 6, first: 1, last: 6});
});

for (const [what, edit, line] of [
	['changed', (lines: string[]) => lines.with(2, (lines[2] ?? '').replace('403', '200')), 3],
	['removed', (lines: string[]) => lines.toSpliced(2, 1), 3],
	['moved', (lines: string[]) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''), 3],
	['doubled', (lines: string[]) => lines.toSpliced(2, 0, lines[2] ?? ''), 4],
	['put in', (lines: string[]) => lines.toSpliced(2, 0, '{}'), 3],
	['cut off from the end', (lines: string[]) => lines.toSpliced(4, 1), 5],
	['cut off, all of them', () => [''], 1],
] as const) {
	test(`a record that was ${what} is found`, (t) => {
		const path = makeLog(t);
		change(path, edit);
		t.is(findAuditBreak(path), line);
	});
}

test('a head that is gone, or of another log, is found', (t) => {
	const path = makeLog(t);
	const other = makeLog(t, 3);
	writeFileSync(`${path}.head`, readFileSync(`${other}.head`));
	t.is(findAuditBreak(path), undefined, 'the same first three records: it lags, as after a crash');
	change(other, (lines) => lines.slice(0, 2).concat(''));
	rmSync(`${path}.head`);
	t.like(verifyAudit(path), {ok: false, why: 'the head file is missing or unreadable'});
	writeFileSync(`${path}.head`, JSON.stringify({sequence: 3, hash: 'f'.repeat(64)}));
	t.like(verifyAudit(path), {ok: false, why: 'record 3 is not the one that the head knows'});
});

test('a log whose end was cut off goes on, and never looks whole again', (t) => {
	const path = makeLog(t);
	change(path, (lines) => lines.toSpliced(3, 2));
	const log = new AuditLog(path);
	t.is(log.lost, 2);
	log.append(9, 'released', {});
	log.close();
	t.like(verifyAudit(path), {ok: false, line: 4, why: '2 records before it are gone'});
});

test('a new file goes on with the chain, and a missing or changed old one is found', (t) => {
	const path = makeLog(t, 50, 2000);
	const folder = join(path, '..');
	const archives = readdirSync(folder).filter((name) => /^audit\.log\.\d{12}$/.test(name));
	t.true(archives.length > 2);
	t.deepEqual(verifyAudit(path), {ok: true, records: 50, first: 1, last: 50});
	const reopened = new AuditLog(path, {maxFileOctets: 2000});
	t.is(reopened.append(1, 'released', {}), 51);
	reopened.close();
	t.deepEqual(verifyAudit(path), {ok: true, records: 51, first: 1, last: 51});
	const [oldest = '', second = ''] = archives;
	const first = Number(oldest.slice('audit.log.'.length)) + 1;
	renameSync(join(folder, oldest), join(folder, 'elsewhere'));
	t.like(verifyAudit(path), {ok: false, file: join(folder, second), line: 1});
	t.like(verifyAudit(path, first), {ok: true, first, last: 51}, 'kept elsewhere, says the operator');
	change(join(folder, second), (lines) => lines.with(1, (lines[1] ?? '').replace('403', '200')));
	t.like(verifyAudit(path, first), {ok: false, file: join(folder, second), line: 2});
});

test('a crash between two files loses nothing', (t) => {
	const path = makeLog(t);
	renameSync(path, `${path}.000000000005`);
	const log = new AuditLog(path);
	t.is(log.append(9, 'released', {}), 6);
	log.close();
	t.deepEqual(verifyAudit(path), {ok: true, records: 6, first: 1, last: 6});
});

test('any octet that is cut off the end is missed', (t) => {
	const path = makeLog(t);
	const {length} = readFileSync(path);
	for (const octets of [1, 10, 100, length]) {
		const copy = makeLog(t);
		truncateSync(copy, length - octets);
		t.false(verifyAudit(copy).ok, `${octets} octets`);
	}
});
