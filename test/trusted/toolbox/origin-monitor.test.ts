import test from 'ava';
import {canonicalAddress, Places} from '#dist/trusted/toolbox/origin/network.js';
import {OriginMonitor, type OriginMonitorOptions} from '#dist/trusted/toolbox/origin/origin-monitor.js';
import type {OriginRecord, OriginStore} from '#dist/trusted/toolbox/origin/origin-record.js';
import {OriginPresence} from '#dist/trusted/toolbox/origin/presence.js';

/** A store whose writes show only when it is told to, as LMDB's do after a commit. */
class SlowStore implements OriginStore {
	readonly #shown = new Map<string, readonly OriginRecord[]>();
	#waiting: (() => void)[] = [];

	get(identity: string): readonly OriginRecord[] | undefined {
		return this.#shown.get(identity);
	}

	put(identity: string, records: readonly OriginRecord[]): void {
		this.#waiting.push(() => this.#shown.set(identity, records));
	}

	remove(identity: string): void {
		this.#waiting.push(() => this.#shown.delete(identity));
	}

	*getRange({start = '', limit}: {readonly start?: string; readonly limit: number}) {
		const names = [...this.#shown.keys()].filter((name) => name >= start).sort();
		for (const key of names.slice(0, limit)) {
			yield {key, value: this.#shown.get(key) ?? []};
		}
	}

	getCount(): number {
		return this.#shown.size;
	}

	commit(): void {
		for (const write of this.#waiting) {
			write();
		}

		this.#waiting = [];
	}
}

const bob = 'sip:bob@biloxi.example.com';
const day = 86_400_000;

function make(options: OriginMonitorOptions = {}, store = new SlowStore()) {
	const monitor = new OriginMonitor(store, options);
	const judge = (address: string, scope: 'address' | 'network' = 'address', nowMs = 0, configured: string[] = []) =>
		monitor.judge({identity: bob, sightings: [{address, evidence: 'transport'}], configured, scope}, nowMs);
	const learn = (address: string, nowMs = 0, evidence: OriginRecord['evidence'] = 'transport') =>
		monitor.learn(bob, [{address, evidence}], nowMs);
	return {monitor, store, judge, learn};
}

test('the first address of an identity is told from a new one, before and after a commit', (t) => {
	const {monitor, store, judge, learn} = make();
	t.is(judge('192.0.2.7'), 'first');
	t.true(learn('192.0.2.7', 5));
	t.is(judge('192.0.2.7'), 'known');
	t.is(judge('192.0.2.8'), 'new');
	store.commit();
	t.is(new OriginMonitor(store).size, 1);
	learn('192.0.2.8', 9);
	learn('192.0.2.7', 11);
	t.is(judge('192.0.2.8'), 'known', 'several addresses where it has several');
	t.deepEqual(
		monitor.addressesOf(bob, 11).map(({address, firstMs, lastMs, count}) => ({address, firstMs, lastMs, count})),
		[
			{address: '192.0.2.8', firstMs: 9, lastMs: 9, count: 1},
			{address: '192.0.2.7', firstMs: 5, lastMs: 11, count: 2},
		],
	);
});

test('asking changes nothing', (t) => {
	const {monitor, judge} = make();
	for (let asked = 0; asked < 3; asked++) {
		t.is(judge('192.0.2.7'), 'first');
	}

	t.is(monitor.size, 0);
	t.is(judge('192.0.2.9', 'address', 0, ['192.0.2.9']), 'known', 'what the operator has entered');
	t.is(judge('192.0.2.8', 'address', 0, ['192.0.2.9']), 'new');
});

test('a network is one place where policy says so, and a carrier range is one', (t) => {
	const {judge, learn} = make({carrierNetworks: ['100.64.0.0/10', '2001:db8:aa::/48']});
	learn('192.0.2.7');
	learn('2001:DB8:1:2::7');
	learn('100.64.1.1');
	learn('2001:db8:aa:1::1');
	t.is(judge('192.0.2.200', 'network'), 'known');
	t.is(judge('192.0.2.200', 'address'), 'new');
	t.is(judge('192.0.3.7', 'network'), 'new');
	t.is(judge('2001:db8:1:2:ffff::1', 'network'), 'known');
	t.is(judge('2001:db8:1:3::7', 'network'), 'new');
	t.is(judge('2001:db8:1:2:0:0:0:7', 'address'), 'known', 'another spelling');
	t.is(judge('100.127.255.1', 'network'), 'known');
	t.is(judge('2001:db8:aa:ffff::9', 'network'), 'known');
	t.is(judge('::ffff:192.0.2.7', 'address'), 'known');
});

test('places have the spelling that the origin guard reads', (t) => {
	const places = new Places();
	t.is(places.placeOf('192.0.2.7', 'network'), '192.0.2.0/24');
	t.is(places.placeOf('2001:db8:1:2::7', 'network'), '2001:db8:1:2::/64');
	t.is(places.placeOf('::1', 'network'), '::/64');
	t.is(canonicalAddress('[2001:DB8:0::1]'), '2001:db8::1');
	t.throws(() => new Places(['10.0.0.0']), {code: 'BAD_OPTIONS'});
});

test('what is not seen again expires; what the operator has entered does not', (t) => {
	const {monitor, store, judge, learn} = make({expiryDays: 30});
	learn('192.0.2.7', 0);
	learn('192.0.2.9', 0, 'operator');
	store.commit();
	t.is(judge('192.0.2.7', 'address', 29 * day), 'known');
	t.is(judge('192.0.2.7', 'address', 31 * day), 'new');
	t.is(judge('192.0.2.9', 'address', 31 * day), 'known');
	t.is(monitor.forget(bob, '192.0.2.9', 31 * day), 1);
	store.commit();
	monitor.sweep(31 * day);
	store.commit();
	t.is(judge('192.0.2.7', 'address', 31 * day), 'first');
	t.is(monitor.size, 0);
	t.is(store.getCount(), 0);
});

test('memory is bounded: the oldest address gives way, but no identity does', (t) => {
	const {monitor, judge, learn} = make({addressesPerIdentity: 3, maxIdentities: 2});
	learn('192.0.2.1', 1, 'operator');
	for (const last of [2, 3, 4]) {
		learn(`192.0.2.${last}`, last);
	}

	t.is(judge('192.0.2.1'), 'known', 'entered by the operator');
	t.is(judge('192.0.2.2'), 'new', 'seen longest ago');
	t.is(judge('192.0.2.4'), 'known');
	t.true(monitor.learn('sip:a@example.com', [{address: '192.0.2.1', evidence: 'transport'}], 5));
	t.false(monitor.learn('sip:b@example.com', [{address: '192.0.2.1', evidence: 'transport'}], 5));
	t.is(monitor.size, 2);
	t.is(judge('192.0.2.4'), 'known');
	monitor.forget('sip:a@example.com', undefined, 6);
	t.true(monitor.learn('sip:b@example.com', [{address: '192.0.2.1', evidence: 'transport'}], 6));
});

test('where media came from does not let signalling in', (t) => {
	const {monitor, judge, learn} = make();
	learn('192.0.2.7');
	learn('198.51.100.66', 1, 'media');
	t.is(judge('198.51.100.66'), 'new');
	learn('198.51.100.66', 2, 'transport');
	t.is(judge('198.51.100.66'), 'known');
	t.deepEqual(
		monitor.list('', 10, 3).map(({identity, records}) => [identity, records.map(({evidence}) => evidence)]),
		[[bob, ['transport', 'transport']]],
	);
});

test('an identity at two places at once, or too soon at another, is noticed', (t) => {
	const presence = new OriginPresence({travelSeconds: 60});
	t.is(presence.arrive(bob, 'c1', '192.0.2.7', 0), undefined);
	t.is(presence.arrive(bob, 'c2', '192.0.2.7', 1000), undefined, 'two calls from one place');
	t.is(presence.arrive(bob, 'c3', '198.51.100.66', 200_000), 'two-places');
	presence.leave('c1');
	presence.leave('c2');
	presence.leave('c3');
	t.is(presence.arrive(bob, 'c4', '203.0.113.5', 230_000), 'too-soon');
	presence.leave('c4');
	t.is(presence.arrive(bob, 'c5', '192.0.2.7', 300_000), undefined);
	t.is(presence.arrive(bob, 'c5', '203.0.113.5', 301_000), undefined, 'a call may move');
});

test('presence forgets who was heard longest ago', (t) => {
	const presence = new OriginPresence({limit: 10});
	for (let call = 0; call < 1000; call++) {
		presence.arrive(`sip:${call}@example.com`, `c${call}`, '192.0.2.7', call);
	}

	t.is(presence.arrive('sip:0@example.com', 'other', '198.51.100.66', 1001), undefined, 'forgotten');
	t.is(presence.arrive('sip:999@example.com', 'other', '198.51.100.66', 1001), 'two-places');
});
