import {testProp} from '@fast-check/ava';
import test from 'ava';
import fc from 'fast-check';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import type {LedgerLimits} from '#dist/trusted/toolbox/ledger/ledger-rules.js';
import {MemoryLedger} from '#dist/trusted/toolbox/ledger/memory-ledger-store.js';

const limits: LedgerLimits = {
	messageRetentionMs: 1000,
	peerKeyRetentionMs: 100_000,
	ownKeyRetentionMs: 10_000,
	recordsPerSigner: 1000,
	records: 1000,
	takeovers: 3,
	leaseMs: 0,
};

function claimOf(
	node: Ledger,
	body: number,
	call: string,
	{dialog = 'd', signer = 's', signedAtMs = 0, leg = 'a'} = {},
) {
	return {
		dialog: {callId: dialog, offererTag: 't'},
		holder: {epoch: node.epoch, call, leg},
		signer,
		maker: 'peer' as const,
		message: {fingerprint: `m${body}`, signedAtMs, sequence: 1, isAnswer: false},
		keys: [{fingerprint: `k${body}`, saltTag: 'salt', mediaIndex: 0}],
	};
}

const step = fc.oneof(
	fc.record({do: fc.constant('claim' as const), body: fc.nat(3), call: fc.nat(2), dialog: fc.nat(1)}),
	fc.record({do: fc.constant('install' as const), body: fc.nat(3), call: fc.nat(2)}),
	fc.record({do: fc.constant('end' as const), call: fc.nat(2)}),
	fc.record({do: fc.constant('crash' as const)}),
	fc.record({do: fc.constant('wait' as const), byMs: fc.nat(1500)}),
	fc.record({do: fc.constant('step-clock' as const), byMs: fc.integer({min: -5000, max: 5000})}),
	fc.record({do: fc.constant('sweep' as const)}),
);

testProp(
	'a body is installed at most once whatever is claimed, ended, swept, crashed or done to the clock',
	[fc.array(step, {maxLength: 60})],
	async (t, steps) => {
		const shared = new MemoryLedger(new Uint8Array(32));
		let node = new Ledger(shared.open(), limits);
		let nowMs = 10_000;
		// The model: a plain set of what was ever installed, and by which call of which life of the node.
		const installedBy = new Map<string, string>();
		const calls = new Map<string, Set<string>>();
		let life = 0;
		t.pass();
		for (const action of steps) {
			switch (action.do) {
				case 'claim': {
					const call = `${life}-${action.call}`;
					// Each body was signed once, at a time of its own; the dialog may be forged.
					const claim = claimOf(node, action.body, call, {
						dialog: `d${action.dialog}`,
						signedAtMs: 10_000 + action.body,
					});
					const granted = await node.claim(claim, nowMs);
					if (granted.ok) {
						t.false(installedBy.has(`k${action.body}`), 'what was installed is never granted again');
						calls.set(call, (calls.get(call) ?? new Set()).add(`message:m${action.body}`).add(`key:k${action.body}`));
					}

					break;
				}

				case 'install': {
					const call = `${life}-${action.call}`;
					const name = `k${action.body}`;
					const done = await node.install({
						holder: {epoch: node.epoch, call, leg: 'a'},
						key: name,
						message: `m${action.body}`,
						replaces: [],
					});
					if (done.ok) {
						t.true([undefined, call].includes(installedBy.get(name)), 'a key is installed by one call only');
						installedBy.set(name, call);
					}

					break;
				}

				case 'end': {
					const call = `${life}-${action.call}`;
					await node.end([...(calls.get(call) ?? [])], call);
					calls.delete(call);
					break;
				}

				case 'crash':
					life++;
					node = new Ledger(shared.open(), limits);
					break;
				case 'wait':
					nowMs += action.byMs;
					break;
				case 'step-clock':
					nowMs = Math.max(0, nowMs + action.byMs);
					break;
				case 'sweep':
					await node.sweep(nowMs);
			}
		}
	},
	{numRuns: 300},
);

async function freshNode() {
	const shared = new MemoryLedger(new Uint8Array(32));
	return {shared, node: new Ledger(shared.open(), limits)};
}

function codeOf(result: {ok: boolean; failure?: {code: string}}): string {
	return result.ok ? 'granted' : (result.failure?.code ?? '');
}

test('all identities of a body are claimed together or not at all', async (t) => {
	const {shared, node} = await freshNode();
	const claim = claimOf(node, 1, 'c1');
	t.true((await node.claim({...claim, keys: [{fingerprint: 'k9', saltTag: 'x', mediaIndex: 0}]}, 0 + 1)).ok === false);
	await node.claim(claimOf(node, 2, 'c1', {signedAtMs: 5}), 10);
	const mixed = {
		...claimOf(node, 3, 'c2', {signedAtMs: 5}),
		keys: [...claimOf(node, 3, 'c2').keys, ...claimOf(node, 2, 'c2').keys],
	};
	t.is(codeOf(await node.claim({...mixed, dialog: {callId: 'other', offererTag: 't'}}, 10)), 'KEY_REUSED');
	t.false(shared.records.has('key:k3'));
	t.false(shared.records.has('message:m3'));
});

