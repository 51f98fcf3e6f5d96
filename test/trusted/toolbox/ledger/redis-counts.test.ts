import test from 'ava';
import fc from 'fast-check';
import type {LedgerRecord} from '#dist/trusted/toolbox/ledger/ledger-record.js';
import {type Buckets, createdIn, everybody, overBuckets, sumOf} from '#dist/trusted/toolbox/ledger/redis-counts.js';
import {runs} from '../../../profile.js';

const atMs = Date.UTC(2030, 0, 15);
const dayMs = 86_400_000;
const record = fc.record({
	kind: fc.constantFrom('message' as const, 'key' as const),
	maker: fc.constantFrom('peer' as const, 'self' as const),
	lifeMs: fc.integer({min: 1, max: 100 * dayMs}),
});

test('numbers by time count no record less than it lives, and none longer than its bucket', (t) => {
	fc.assert(
		fc.property(fc.array(record, {maxLength: 40}), fc.integer({min: 0, max: 140 * dayMs}), (all, laterMs) => {
			const records = all.map(
				({lifeMs, ...one}) => ({...one, account: 'user a', atMs, expiresAtMs: atMs + lifeMs}) as LedgerRecord,
			);
			const changes = createdIn(
				records.map((one) => ({record: one, before: undefined})),
				atMs,
			);
			const buckets = changes
				.filter(({account}) => account === everybody)
				.map(({bucket, count}) => [bucket, count] as const) satisfies Buckets;
			const nowMs = atMs + laterMs;
			const counted = sumOf(buckets, nowMs);
			const livingAt = (timeMs: number) =>
				records.filter(({expiresAtMs, kind, maker}) => {
					const grainMs = kind === 'message' ? 60_000 : maker === 'self' ? 3_600_000 : 31 * dayMs;
					return expiresAtMs + (timeMs === nowMs ? 0 : grainMs) > nowMs;
				}).length;
			t.true(counted >= livingAt(nowMs) && counted <= livingAt(Number.NaN), `${counted}`);
			const over = new Set(overBuckets(buckets, nowMs));
			t.is(
				sumOf(
					buckets.filter(([bucket]) => !over.has(bucket)),
					nowMs,
				),
				counted,
				'what is removed did not count any more',
			);
		}),
		runs(200),
	);
	t.deepEqual(createdIn([{record: null, before: undefined}], atMs), []);
});
