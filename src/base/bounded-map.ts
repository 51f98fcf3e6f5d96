/** A map that never holds more than `limit` entries; the entry set longest ago makes room. */
export class BoundedMap<Key, Value> {
	readonly #entries = new Map<Key, Value>();
	readonly #limit: number;
	#evicted = 0;

	constructor(limit: number) {
		if (!Number.isInteger(limit) || limit < 1) {
			throw new RangeError(`Expected a positive integer for \`limit\`, got ${limit}.`);
		}

		this.#limit = limit;
	}

	get size(): number {
		return this.#entries.size;
	}

	/** Entries dropped to make room since the start. */
	get evicted(): number {
		return this.#evicted;
	}

	get(key: Key): Value | undefined {
		return this.#entries.get(key);
	}

	has(key: Key): boolean {
		return this.#entries.has(key);
	}

	set(key: Key, value: Value): void {
		this.#entries.delete(key);
		this.#entries.set(key, value);
		if (this.#entries.size > this.#limit) {
			const oldest = this.#entries.keys().next();
			if (!oldest.done) {
				this.#entries.delete(oldest.value);
				this.#evicted++;
			}
		}
	}

	delete(key: Key): boolean {
		return this.#entries.delete(key);
	}

	values(): IterableIterator<Value> {
		return this.#entries.values();
	}

	entries(): IterableIterator<[Key, Value]> {
		return this.#entries.entries();
	}
}
