import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {clockOfFile} from '#dist/cli/clock-file.js';

function fileOf(t: ExecutionContext, text: string): string {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-clock-'));
	t.teardown(() => rmSync(folder, {recursive: true}));
	const path = join(folder, 'clock');
	writeFileSync(path, text);
	return path;
}

test('the clock of a file stands still until the file says another time', (t) => {
	const path = fileOf(t, '2031-02-03T04:05:06Z\n');
	const clock = clockOfFile(path);
	const startMs = Date.parse('2031-02-03T04:05:06Z');
	t.deepEqual([clock.wallMs(), clock.wallMs()], [startMs, startMs]);
	const monotonicMs = clock.monotonicMs();
	t.is(clock.monotonicMs(), monotonicMs);
	writeFileSync(path, '2031-02-03T05:06:06+01:00');
	t.is(clock.monotonicMs(), monotonicMs + 60_000);
	t.is(clock.wallMs(), startMs + 60_000);
});

test('a step back moves the wall time and not the monotonic time', (t) => {
	const path = fileOf(t, '2031-02-03T04:05:06Z');
	const clock = clockOfFile(path);
	const monotonicMs = clock.monotonicMs();
	writeFileSync(path, '2031-02-03T03:05:06Z');
	t.is(clock.wallMs(), Date.parse('2031-02-03T03:05:06Z'));
	t.is(clock.monotonicMs(), monotonicMs);
});

test('a file without a time is refused at first and changes nothing later', (t) => {
	t.throws(() => clockOfFile(fileOf(t, 'noon')), {code: 'BAD_TIME', message: /^Expected a time such as .*/});
	t.throws(() => clockOfFile('/nowhere/at/all'), {code: 'BAD_TIME'});
	const path = fileOf(t, '2031-02-03T04:05:06Z');
	const clock = clockOfFile(path);
	writeFileSync(path, '');
	t.is(clock.wallMs(), Date.parse('2031-02-03T04:05:06Z'));
});
