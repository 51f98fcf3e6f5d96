import type {PortsExhausted} from './plane-events.js';
import type {MediaInterface} from './plane-options.js';

const intervalMs = 1000;

/** Tells that an interface has no free port, at most once a second for each: calls that are refused may be many. */
export class PortsExhaustedNotice {
	readonly #tell: (event: PortsExhausted) => void;
	readonly #nowMs: () => number;
	readonly #byInterface = new Map<MediaInterface, {toldAtMs: number; suppressed: number}>();

	constructor(tell: (event: PortsExhausted) => void, nowMs = () => performance.now()) {
		this.#tell = tell;
		this.#nowMs = nowMs;
	}

	note(exhausted: MediaInterface): void {
		const nowMs = this.#nowMs();
		const told = this.#byInterface.get(exhausted);
		if (told !== undefined && nowMs - told.toldAtMs < intervalMs) {
			told.suppressed++;
			return;
		}

		this.#byInterface.set(exhausted, {toldAtMs: nowMs, suppressed: 0});
		this.#tell({interface: exhausted.name, family: exhausted.family, suppressed: told?.suppressed ?? 0});
	}
}
