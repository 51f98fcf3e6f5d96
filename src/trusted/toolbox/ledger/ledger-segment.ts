import type {LedgerRecord} from './ledger-record.js';

/** Name of the part of the ledger in which what is forgotten one by one lies: messages and our own keys. */
export const transientSegment = 'transient';

/**
 * The part of the ledger where a record lies. Peers' keys are known for years, so they lie by the month in which they run
 * out: when it is over, the whole segment is dropped, and nobody has to look for what has run out in a hundred million
 * records. `keys-2028-11` is gone when December 2028 begins (UTC).
 */
export function segmentOf({kind, maker, expiresAtMs}: Pick<LedgerRecord, 'kind' | 'maker' | 'expiresAtMs'>): string {
	return kind === 'key' && maker === 'peer'
		? `${segmentPrefix}${new Date(expiresAtMs).toISOString().slice(0, 7)}`
		: transientSegment;
}

export function isKeySegment(name: string): boolean {
	return /^keys-\d{4}-\d\d$/.test(name);
}

/** True when all that lies in a key segment has run out at `nowMs`. */
export function isSegmentOver(name: string, nowMs: number): boolean {
	const [year = 0, month = 0] = name.slice(segmentPrefix.length).split('-').map(Number);
	// Months count from 0, so this is the first of the next one.
	return Date.UTC(year, month, 1) <= nowMs;
}

const segmentPrefix = 'keys-';
