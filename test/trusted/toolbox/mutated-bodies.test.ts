import test from 'ava';
import {openWorld, reasonOf, receive, sealedInvite} from './support/world.js';

const mutations = 2000;

/** Numbers that look random and are the same in every run. */
function* noise(): Generator<number, never> {
	let state = 0x9e_37_79_b9;
	for (;;) {
		state = (Math.imul(state ^ (state >>> 15), 0x85_eb_ca_6b) + 0xc2_b2_ae_35) >>> 0;
		yield state;
	}
}

test(`${mutations} mutated sealed bodies get one and the same answer, and claim nothing`, async (t) => {
	t.timeout(120_000);
	const {caller, callee} = await openWorld(t);
	const invite = await sealedInvite(caller);
	const random = noise();
	const next = (below: number) => random.next().value % below;
	const answers = new Set<string>();
	for (let batch = 0; batch < mutations / 50; batch++) {
		const verdicts = await Promise.all(
			Array.from({length: 50}, (_, index) => {
				const body = Uint8Array.from(invite.body);
				for (let flips = 0; flips <= next(3); flips++) {
					const place = next(body.length);
					body[place] = (body[place] ?? 0) ^ (1 << next(8));
				}

				const cut = next(4) === 0 ? body.subarray(0, next(body.length)) : body;
				const mutated = Buffer.compare(cut, invite.body) === 0 || cut.length === 0 ? cut.subarray(0, 9).fill(0) : cut;
				return receive(callee, {...invite, body: mutated}, {call: `m-${batch}-${index}`});
			}),
		);
		for (const verdict of verdicts) {
			t.is(verdict.verdict, 'denial');
			if (verdict.verdict === 'denial') {
				const {status, reasonPhrase, headers} = verdict;
				answers.add(JSON.stringify({status, reasonPhrase, headers}));
			}
		}
	}

	t.deepEqual([...answers], [JSON.stringify({status: 493, reasonPhrase: 'Undecipherable', headers: []})]);
	const ledger = await callee.handle({kind: 'read-ledger', limit: 10});
	t.deepEqual(ledger.verdict === 'ledger' && ledger.entries, []);
	t.deepEqual(callee.load, {calls: 0, issued: 0});
	t.is(reasonOf(await receive(callee, invite)), 'released', 'and the true one still passes');
});
