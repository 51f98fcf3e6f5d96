import type {LedgerRecord} from './ledger-record.js';

/**
 * How many records an account has, kept in each store as numbers by the time at which records run out, so that nobody has to count
 * down: a bucket that is over counts no more. A bucket is the beginning of a time in ISO 8601: the month for peers' keys, which
 * are known for years, the hour for our own, the minute for messages.
 */
export type Buckets = readonly (readonly [bucket: string, count: number])[];

/** What a write adds to a bucket; 0 removes it. */
export type BucketChange = {
	readonly account: string;
	readonly bucket: string;
	readonly count: number;
	/** For how long the account's numbers are kept at least. */
	readonly lifeMs: number;
};

/** The account of all records together. */
export const everybody = '*';

/** Of the list of names and values that a store gives. */
export function bucketsFrom(pairs: readonly string[]): Buckets {
	return Array.from({length: Math.floor(pairs.length / 2)}, (_, index) => [
		pairs[2 * index] ?? '',
		Number(pairs[2 * index + 1]),
	]);
}

/** Records that have not run out. */
export function sumOf(buckets: Buckets, nowMs: number): number {
	const now = new Date(nowMs).toISOString();
	return buckets.reduce((sum, [bucket, count]) => (isOver(bucket, now) ? sum : sum + count), 0);
}

/** Buckets in which nothing lives any more; those of the last hour may still be taken back from. */
export function overBuckets(buckets: Buckets, nowMs: number): readonly string[] {
	const now = new Date(Math.max(0, nowMs - hourMs)).toISOString();
	return buckets.map(([bucket]) => bucket).filter((bucket) => isOver(bucket, now));
}

/** What is added for the records that are new, at a time of the same clock that `sumOf` is asked with. */
export function createdIn(
	changes: readonly {readonly record: LedgerRecord | null; readonly before: LedgerRecord | undefined}[],
	nowMs: number,
): readonly BucketChange[] {
	const counts = new Map<string, BucketChange>();
	for (const {record, before} of changes) {
		if (record && !before) {
			const livesMs = Math.max(0, record.expiresAtMs - record.atMs);
			const bucket = bucketOf(record, nowMs + livesMs);
			for (const account of [record.account, everybody]) {
				const name = `${account} ${bucket}`;
				const {count = 0, lifeMs = 0} = counts.get(name) ?? {};
				counts.set(name, {
					account,
					bucket,
					count: count + 1,
					lifeMs: Math.max(lifeMs, livesMs + 32 * 24 * hourMs),
				});
			}
		}
	}

	return [...counts.values()];
}

function bucketOf({kind, maker}: LedgerRecord, endsAtMs: number): string {
	const time = new Date(endsAtMs).toISOString();
	if (kind === 'message') {
		return time.slice(0, 'YYYY-MM-DDTHH:MM'.length);
	}

	return time.slice(0, maker === 'peer' ? 'YYYY-MM'.length : 'YYYY-MM-DDTHH'.length);
}

function isOver(bucket: string, now: string): boolean {
	return bucket < now.slice(0, bucket.length);
}

const hourMs = 3_600_000;
