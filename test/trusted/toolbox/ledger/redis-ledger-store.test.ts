import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import type {Claim} from '#dist/trusted/toolbox/ledger/ledger-rules.js';
import {absent, agree, type Copy} from '#dist/trusted/toolbox/ledger/redis-agreement.js';
import {serialWhere} from '../../../support/test-where.js';
import {claimOf, nameOf, startMs} from './claiming-process.js';
import {codeOf, eventually, openOn, openStore, shared} from './redis-claims.js';
import {isRedisInstalled, RedisServer} from './redis-servers.js';

const withRedis = serialWhere(isRedisInstalled);
async function three(t: ExecutionContext): Promise<readonly [RedisServer, RedisServer, RedisServer]> {
	return Promise.all([RedisServer.start(t), RedisServer.start(t), RedisServer.start(t)]);
}

withRedis('two gateways that get the same INVITE at the same time: exactly one accepts, in every try', async (t) => {
	const servers = await three(t);
	const [one, two] = await Promise.all([openOn(t, servers), openOn(t, servers).catch(() => openOn(t, servers))]);
	const tries = 500 * (process.env['TEST_RUNS_FACTOR'] === undefined ? 1 : 20);
	const others = new Map<string, number>();
	for (let start = 0; start < tries; start += 10) {
		await Promise.all(
			Array.from({length: 10}, async (_, index) => {
				const codes = await Promise.all([codeOf(one, start + index), codeOf(two, start + index)]);
				t.is(codes.filter((code) => code === 'granted').length, 1, codes.join(' '));
				const other = codes.find((code) => code !== 'granted') ?? '';
				others.set(other, (others.get(other) ?? 0) + 1);
			}),
		);
	}

	t.log(JSON.stringify([...others]));
	t.true((others.get('MERGED') ?? 0) > 0.9 * tries, 'the copy is merged, without alarm');
});

withRedis('what one gateway granted, installed and retired the others know, and a claim is all or none', async (t) => {
	const servers = await three(t);
	const one = await openOn(t, servers);
	const two = await openOn(t, servers);
	t.is(await codeOf(one, 1), 'granted');
	t.is(await codeOf(two, 1), 'MERGED');
	t.is(await codeOf(two, 1, 'another'), 'REPLAYED');
	const mixed = claimOf(two.epoch, 2);
	const both = {...mixed, keys: [...mixed.keys, {fingerprint: nameOf('key', 1), saltTag: '5a17', mediaIndex: 1}]};
	const refused = await two.claim(both, startMs);
	t.is(refused.ok ? '' : refused.failure.code, 'KEY_REUSED');
	t.is(await codeOf(two, 2), 'granted', 'nothing of the refused claim stayed');
	const install = {
		holder: claimOf(one.epoch, 1).holder,
		key: nameOf('key', 1),
		message: nameOf('message', 1),
		replaces: [],
	};
	t.true((await one.install(install)).ok);
	t.false((await two.install({...install, holder: {...install.holder, epoch: two.epoch}})).ok);
	t.true((await one.end([`key:${nameOf('key', 1)}`, `message:${nameOf('message', 1)}`], 'c1')).ok);
	t.is(await codeOf(two, 1), 'REPLAYED');
	t.is(one.newest(1).length, 1);
});

withRedis(
	'a gateway that starts again takes over what its life before had reserved, and what is long past is forgotten by all',
	async (t) => {
		const servers = await three(t);
		const first = await openOn(t, servers);
		t.is(await codeOf(first, 1), 'granted');
		const second = await openOn(t, servers, {formerEpoch: first.epoch});
		t.is(await codeOf(second, 1), 'granted');
		const later = {
			...claimOf(second.epoch, 2),
			message: {fingerprint: nameOf('message', 2), signedAtMs: startMs + 400_000, sequence: 1, isAnswer: false},
		};
		t.true((await second.claim(later, startMs + 400_000)).ok);
		t.is(await codeOf(first, 3), 'FORGOTTEN');
	},
);

