import {SallyportError} from '#dist/base/error.js';
import {accountOf} from '#dist/trusted/toolbox/ledger/ledger-quota.js';
import type {LedgerHolder} from '#dist/trusted/toolbox/ledger/ledger-record.js';
import type {Claim, InstallRequest, LedgerLimits} from '#dist/trusted/toolbox/ledger/ledger-rules.js';
import type {LedgerDecision, LedgerStore, LedgerView} from '#dist/trusted/toolbox/ledger/ledger-store.js';

/** Where the node dies while it works on a decision. */
export type Crash = 'never' | 'before-commit' | 'after-commit';

/** A store whose node dies between decision and commit, or between commit and answer, when told to. */
export class CrashingStore implements LedgerStore {
	crash: Crash = 'never';
	readonly #store: LedgerStore;

	constructor(store: LedgerStore) {
		this.#store = store;
	}

	get epoch() {
		return this.#store.epoch;
	}

	get formerEpoch() {
		return this.#store.formerEpoch;
	}

	get secret() {
		return this.#store.secret;
	}

	async update<Outcome>(decide: (view: LedgerView) => LedgerDecision<Outcome>): Promise<Outcome> {
		if (this.crash === 'before-commit') {
			await this.#store.update((view) => ({...decide(view), writes: new Map(), forgottenBeforeMs: 0}));
			throw new SallyportError('LEDGER_UNAVAILABLE', 'The node is dead.');
		}

		const outcome = await this.#store.update(decide);
		if (this.crash === 'after-commit') {
			throw new SallyportError('LEDGER_UNAVAILABLE', 'The node is dead.');
		}

		return outcome;
	}

	expired(nowMs: number, limit: number) {
		return this.#store.expired(nowMs, limit);
	}

	newest(limit: number) {
		return this.#store.newest(limit);
	}

	close() {
		return this.#store.close();
	}
}

type Seen = {
	readonly party: string;
	readonly account: string;
	holder: string;
	epoch: number;
	call: string;
	state: 'reserved' | 'installed' | 'retired';
	isHeld: boolean;
	takeovers: number;
	atMs: number;
	untilMs: number;
	signedAtMs: number;
	sequence: number;
	/** Messages only: the record may be gone, what was signed up to then is known all the same. */
	isForgotten: boolean;
};

/**
 * What was accepted, as a plain set of names, written down from PROTOCOL §1.5 without looking at `ledger-rules`. It is
 * told what the ledger answered, and says what is wrong with that; undefined where nothing is.
 */
export class LedgerModel {
	takeovers = 0;
	readonly #seen = new Map<string, Seen>();
	readonly #limits: LedgerLimits;
	#markMs = 0;

	constructor(limits: LedgerLimits) {
		this.#limits = limits;
	}

