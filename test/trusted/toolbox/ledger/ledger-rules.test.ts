import test from 'ava';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import type {LedgerLimits} from '#dist/trusted/toolbox/ledger/ledger-rules.js';
import {MemoryLedger} from '#dist/trusted/toolbox/ledger/memory-ledger-store.js';

const limits: LedgerLimits = {
	messageRetentionMs: 1000,
	peerKeyRetentionMs: 100_000,
	ownKeyRetentionMs: 10_000,
	recordsPerSigner: 1000,
	recordsPerTrunk: 10_000,
	recordsUnproven: 10_000,
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
