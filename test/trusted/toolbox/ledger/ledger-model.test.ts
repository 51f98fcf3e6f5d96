import test from 'ava';
import fc from 'fast-check';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import type {Claim, LedgerLimits} from '#dist/trusted/toolbox/ledger/ledger-rules.js';
import {MemoryLedger} from '#dist/trusted/toolbox/ledger/memory-ledger-store.js';
import {runs} from '../../../profile.js';
import {type Crash, CrashingStore, LedgerModel} from './ledger-model.js';

const roomy: LedgerLimits = {
	messageRetentionMs: 1000,
	peerKeyRetentionMs: 20_000,
	ownKeyRetentionMs: 3000,
	recordsPerSigner: 1000,
	recordsPerTrunk: 1000,
	recordsUnproven: 1000,
	records: 1000,
	takeovers: 3,
	leaseMs: 0,
};

const crash = fc.oneof(
	{weight: 12, arbitrary: fc.constant<Crash>('never')},
	{weight: 1, arbitrary: fc.constant<Crash>('before-commit')},
	{weight: 1, arbitrary: fc.constant<Crash>('after-commit')},
);
const where = {node: fc.nat(1), call: fc.nat(1), leg: fc.nat(9).map((leg) => (leg === 0 ? 'b' : 'a'))};
const usually = (often: number) => fc.nat(often).map((value) => (value === 0 ? 1 : 0));
const step = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant('claim' as const),
			...where,
			body: fc.nat(6),
			// Signed anew every so often; dialog, signer, salt and section are mostly what they were.
			signed: fc.nat(2),
			dialog: usually(6),
			signer: usually(8),
			salt: usually(12),
			section: usually(12),
			isAnswer: fc.boolean(),
			sequence: fc.nat(1),
			isSigned: fc.nat(6).map((value) => value !== 0),
			isOwn: usually(12),
			crash,
		}),
	},
	{weight: 4, arbitrary: fc.record({do: fc.constant('install' as const), ...where, body: fc.nat(6), crash})},
	{weight: 2, arbitrary: fc.record({do: fc.constant('end' as const), node: fc.nat(1), call: fc.nat(1), crash})},
	{weight: 1, arbitrary: fc.record({do: fc.constant('crash' as const), node: fc.nat(1)})},
	{weight: 2, arbitrary: fc.record({do: fc.constant('wait' as const), byMs: fc.nat(4000)})},
	{
		weight: 1,
		arbitrary: fc.record({do: fc.constant('step-clock' as const), byMs: fc.integer({min: -5000, max: 5000})}),
	},
	{weight: 2, arbitrary: fc.record({do: fc.constant('sweep' as const), node: fc.nat(1), crash})},
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** Two nodes on one ledger, and the model beside them. */
class Trial {
	readonly tally = {granted: 0, installed: 0, swept: 0, taken: 0, refused: new Set<string>()};
	readonly #limits: LedgerLimits;
	readonly #shared = new MemoryLedger(new Uint8Array(32));
	readonly #model: LedgerModel;
	readonly #claims = new Map<string, Set<string>>();
	readonly #stores: [CrashingStore, CrashingStore];
	#nowMs = 10_000;

	constructor(limits: LedgerLimits) {
		this.#limits = limits;
		this.#model = new LedgerModel(limits);
		this.#stores = [new CrashingStore(this.#shared.open()), new CrashingStore(this.#shared.open())];
	}

	/** Throws where the ledger did what the model forbids. */
	async run(steps: readonly Step[]): Promise<void> {
		for (const [index, action] of steps.entries()) {
			const fault = await this.#take(action);
			if (fault !== undefined) {
				throw new Error(`Step ${index}: ${fault}`);
			}

			this.#checkQuotas();
		}

		this.tally.taken = this.#model.takeovers;
	}