	/** True when nothing of a claim was ever seen, nothing forgotten can be meant, and there is room. */
	mustGrant(claim: Claim): boolean {
		const {message} = claim;
		const names = identitiesOf(claim);
		const live = [...this.#seen.values()].filter(({isForgotten}) => !isForgotten);
		const ofAccount = live.filter(({account}) => account === accountOf(claim)).length;
		return (
			names.every(({name}) => !this.#seen.has(name)) &&
			(message === undefined || message.signedAtMs > this.#markMs) &&
			live.length + names.length <= this.#limits.records &&
			ofAccount + names.length <= Math.min(this.#limits.recordsPerSigner, this.#limits.recordsUnproven)
		);
	}

	/** A claim was granted on a node. */
	granted(claim: Claim, formerEpoch: number | undefined, nowMs: number): string | undefined {
		const {maker, message} = claim;
		for (const {name, isMessage, party} of identitiesOf(claim)) {
			const before = this.#seen.get(name);
			const fault =
				before && !before.isForgotten ? this.#faultOf(before, claim, isMessage, party, formerEpoch, nowMs) : undefined;
			if (fault !== undefined) {
				return `${name} ${fault}`;
			}

			if (before?.isForgotten && (message?.signedAtMs ?? 0) <= before.signedAtMs) {
				return `${name} was forgotten and is taken again`;
			}

			const {epoch, call} = claim.holder;
			const isSame = before?.isForgotten === false && before.holder === holderOf(claim.holder) && before.isHeld;
			const isTakeover = before?.isForgotten === false && !isSame;
			this.takeovers += isTakeover ? 1 : 0;
			const signedAtMs = isMessage ? (message?.signedAtMs ?? 0) : 0;
			const retentionMs = isMessage
				? Math.max(0, signedAtMs - nowMs) + this.#limits.messageRetentionMs
				: maker === 'self'
					? this.#limits.ownKeyRetentionMs
					: this.#limits.peerKeyRetentionMs;
			this.#seen.set(name, {
				party,
				account: isSame ? before.account : accountOf(claim),
				holder: holderOf(claim.holder),
				epoch,
				call,
				state: isSame ? before.state : isMessage && claim.keys.length === 0 ? 'installed' : 'reserved',
				isHeld: true,
				takeovers: isSame ? before.takeovers : isTakeover ? before.takeovers + 1 : 0,
				atMs: isSame ? before.atMs : nowMs,
				untilMs: Math.max(isSame ? before.untilMs : 0, nowMs + retentionMs),
				signedAtMs: Math.max(isSame ? before.signedAtMs : 0, signedAtMs),
				sequence: isMessage ? (message?.sequence ?? 0) : 0,
				isForgotten: false,
			});
		}

		return undefined;
	}

	/** An installation was granted. */
	installed({holder, key, message}: InstallRequest): string | undefined {
		for (const name of [`key ${key}`, ...(message === undefined ? [] : [`message ${message}`])]) {
			const seen = this.#seen.get(name);
			if (name.startsWith('message') && seen?.isForgotten !== false) {
				continue;
			}

			if (!seen || seen.holder !== holderOf(holder) || !seen.isHeld || seen.state === 'retired') {
				return `${name} was installed by who does not hold it`;
			}

			seen.state = 'installed';
		}

		return undefined;
	}

	ended(epoch: number, call: string): void {
		for (const seen of this.#seen.values()) {
			if (seen.epoch === epoch && seen.call === call) {
				seen.isHeld = false;
				seen.state = seen.state === 'installed' ? 'retired' : seen.state;
			}
		}
	}

	/** What has run out was swept. Keys may come again, messages may not. */
	swept(nowMs: number): void {
		for (const [name, seen] of this.#seen) {
			if (seen.untilMs <= nowMs) {
				if (name.startsWith('key')) {
					this.#seen.delete(name);
				} else {
					seen.isForgotten = true;
					this.#markMs = Math.max(this.#markMs, seen.signedAtMs);
				}
			}
		}
	}

	#faultOf(
		before: Seen,
		claim: Claim,
		isMessage: boolean,
		party: string,
		formerEpoch: number | undefined,
		nowMs: number,
	): string | undefined {
		const {message, maker, holder} = claim;
		const isHolder = before.holder === holderOf(holder) && before.isHeld;
		if (before.party !== party || maker === 'self') {
			return 'is another party’s';
		}

		switch (before.state) {
			case 'retired':
				return 'is retired';
			case 'installed': {
				const isSignedAnew = message !== undefined && message.signedAtMs > before.signedAtMs;
				const isSameAnswer =
					message?.isAnswer && message.signedAtMs === before.signedAtMs && message.sequence === before.sequence;
				return !isHolder
					? 'is installed elsewhere'
					: isMessage && !isSignedAnew && !isSameAnswer
						? 'is replayed'
						: undefined;
			}

			case 'reserved': {
				const isLeased =
					before.epoch === holder.epoch || (before.epoch !== formerEpoch && nowMs < before.atMs + this.#limits.leaseMs);
				if (!isHolder && before.isHeld && isLeased) {
					return 'is taken from a holder that lives';
				}

				return !isHolder && before.takeovers >= 3 ? 'is taken over a fourth time' : undefined;
			}
		}
	}
}

function holderOf({epoch, call, leg}: LedgerHolder): string {
	return `${epoch} ${call} ${leg}`;
}

function identitiesOf(claim: Claim) {
	const {dialog, signer, maker, message, keys} = claim;
	const party = `${dialog.callId} ${dialog.offererTag} ${signer} ${maker}`;
	return [
		...(message ? [{name: `message ${message.fingerprint}`, isMessage: true, party}] : []),
		...keys.map(({fingerprint, saltTag, mediaIndex}) => ({
			name: `key ${fingerprint}`,
			isMessage: false,
			party: `${party} ${saltTag} ${mediaIndex}`,
		})),
	];
}
