import {existsSync, readFileSync} from 'node:fs';
import type {BootClock, Clock} from '../../base/clock.js';
import {bootOf} from './boot-clock.js';
import {writeDurably} from './ledger/durable-file.js';

/** Last known state of the time, kept beside the ledger. */
type Note = {
	readonly bootId: string;
	readonly awakeMs: number;
	readonly uptimeMs: number;
	readonly timeMs: number;
	readonly staleBeforeMs: number;
};

/**
 * The toolbox's time (DESIGN §5). The first start believes the wall clock; from there on time follows the monotonic clock,
 * in this process and in those that start within two minutes of its end under the same boot of the machine. So
 * a step of the wall clock, by mistake or by an attacker, makes nothing fresh that was stale. A start without that
 * proof of continuity believes the wall clock once more, but goes never back, and sets a mark: whatever was signed up
 * to then is stale, since nobody knows how old it is.
 */
export class SteadyTime {
	/** What was signed at or before this time is stale on this node, whatever the time is; 0 for no mark. */
	readonly staleBeforeMs: number;
	readonly #clock: Clock;
	readonly #boot: BootClock | undefined;
	readonly #path: string | undefined;
	#offsetMs: number;
	#asleepMs: number;

	private constructor(clock: Clock, startMs: number, staleBeforeMs: number, path: string | undefined) {
		this.#clock = clock;
		this.#offsetMs = startMs - clock.monotonicMs();
		this.#boot = bootOf(clock);
		this.#asleepMs = this.#boot ? asleepMs(this.#boot) : 0;
		this.#path = path;
		this.staleBeforeMs = staleBeforeMs;
	}

	/**
	 * Starts the time. `path` is the note's file; `isFirst` says that there was never anything to forget. A clock without a
	 * boot is believed as it is.
	 */
	static start(clock: Clock, path: string, isFirst: boolean): SteadyTime {
		const boot = bootOf(clock);
		if (!boot) {
			return new SteadyTime(clock, clock.wallMs(), 0, undefined);
		}

		const note = readNote(path);
		const carriedMs = note && carriedOn(note, boot);
		const nowMs = carriedMs ?? Math.max(clock.wallMs(), note?.timeMs ?? 0);
		const staleBeforeMs = carriedMs === undefined ? (isFirst ? 0 : nowMs) : (note?.staleBeforeMs ?? 0);
		const time = new SteadyTime(clock, nowMs, staleBeforeMs, path);
		time.note();
		return time;
	}

	nowMs(): number {
		return Math.round(this.#offsetMs + this.#clock.monotonicMs());
	}

	/** How far the wall clock is ahead of the toolbox's time; negative where it is behind. */
	get wallAheadMs(): number {
		return Math.round(this.#clock.wallMs() - this.nowMs());
	}

	/**
	 * Writes down where the time is, for a later start, and adds what the machine slept since the last call. Call it at least
	 * every minute. Throws what the file system throws; a later start then has no proof of continuity.
	 */
	note(): void {
		const boot = this.#boot;
		if (!boot || this.#path === undefined) {
			return;
		}

		const asleep = asleepMs(boot);
		if (asleep - this.#asleepMs > leastSleepMs) {
			this.#offsetMs += asleep - this.#asleepMs;
			this.#asleepMs = asleep;
		}

		const note: Note = {
			bootId: boot.id,
			awakeMs: boot.awakeMs(),
			uptimeMs: boot.uptimeMs(),
			timeMs: this.nowMs(),
			staleBeforeMs: this.staleBeforeMs,
		};
		writeDurably(this.#path, Buffer.from(`${JSON.stringify(note)}\n`));
	}
}

/** The time of a note carried on to now; undefined without proof. Both clocks must agree that little time has passed. */
function carriedOn(note: Note, boot: BootClock): number | undefined {
	const awakeMs = boot.awakeMs() - note.awakeMs;
	const upMs = boot.uptimeMs() - note.uptimeMs;
	const isProven =
		note.bootId === boot.id && awakeMs >= 0 && upMs <= longestGapMs && Math.abs(upMs - awakeMs) <= leastSleepMs;
	return isProven ? note.timeMs + awakeMs : undefined;
}

function asleepMs(boot: BootClock): number {
	return boot.uptimeMs() - boot.awakeMs();
}

function readNote(path: string): Note | undefined {
	if (!existsSync(path)) {
		return undefined;
	}

	try {
		const note = JSON.parse(readFileSync(path, 'utf8')) as Partial<Note>;
		const numbers = [note.awakeMs, note.uptimeMs, note.timeMs, note.staleBeforeMs];
		return typeof note.bootId === 'string' && numbers.every(Number.isFinite) ? (note as Note) : undefined;
	} catch {
		return undefined;
	}
}

const longestGapMs = 120_000;
/** The clocks tick differently, and by centiseconds. */
const leastSleepMs = 1000;
