import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '#dist/base/clock.js';
import {SteadyTime} from '#dist/trusted/toolbox/steady-time.js';

const hourMs = 3_600_000;

/** A machine whose clocks are set by hand. */
class Machine {
	bootId = 'boot-1';
	wall = 1_900_000_000_000;
	awake = 50_000;
	asleep = 0;
	readonly note: string;

	constructor(t: ExecutionContext) {
		const folder = mkdtempSync(join(tmpdir(), 'sallyport-time-'));
		t.teardown(() => rmSync(folder, {recursive: true, force: true}));
		this.note = join(folder, 'ledger.clock');
	}

	start(isFirst = false): SteadyTime {
		const zero = this.awake;
		return SteadyTime.start(
			{
				wallMs: () => this.wall,
				monotonicMs: () => this.awake - zero,
				boot: {id: this.bootId, awakeMs: () => this.awake, uptimeMs: () => this.awake + this.asleep},
			},
			this.note,
			isFirst,
		);
	}

	pass(ms: number): void {
		this.wall += ms;
		this.awake += ms;
	}

	sleep(ms: number): void {
		this.wall += ms;
		this.asleep += ms;
	}

	boot(afterMs: number): void {
		this.bootId = `${this.bootId}+`;
		this.wall += afterMs;
		this.awake = 10_000;
		this.asleep = 0;
	}
}

test('the first start believes the wall clock and sets no mark', (t) => {
	const machine = new Machine(t);
	const time = machine.start(true);
	t.is(time.nowMs(), machine.wall);
	t.is(time.staleBeforeMs, 0);
});

for (const [what, stepMs] of [
	['back', -hourMs],
	['forward', hourMs],
] as const) {
	test(`a step of the wall clock ${what} moves the time neither during a life nor over a restart`, (t) => {
		const machine = new Machine(t);
		const time = machine.start(true);
		const trueMs = machine.wall;
		machine.wall += stepMs;
		machine.pass(5000);
		t.is(time.nowMs(), trueMs + 5000);
		t.is(time.wallAheadMs, stepMs);
		time.note();
		machine.pass(30_000);
		const next = machine.start();
		t.is(next.nowMs(), trueMs + 35_000);
		t.is(next.staleBeforeMs, 0, 'continuity is proven');
	});

	test(`a step of the wall clock ${what} before a start without proof cannot make old messages fresh`, (t) => {
		const machine = new Machine(t);
		machine.start(true);
		const trueMs = machine.wall;
		machine.pass(600_000);
		machine.wall += stepMs;
		const next = machine.start();
		t.true(next.nowMs() >= trueMs, 'never back');
		t.is(next.staleBeforeMs, next.nowMs());
		t.true(next.staleBeforeMs >= trueMs, 'what was signed before is stale');
	});
}

test('another boot of the machine is no proof, and the mark outlives the restarts after it', (t) => {
	const machine = new Machine(t);
	machine.start(true);
	machine.boot(20_000);
	const second = machine.start();
	t.is(second.staleBeforeMs, machine.wall);
	machine.pass(10_000);
	const third = machine.start();
	t.is(third.staleBeforeMs, second.staleBeforeMs);
	t.is(third.nowMs(), machine.wall);
});

test('a clock that died goes on from the last time that is known', (t) => {
	const machine = new Machine(t);
	machine.start(true);
	const before = machine.wall;
	machine.boot(0);
	machine.wall = 0;
	t.is(machine.start().nowMs(), before);
});

test('a note that is missing or spoilt is no proof', (t) => {
	const machine = new Machine(t);
	machine.start(true);
	for (const spoil of [() => rmSync(machine.note), () => writeFileSync(machine.note, '{"bootId":"boot-1"')]) {
		spoil();
		machine.pass(1000);
		t.is(machine.start().staleBeforeMs, machine.wall);
	}
});

test('a note of a later moment of the boot, as a restored machine finds it, is no proof', (t) => {
	const machine = new Machine(t);
	machine.start(true);
	machine.awake -= 20_000;
	t.is(machine.start().staleBeforeMs, machine.wall);
});

test('what the machine slept is added', (t) => {
	const machine = new Machine(t);
	const time = machine.start(true);
	machine.sleep(hourMs);
	machine.pass(1000);
	time.note();
	t.is(time.nowMs(), machine.wall);
	machine.pass(1000);
	t.is(machine.start().nowMs(), machine.wall);
});

test('the clocks of this machine prove continuity', (t) => {
	const {note} = new Machine(t);
	t.is(SteadyTime.start(systemClock, note, true).staleBeforeMs, 0);
	const next = SteadyTime.start(systemClock, note, false);
	t.is(next.staleBeforeMs, 0);
	t.true(Math.abs(next.nowMs() - Date.now()) < 1000);
});