withRedis(
	'with one store gone claims go on, with the majority gone none is granted, and they come back by themselves',
	async (t) => {
		const servers = await three(t);
		const ledger = await openOn(t, servers);
		t.is(await codeOf(ledger, 1), 'granted');
		await servers[0].kill();
		t.is(await eventually(ledger, 2), 'granted');
		t.is(await eventually(ledger, 1, 'another'), 'REPLAYED');
		const {complaints} = await ledger.health();
		t.true(complaints.some(({reason, detail}) => reason === 'LEDGER_UNAVAILABLE' && detail.includes('away')));
		await servers[1].kill();
		t.is(await codeOf(ledger, 3), 'LEDGER_UNAVAILABLE');
		t.is(await codeOf(ledger, 2, 'another'), 'LEDGER_UNAVAILABLE');
		await Promise.all([servers[0].start(), servers[1].start()]);
		t.is(await eventually(ledger, 4), 'granted');
		t.is(await eventually(ledger, 1, 'another'), 'REPLAYED');
		t.is(await eventually(ledger, 2, 'another'), 'REPLAYED');
	},
);

withRedis('a store that does not answer holds nobody up for long; a majority of them grants nothing', async (t) => {
	const servers = await three(t);
	const ledger = await openOn(t, servers);
	servers[0].pause();
	const start = performance.now();
	t.is(await eventually(ledger, 1), 'granted');
	t.true(performance.now() - start < 20_000);
	servers[1].pause();
	t.is(await codeOf(ledger, 2), 'LEDGER_UNAVAILABLE');
	servers[0].resume();
	servers[1].resume();
	t.is(await eventually(ledger, 1, 'another'), 'REPLAYED');
	t.is(await eventually(ledger, 3), 'granted');
});

withRedis('a store that came back empty takes part in nothing, so that nothing is forgotten with it', async (t) => {
	const servers = await three(t);
	const ledger = await openOn(t, servers);
	t.is(await codeOf(ledger, 1), 'granted');
	servers[0].command('FLUSHALL');
	t.is(await eventually(ledger, 1, 'another'), 'REPLAYED');
	servers[1].command('FLUSHALL');
	t.is(await codeOf(ledger, 1, 'another'), 'LEDGER_UNAVAILABLE');
	t.is(await codeOf(ledger, 2), 'LEDGER_UNAVAILABLE');
});

withRedis('another fingerprint secret, or stores that may forget, are refused at the start', async (t) => {
	const server = await RedisServer.start(t);
	const {complaints} = await (await openOn(t, [server])).health();
	t.true(complaints.some(({reason, detail}) => reason === 'LEDGER_LOSS_WINDOW' && detail.includes('single store')));
	await t.throwsAsync(openOn(t, [server], {secret: new Uint8Array(32)}), {code: 'LEDGER_DAMAGED'});
	const careless = await RedisServer.start(t, ['--appendonly', 'yes', '--appendfsync', 'everysec']);
	await t.throwsAsync(openOn(t, [careless]), {code: 'LEDGER_UNAVAILABLE', message: /appendfsync everysec/});
	const evicting = await RedisServer.start(t, [
		'--appendonly',
		'yes',
		'--appendfsync',
		'always',
		'--maxmemory-policy',
		'allkeys-lru',
	]);
	await t.throwsAsync(openOn(t, [evicting]), {code: 'LEDGER_UNAVAILABLE', message: /allkeys-lru/});
	await t.throwsAsync(openOn(t, [], {nodes: ['nowhere']}), {code: 'BAD_OPTIONS'});
});

function ownKeyOf(epoch: number, body: number): Claim {
	const {message: _message, ...claim} = claimOf(epoch, body);
	return {...claim, signer: 'self', maker: 'self'};
}