test('a key with a new salt is not fresh', async (t) => {
	const {node} = await freshNode();
	t.is(codeOf(await node.claim(claimOf(node, 1, 'c1', {signedAtMs: 5}), 10)), 'granted');
	const salted = {
		...claimOf(node, 2, 'c1', {signedAtMs: 6}),
		keys: [{fingerprint: 'k1', saltTag: 'other', mediaIndex: 0}],
	};
	t.is(codeOf(await node.claim(salted, 10)), 'KEY_REUSED');
});

test('a reservation is taken over after a crash by the same dialog and signer, three times', async (t) => {
	const {shared, node} = await freshNode();
	t.is(codeOf(await node.claim(claimOf(node, 1, 'c1', {signedAtMs: 5}), 10)), 'granted');
	for (let crash = 0; crash < 3; crash++) {
		const next = new Ledger(shared.open(), limits);
		t.is(codeOf(await next.claim(claimOf(next, 1, 'c2', {signedAtMs: 5, dialog: 'forged'}), 10)), 'REPLAYED');
		t.is(codeOf(await next.claim(claimOf(next, 1, 'c2', {signedAtMs: 5, signer: 'other'}), 10)), 'REPLAYED');
		t.is(codeOf(await next.claim(claimOf(next, 1, 'c2', {signedAtMs: 5}), 10)), 'granted');
	}

	const last = new Ledger(shared.open(), limits);
	t.is(codeOf(await last.claim(claimOf(last, 1, 'c2', {signedAtMs: 5}), 10)), 'TAKEN_OVER_TOO_OFTEN');
});

test('a paused node cannot install what another took over', async (t) => {
	const {shared, node: paused} = await freshNode();
	await paused.claim(claimOf(paused, 1, 'c1', {signedAtMs: 5}), 10);
	const other = new Ledger(shared.open(), limits);
	t.is(codeOf(await other.claim(claimOf(other, 1, 'c1', {signedAtMs: 5}), 10)), 'granted');
	const holder = {epoch: paused.epoch, call: 'c1', leg: 'a'};
	t.is(codeOf(await paused.install({holder, key: 'k1', message: 'm1', replaces: []})), 'RESERVATION_LOST');
});

test('two nodes that live share one ledger: the second copy is merged, without alarm', async (t) => {
	const shared = new MemoryLedger(new Uint8Array(32));
	const together = {...limits, leaseMs: 180_000};
	const nodes = [new Ledger(shared.open(), together), new Ledger(shared.open(), together)] as const;
	t.is(codeOf(await nodes[0].claim(claimOf(nodes[0], 1, 'c1', {signedAtMs: 5}), 10)), 'granted');
	t.is(codeOf(await nodes[1].claim(claimOf(nodes[1], 1, 'c1', {signedAtMs: 5}), 10)), 'MERGED');
	t.is(codeOf(await nodes[1].claim(claimOf(nodes[1], 1, 'c1', {signedAtMs: 5, dialog: 'forged'}), 10)), 'REPLAYED');
});

test('what is evicted leaves a mark, before which nothing is fresh any more', async (t) => {
	const {node} = await freshNode();
	await node.claim(claimOf(node, 1, 'c1', {signedAtMs: 100}), 100);
	t.is(await node.sweep(5000), 1);
	t.is(codeOf(await node.claim(claimOf(node, 1, 'c2', {signedAtMs: 100}), 50)), 'FORGOTTEN');
	t.is(codeOf(await node.claim(claimOf(node, 2, 'c2', {signedAtMs: 100}), 50)), 'FORGOTTEN');
	t.is(codeOf(await node.claim(claimOf(node, 2, 'c2', {signedAtMs: 101}), 50)), 'granted');
});

test('a ledger that is full refuses, and forgets nothing that is live', async (t) => {
	const shared = new MemoryLedger(new Uint8Array(32));
	const node = new Ledger(shared.open(), {...limits, recordsPerSigner: 4});
	for (const body of [1, 2, 3]) {
		const expected = body < 3 ? 'granted' : 'QUOTA';
		t.is(codeOf(await node.claim(claimOf(node, body, 'c1', {signedAtMs: 5, dialog: `d${body}`}), 10)), expected);
	}

	t.is(codeOf(await node.claim(claimOf(node, 1, 'c9', {signedAtMs: 5, dialog: 'forged'}), 10)), 'REPLAYED');
	t.is(codeOf(await node.claim(claimOf(node, 3, 'c1', {signedAtMs: 5, signer: 'other'}), 10)), 'granted');
});
