/** What became of an item: `late` came after its place had been given up. */
export type ReorderVerdict = 'queued' | 'duplicate' | 'late';

export type ReorderOptions = {
	/** Items held before a gap is given up, 1 to 4096. @default 64 */
	readonly maxPackets?: number;
	/** How long an item waits for those before it. @default 120 */
	readonly maxDelayMs?: number;
};

/**
 * Gives items back in the order of their extended sequence numbers. A gap is waited for until the item behind it
 * has aged `maxDelayMs` or `maxPackets` are held, then given up. The first item waits likewise, since
 * an earlier one may have been overtaken. Feed with `push`, then drain with `poll`.
 */
export class ReorderBuffer<Item> {
	readonly #maxPackets: number;
	readonly #maxDelayMs: number;
	readonly #held = new Map<number, {readonly item: Item; readonly sinceMs: number}>();
	/** The latest numbers given back, to tell a duplicate from what came too late. */
	readonly #released = new Set<number>();
	#next: number | undefined;

	constructor(options: ReorderOptions = {}) {
		this.#maxPackets = options.maxPackets ?? 64;
		this.#maxDelayMs = options.maxDelayMs ?? 120;
		if (
			!Number.isInteger(this.#maxPackets) ||
			this.#maxPackets < 1 ||
			this.#maxPackets > 4096 ||
			!(this.#maxDelayMs >= 0)
		) {
			throw new RangeError(
				`Expected 1 to 4096 \`maxPackets\` and \`maxDelayMs\` ≥ 0, got ${this.#maxPackets} and ${this.#maxDelayMs}.`,
			);
		}
	}

	push(extendedSequence: number, item: Item, nowMs: number): ReorderVerdict {
		if (this.#held.has(extendedSequence) || this.#released.has(extendedSequence)) {
			return 'duplicate';
		}

		if (this.#next !== undefined && extendedSequence < this.#next) {
			return 'late';
		}

		this.#held.set(extendedSequence, {item, sinceMs: nowMs});
		return 'queued';
	}

	/** The next item in order, if it is due at `nowMs`. */
	poll(nowMs: number): Item | undefined {
		const lowest = this.#lowest();
		const entry = lowest === undefined ? undefined : this.#held.get(lowest);
		if (lowest === undefined || !entry) {
			return undefined;
		}

		const isDue = this.#held.size > this.#maxPackets || nowMs >= entry.sinceMs + this.#maxDelayMs;
		return lowest === this.#next || isDue ? this.#release(lowest, entry.item) : undefined;
	}

	/** When `poll` must be asked again even if nothing arrives; `undefined` while nothing is held. */
	waitUntilMs(): number | undefined {
		const lowest = this.#lowest();
		const entry = lowest === undefined ? undefined : this.#held.get(lowest);
		return entry && entry.sinceMs + this.#maxDelayMs;
	}

	#lowest(): number | undefined {
		if (this.#next !== undefined && this.#held.has(this.#next)) {
			return this.#next;
		}

		return this.#held.size === 0 ? undefined : Math.min(...this.#held.keys());
	}

	#release(extendedSequence: number, item: Item): Item {
		this.#held.delete(extendedSequence);
		this.#next = extendedSequence + 1;
		this.#released.add(extendedSequence);
		if (this.#released.size > rememberedPackets) {
			for (const oldest of this.#released) {
				this.#released.delete(oldest);
				break;
			}
		}

		return item;
	}
}

const rememberedPackets = 1024;