withRedis(
	'messages, keys of peers and our own count against quotas on every gateway for as long as they live',
	async (t) => {
		const servers = await three(t);
		const few = {...shared, recordsPerSigner: 5, records: 9};
		let wallMs = Date.now();
		const one = new Ledger(await openStore(t, servers, {wallMs: () => wallMs}), few);
		const two = new Ledger(await openStore(t, servers, {wallMs: () => wallMs}), few);
		const at = async (ledger: Ledger, body: number, nowMs: number) => {
			const claim = claimOf(ledger.epoch, body);
			const message = {fingerprint: nameOf('message', body), signedAtMs: nowMs, sequence: 1, isAnswer: false};
			const result = await ledger.claim({...claim, message}, nowMs);
			return result.ok ? 'granted' : result.failure.code;
		};
		t.is(await at(one, 1, startMs), 'granted');
		t.is(await at(two, 2, startMs), 'granted');
		t.is(await at(one, 3, startMs), 'QUOTA', 'two messages and two keys are there');
		t.is(await at(two, 3, startMs), 'QUOTA');
		const laterMs = startMs + 600_000;
		wallMs += 600_000;
		const own = (body: number, nowMs: number) => one.claim(ownKeyOf(one.epoch, body), nowMs);
		t.true((await own(10, laterMs)).ok);
		t.is(await at(one, 3, laterMs), 'granted', 'the messages have run out, the keys have not');
		t.is(await at(two, 4, laterMs), 'QUOTA');
		const soonMs = laterMs + 1000;
		const made = [];
		for (let body = 11; body < 17; body++) {
			made.push((await own(body, soonMs)).ok);
		}

		t.deepEqual(made, [true, true, true, true, false, false], 'nine altogether');
		wallMs += 7_800_000;
		t.true((await own(20, laterMs + 7_800_000)).ok, 'our own have run out');
		for (const server of servers) {
			t.is(server.command('HKEYS', 'sallyport:count:self').trim().split('\n').length, 1, 'what is over is removed');
			t.true(Number(server.command('PTTL', 'sallyport:count:*')) > 30 * 86_400_000);
		}
	},
);

test('writes that only some stores took are believed or cannot be told, never passed over', (t) => {
	const copy = (tag: string, version: number, parent: string): Copy => ({...absent, tag, version, parent});
	const [a, b, c] = [copy('a', 1, ''), copy('b', 1, ''), copy('c', 2, 'b')];
	t.is(agree([a, a, absent], 2), a);
	t.is(agree([a, a, b], 2), a);
	t.is(agree([absent, absent, a], 2), a, 'may be under way');
	t.is(agree([a, b], 2), undefined);
	t.is(agree([a, c], 2), undefined, 'what c was written in place of is not what another store has');
	t.is(agree([a, a, c], 2), undefined);
	t.is(agree([absent, absent], 2)?.tag, '');
});

test('two writers never both have a majority, whatever is read and reached when, and the later knows of the earlier', (t) => {
	const turn = fc.record({writer: fc.nat(2), do: fc.constantFrom('read', 'write'), store: fc.nat(2)});
	let both = 0;
	fc.assert(
		fc.property(fc.array(turn, {maxLength: 60, size: 'max'}), (turns) => {
			const stores: Copy[] = [absent, absent, absent];
			type Writer = {
				reads: Map<number, Copy>;
				next: Copy | undefined;
				taken: Set<number>;
				tried: Set<number>;
				knew: Set<string>;
			};
			const fresh = (): Writer => ({
				reads: new Map(),
				next: undefined,
				taken: new Set(),
				tried: new Set(),
				knew: new Set(),
			});
			const writers = [fresh(), fresh(), fresh()];
			const ancestors = new Map<string, Set<string>>([['', new Set()]]);
			const done: string[] = [];
			let count = 0;
			for (const {writer, do: what, store} of turns) {
				let w = writers[writer] ?? fresh();
				if (what === 'read' && !w.next) {
					w.reads.set(store, stores[store] ?? absent);
					continue;
				}

				if (what === 'write' && !w.next && w.reads.size >= 2) {
					const base = agree([...w.reads.values()], 2);
					if (!base) {
						writers[writer] = fresh();
						continue;
					}

					const version = Math.max(...[...w.reads.values()].map((one) => one.version)) + 1;
					const tag = `${++count}`;
					ancestors.set(tag, new Set([...(ancestors.get(base.tag) ?? []), base.tag]));
					w.next = {tag, version, parent: base.tag, record: undefined};
				}

				if (w.next && what === 'write' && w.reads.has(store) && !w.tried.has(store)) {
					w.tried.add(store);
					if (stores[store]?.tag === w.reads.get(store)?.tag) {
						stores[store] = w.next;
						w.taken.add(store);
					}

					if (w.taken.size === 2 && !done.includes(w.next.tag)) {
						// Of two that were done, one knew of the other.
						for (const before of done) {
							if (!ancestors.get(w.next.tag)?.has(before) && !ancestors.get(before)?.has(w.next.tag)) {
								throw new Error(`${w.next.tag} did not know of ${before}.`);
							}
						}

						both += done.length > 0 ? 1 : 0;
						done.push(w.next.tag);
					}

					if (w.tried.size === w.reads.size) {
						w = fresh();
						writers[writer] = w;
					}
				}
			}
		}),
		{numRuns: 3000},
	);
	t.true(both > 100, `${both}`);
});
