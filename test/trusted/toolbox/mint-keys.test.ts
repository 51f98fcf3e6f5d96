import {randomBytes} from 'node:crypto';
import test from 'ava';
import {SallyportError} from '#dist/base/error.js';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import type {LedgerStore} from '#dist/trusted/toolbox/ledger/ledger-store.js';
import {MemoryLedger} from '#dist/trusted/toolbox/ledger/memory-ledger-store.js';
import {type SrtpSuiteName, srtpSuites} from '#dist/wire/sdes/suites.js';
import {makeWorld} from './support/world.js';

const suites = Object.keys(srtpSuites) as SrtpSuiteName[];

test('keys of all suites of a leg are claimed in one step, all or none', async (t) => {
	const world = await makeWorld();
	const store: LedgerStore = new MemoryLedger(randomBytes(32)).open();
	const update = store.update.bind(store);
	let steps = 0;
	let isGone = false;
	store.update = (decide) => {
		steps++;
		return isGone ? Promise.reject(new SallyportError('LEDGER_UNAVAILABLE', 'Expected a store.')) : update(decide);
	};
	const toolbox = await Toolbox.open(world.options('gateway', world.gateway, {}), {
		clock: world.clock,
		sharedLedger: store,
	});
	t.teardown(async () => {
		await toolbox.close();
		world.dispose();
	});
	steps = 0;
	const ask = {kind: 'mint-keys', call: 'c', leg: 'a', suites} as const;
	const made = await toolbox.handle(ask);
	t.is(made.verdict === 'keys' && new Set(made.handles).size, suites.length);
	t.is(steps, 1);
	const ledger = await toolbox.handle({kind: 'read-ledger', limit: 100});
	t.is(ledger.verdict === 'ledger' && ledger.entries.length, suites.length);

	isGone = true;
	t.like(await toolbox.handle({...ask, leg: 'b'}), {verdict: 'refused', code: 'LEDGER_UNAVAILABLE'});
	t.deepEqual(toolbox.load, {calls: 1, issued: suites.length});
	isGone = false;
	steps = 0;
	for (let count = suites.length; count + suites.length <= 256; count += suites.length) {
		t.like(await toolbox.handle(ask), {verdict: 'keys'});
	}

	const before = steps;
	t.like(await toolbox.handle(ask), {verdict: 'refused', code: 'TOO_MANY_KEYS'});
	t.is(steps, before, 'nothing is claimed that finds no room');
});
