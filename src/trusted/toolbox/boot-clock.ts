import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {uptime} from 'node:os';
import process from 'node:process';
import {type BootClock, type Clock, systemClock} from '../../base/clock.js';

/** The boot that a clock belongs to: the machine's own clock always has one, others where they say so. */
export function bootOf(clock: Clock): BootClock | undefined {
	return clock === systemClock ? systemBoot : clock.boot;
}

const systemBoot: BootClock = {
	id: readBootId(),
	awakeMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
	uptimeMs: () => 1000 * uptime(),
};

/** Where the kernel does not say, the process is a boot of its own. */
function readBootId(): string {
	try {
		return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
	} catch {
		return randomUUID();
	}
}