	async #take(action: Step): Promise<string | undefined> {
		switch (action.do) {
			case 'claim':
				return this.#claim(action);
			case 'install':
				return this.#install(action);
			case 'end':
				return this.#end(action);
			case 'crash':
				this.#restart(action.node);
				return undefined;
			case 'wait':
				this.#nowMs += action.byMs;
				return undefined;
			case 'step-clock':
				this.#nowMs = Math.max(0, this.#nowMs + action.byMs);
				return undefined;
			case 'sweep': {
				const nowMs = this.#nowMs;
				const isDone = await this.#with(action, (ledger) => ledger.sweep(nowMs).then((count) => count >= 0));
				if (isDone) {
					this.#model.swept(nowMs);
					this.tally.swept++;
				}

				return undefined;
			}
		}
	}

	async #claim(action: Step & {readonly do: 'claim'}): Promise<string | undefined> {
		const store = this.#storeOf(action.node);
		const claim = claimOf(action, store.epoch);
		const mustGrant = this.#model.mustGrant(claim) && action.crash === 'never';
		const isDone = await this.#with(action, async (ledger) => {
			const granted = await ledger.claim(claim, this.#nowMs);
			if (!granted.ok) {
				this.tally.refused.add(granted.failure.code);
			}

			return granted.ok;
		});
		if (!isDone) {
			return mustGrant ? 'what is fresh was refused' : undefined;
		}

		this.tally.granted++;
		const name = `${store.epoch} ${claim.holder.call}`;
		const names = [
			...(claim.message ? [`message:${claim.message.fingerprint}`] : []),
			...claim.keys.map(({fingerprint}) => `key:${fingerprint}`),
		];
		this.#claims.set(name, new Set([...(this.#claims.get(name) ?? []), ...names]));
		return this.#model.granted(claim, store.formerEpoch, this.#nowMs);
	}

	async #install(action: Step & {readonly do: 'install'}): Promise<string | undefined> {
		const request = {
			holder: {epoch: this.#storeOf(action.node).epoch, call: `c${action.call}`, leg: action.leg},
			key: keysOf(action.body)[0] ?? 'k0',
			message: `m${action.body}`,
			replaces: [],
		};
		const isDone = await this.#with(action, async (ledger) => (await ledger.install(request)).ok);
		this.tally.installed += isDone ? 1 : 0;
		return isDone ? this.#model.installed(request) : undefined;
	}

	async #end(action: Step & {readonly do: 'end'}): Promise<undefined> {
		const {epoch} = this.#storeOf(action.node);
		const claims = [...(this.#claims.get(`${epoch} c${action.call}`) ?? [])];
		const isDone = await this.#with(action, async (ledger) => (await ledger.end(claims, `c${action.call}`)).ok);
		if (isDone) {
			this.#model.ended(epoch, `c${action.call}`);
		}
	}

	/** Works on a node that may die on the way. True when it was done, answered or not. */
	async #with(
		{node, crash}: {readonly node: number; readonly crash: Crash},
		work: (ledger: Ledger) => Promise<boolean>,
	): Promise<boolean> {
		const store = this.#storeOf(node);
		if (crash === 'never') {
			return work(new Ledger(store, this.#limits));
		}

		// Whether it would have been done is seen by what lies in the store after a commit without an answer.
		let outcome: unknown;
		const {update} = store;
		store.crash = crash;
		store.update = async (decide) =>
			update.call(store, (view) => {
				const decision = decide(view);
				outcome = decision.outcome;
				return decision;
			}) as never;
		await work(new Ledger(store, this.#limits)).catch(() => false);
		this.#restart(node);
		const isGranted =
			typeof outcome === 'object' && outcome !== null && 'granted' in outcome
				? outcome.granted === true
				: outcome !== false;
		return crash === 'after-commit' && isGranted;
	}

	#restart(node: number): void {
		const {epoch} = this.#storeOf(node);
		this.#stores[node === 0 ? 0 : 1] = new CrashingStore(this.#shared.open(epoch));
	}

	#storeOf(node: number): CrashingStore {
		return this.#stores[node === 0 ? 0 : 1];
	}

	#checkQuotas(): void {
		const counts = new Map<string, number>();
		for (const {account} of this.#shared.records.values()) {
			counts.set(account, (counts.get(account) ?? 0) + 1);
		}

		for (const [account, count] of counts) {
			const {recordsPerSigner, recordsUnproven, records} = this.#limits;
			const most = account === 'self' ? records : account === 'unproven' ? recordsUnproven : recordsPerSigner;
			if (count > most || this.#shared.records.size > records) {
				throw new Error(`${account} has ${count} records.`);
			}
		}
	}
}

/** Body 3 brings a key of body 0 again, body 4 has two keys, body 5 none. */
function keysOf(body: number): readonly string[] {
	return body === 5 ? [] : body === 3 ? ['k3', 'k0'] : body === 4 ? ['k4', 'k9'] : [`k${body}`];
}

function claimOf(action: Step & {readonly do: 'claim'}, epoch: number): Claim {
	const {body, call, leg, dialog, signer, salt, section, signed, isAnswer, sequence, isSigned, isOwn} = action;
	const keys = keysOf(body).map((fingerprint) => ({fingerprint, saltTag: `s${salt}`, mediaIndex: section}));
	const common = {dialog: {callId: `d${dialog}`, offererTag: 't'}, holder: {epoch, call: `c${call}`, leg}, keys};
	if (isOwn === 1) {
		return {...common, signer: 'self', maker: 'self'};
	}

	if (!isSigned && keys.length > 0) {
		return {...common, signer: '', maker: 'peer'};
	}

	const message = {fingerprint: `m${body}`, signedAtMs: 10_000 + 10 * body + 700 * signed, sequence, isAnswer};
	return {...common, signer: `u${signer}`, maker: 'peer', message};
}

for (const [what, limits] of [
	['one node after another', roomy],
	['two nodes with leases', {...roomy, leaseMs: 2500}],
	['hardly any room', {...roomy, leaseMs: 2500, recordsPerSigner: 5, recordsUnproven: 3, records: 9}],
] as const) {
	test(`nothing is accepted twice outside the rules, whatever is done and wherever nodes die: ${what}`, async (t) => {
		const total = {granted: 0, installed: 0, swept: 0, taken: 0};
		const refused = new Set<string>();
		await fc.assert(
			fc.asyncProperty(fc.array(step, {maxLength: 120, size: 'max'}), async (steps) => {
				const trial = new Trial(limits);
				await trial.run(steps);
				for (const name of ['granted', 'installed', 'swept', 'taken'] as const) {
					total[name] += trial.tally[name];
				}

				for (const code of trial.tally.refused) {
					refused.add(code);
				}
			}),
			runs(400),
		);
		t.log(JSON.stringify(total), [...refused].join(' '));
		t.true(
			Object.values(total).every((count) => count > 50),
			'the trials did something',
		);
		for (const code of ['REPLAYED', 'KEY_REUSED', 'MERGED', 'FORGOTTEN', ...(limits.records < 20 ? ['QUOTA'] : [])]) {
			t.true(refused.has(code), `some were refused as ${code}`);
		}
	});
}
