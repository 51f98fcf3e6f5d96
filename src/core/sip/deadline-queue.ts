type Entry<Item> = {readonly atMs: number; readonly item: Item};

/**
 * Earliest deadline first: a binary heap in which a newer deadline of an item takes the place of its older one.
 * Holds no more than twice the items scheduled, plus a constant.
 */
export class DeadlineQueue<Item> {
	#heap: Entry<Item>[] = [];
	readonly #current = new Map<Item, Entry<Item>>();

	/** Earliest deadline; infinite when there is none. */
	get nextAtMs(): number {
		this.#dropStale();
		return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
	}

	/** Sets the deadline of `item`; an infinite one removes it. */
	schedule(item: Item, atMs: number): void {
		if (this.#current.get(item)?.atMs === atMs) {
			return;
		}

		if (atMs === Number.POSITIVE_INFINITY) {
			this.#current.delete(item);
			return;
		}

		const entry = {atMs, item};
		this.#current.set(item, entry);
		if (this.#heap.length > 2 * this.#current.size + 64) {
			this.#heap = [...this.#current.values()].sort((a, b) => a.atMs - b.atMs);
		} else {
			this.#heap.push(entry);
			this.#siftUp(this.#heap.length - 1);
		}
	}

	/** Takes one item whose deadline has come. */
	takeDue(nowMs: number): Item | undefined {
		this.#dropStale();
		const first = this.#heap[0];
		if (!first || first.atMs > nowMs) {
			return undefined;
		}

		this.#removeFirst();
		this.#current.delete(first.item);
		return first.item;
	}

	#dropStale(): void {
		for (let first = this.#heap[0]; first && this.#current.get(first.item) !== first; first = this.#heap[0]) {
			this.#removeFirst();
		}
	}

	#removeFirst(): void {
		const last = this.#heap.pop();
		if (last && this.#heap.length > 0) {
			this.#heap[0] = last;
			this.#siftDown();
		}
	}

	#siftUp(start: number): void {
		let index = start;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if (!this.#swapIfEarlier(index, parent)) {
				return;
			}

			index = parent;
		}
	}

	#siftDown(): void {
		let index = 0;
		for (;;) {
			const left = 2 * index + 1;
			const right = left + 1;
			const smaller = this.#atMs(right) < this.#atMs(left) ? right : left;
			if (!this.#swapIfEarlier(smaller, index)) {
				return;
			}

			index = smaller;
		}
	}

	#atMs(index: number): number {
		return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
	}

	/** Swaps when the entry at `lower` is due before its parent. */
	#swapIfEarlier(lower: number, upper: number): boolean {
		const child = this.#heap[lower];
		const parent = this.#heap[upper];
		if (!child || !parent || child.atMs >= parent.atMs) {
			return false;
		}

		this.#heap[upper] = child;
		this.#heap[lower] = parent;
		return true;
	}
}
