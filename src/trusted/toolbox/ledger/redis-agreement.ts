import type {LedgerRecord} from './ledger-record.js';

/** One record as one store has it. */
export type Copy = {
	/** Names the write that made it; empty where the store has none. */
	readonly tag: string;
	/** Grows by one with every write. */
	readonly version: number;
	/** Tag of what the writer had read. */
	readonly parent: string;
	readonly record: LedgerRecord | undefined;
};

export const absent: Copy = {tag: '', version: 0, parent: '', record: undefined};

/**
 * What a record is, by what a majority of the stores says; undefined where what these stores say does not tell. Every write
 * names what its writer had read, and each store takes it only in place of exactly what it gave to that writer. So two writes
 * that a majority took have met in one store, and the later one knew of the earlier, if no writer decides on less than this:
 * what a majority has, or what was written last, when all others have that or what it was written in place of. A write that
 * only some stores took is believed, too, once it is seen: it may be under way. That refuses more than it must, never less.
 */
export function agree(copies: readonly Copy[], majority: number): Copy | undefined {
	const newest = copies.reduce((a, b) => (b.version > a.version ? b : a), absent);
	const held = copies.find((one) => copies.filter(({tag}) => tag === one.tag).length >= majority);
	if (held && held.version === newest.version) {
		return held;
	}

	const isInLine = copies.every(({tag}) => tag === newest.tag || tag === newest.parent || tag === held?.tag);
	const isChild = !held || held.tag === newest.parent;
	return isInLine && isChild ? newest : undefined;
}
