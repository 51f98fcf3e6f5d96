import {accountOf, type QuotaLimits, quotaOf, type SignerClass} from './ledger-quota.js';
import {type LedgerDialog, type LedgerHolder, type LedgerRecord, ledgerKey} from './ledger-record.js';
import type {LedgerDecision, LedgerView} from './ledger-store.js';

/** Why a claim was not granted. */
export type ClaimFailure =
	/** This signed content was accepted before. */
	| 'REPLAYED'
	/** This key, or this key with another salt, was seen before. */
	| 'KEY_REUSED'
	/** The body is being dealt with in another call or on another node: RFC 3261 §8.2.2.2, no attack. */
	| 'MERGED'
	/** Signed at or before a time from which the ledger has forgotten. */
	| 'FORGOTTEN'
	/** Reserved and abandoned too often. */
	| 'TAKEN_OVER_TOO_OFTEN'
	/** The signer, or the whole ledger, holds as many records as it may. */
	| 'QUOTA';

export type KeyClaim = {readonly fingerprint: string; readonly saltTag: string; readonly mediaIndex: number};

/** All that one body claims: granted whole or not at all. */
export type Claim = {
	readonly dialog: LedgerDialog;
	readonly holder: LedgerHolder;
	readonly signer: string;
	/** Which quota the records count against. @default of our own keys 'self', with a signer 'user', else 'unproven' */
	readonly signerClass?: SignerClass;
	readonly maker: 'peer' | 'self';
	/** Absent where nothing was signed. */
	readonly message?: {
		readonly fingerprint: string;
		readonly signedAtMs: number;
		readonly sequence: number;
		/** An answer may come again with the same content in the same exchange (183, then 200). */
		readonly isAnswer: boolean;
	};
	readonly keys: readonly KeyClaim[];
};

export type LedgerLimits = QuotaLimits & {
	readonly messageRetentionMs: number;
	readonly peerKeyRetentionMs: number;
	readonly ownKeyRetentionMs: number;
	readonly takeovers: number;
	/** Time for which a reservation of another node counts as held; 0 where this node is the only one. */
	readonly leaseMs: number;
	/** This node's own mark: what was signed at or before it is unknown here. @default 0 */
	readonly staleBeforeMs?: number;
	/** Epoch of this node's life before this one: its reservations are nobody's, whatever the lease. */
	readonly formerEpoch?: number | undefined;
};

export type ClaimOutcome = {readonly granted: true} | {readonly granted: false; readonly failure: ClaimFailure};

/** Decides a claim (PROTOCOL §1.5). No IO, no clock. */
export function decideClaim(
	claim: Claim,
	view: LedgerView,
	limits: LedgerLimits,
	nowMs: number,
): LedgerDecision<ClaimOutcome> {
	const {message} = claim;
	if (message && message.signedAtMs <= Math.max(view.forgottenBeforeMs, limits.staleBeforeMs ?? 0)) {
		return refuse('FORGOTTEN');
	}

	const writes = new Map<string, LedgerRecord>();
	let created = 0;
	for (const wanted of recordsOf(claim, limits, nowMs)) {
		const key = ledgerKey(wanted.kind, wanted.fingerprint);
		if (writes.has(key)) {
			return refuse('KEY_REUSED');
		}

		const present = view.get(key);
		const verdict = present ? judge(present, wanted, claim, limits, nowMs) : wanted;
		if (typeof verdict === 'string') {
			return refuse(verdict);
		}

		created += present ? 0 : 1;
		writes.set(key, verdict);
	}

	const isOverQuota =
		created > 0 &&
		(view.countOf(accountOf(claim)) + created > quotaOf(claim, limits) || view.total + created > limits.records);
	return isOverQuota ? refuse('QUOTA') : {outcome: {granted: true}, writes};
}

export type InstallRequest = {
	readonly holder: LedgerHolder;
	readonly key: string;
	/** The message that brought the key; absent where nothing was signed. */
	readonly message: string | undefined;
	/** Fingerprints of keys that the new one replaces. */
	readonly replaces: readonly string[];
};

/** Turns a reservation into an installation if this holder still has it (compare and swap). */
export function decideInstall(request: InstallRequest, view: LedgerView): LedgerDecision<boolean> {
	const writes = new Map<string, LedgerRecord>();
	const names = [
		ledgerKey('key', request.key),
		...(request.message === undefined ? [] : [ledgerKey('message', request.message)]),
	];
	for (const [index, name] of names.entries()) {
		const record = view.get(name);
		if (!record && index > 0) {
			// The call rang for so long that its message has run out; the mark stands in for it.
			continue;
		}

		const isOurs = record !== undefined && isSameHolder(record, request.holder) && record.isHeld;
		if (!isOurs || record.state === 'retired') {
			return {outcome: false, writes: new Map()};
		}

		writes.set(name, {...record, state: 'installed'});
	}

	for (const fingerprint of request.replaces) {
		const name = ledgerKey('key', fingerprint);
		const record = view.get(name);
		if (record && isSameHolder(record, request.holder)) {
			writes.set(name, {...record, state: 'retired'});
		}
	}

	return {outcome: true, writes};
}

/** Ends what a call holds: what was installed is retired, what was only reserved may be taken over. */
export function decideEnd(
	keys: readonly string[],
	epoch: number,
	call: string,
	view: LedgerView,
): LedgerDecision<void> {
	const writes = new Map<string, LedgerRecord>();
	for (const key of keys) {
		const record = view.get(key);
		if (record && record.epoch === epoch && record.call === call && record.state !== 'retired') {
			const isReserved = record.state === 'reserved';
			writes.set(key, {...record, state: isReserved ? 'reserved' : 'retired', isHeld: false});
		}
	}

	return {outcome: undefined, writes};
}

/** Removes what has run out, and marks up to which signing time messages are now unknown. */
export function decideExpiry(
	records: readonly LedgerRecord[],
	nowMs: number,
	view: LedgerView,
): LedgerDecision<number> {
	const writes = new Map<string, null>();
	let forgottenBeforeMs = view.forgottenBeforeMs;
	for (const {kind, fingerprint} of records) {
		const key = ledgerKey(kind, fingerprint);
		const present = view.get(key);
		if (present && present.expiresAtMs <= nowMs) {
			writes.set(key, null);
			forgottenBeforeMs = Math.max(forgottenBeforeMs, present.signedAtMs);
		}
	}

	return {outcome: writes.size, writes, forgottenBeforeMs};
}

function recordsOf(claim: Claim, limits: LedgerLimits, nowMs: number): LedgerRecord[] {
	const {dialog, holder, signer, maker, message, keys} = claim;
	const account = accountOf(claim);
	const common = {...dialog, ...holder, signer, account, maker, isHeld: true, takeovers: 0, atMs: nowMs};
	const keyRetentionMs = maker === 'self' ? limits.ownKeyRetentionMs : limits.peerKeyRetentionMs;
	return [
		...(message
			? [
					{
						...common,
						kind: 'message' as const,
						fingerprint: message.fingerprint,
						// Without a key there is nothing to install: the message is used up at once.
						state: keys.length === 0 ? ('installed' as const) : ('reserved' as const),
						saltTag: '',
						mediaIndex: -1,
						signedAtMs: message.signedAtMs,
						sequence: message.sequence,
						expiresAtMs: Math.max(nowMs, message.signedAtMs) + limits.messageRetentionMs,
					},
				]
			: []),
		...keys.map((key) => ({
			...common,
			...key,
			kind: 'key' as const,
			state: 'reserved' as const,
			signedAtMs: 0,
			sequence: 0,
			expiresAtMs: nowMs + keyRetentionMs,
		})),
	];
}

/** What becomes of a record that is there already: a new one, or a refusal. */
function judge(
	present: LedgerRecord,
	wanted: LedgerRecord,
	claim: Claim,
	limits: LedgerLimits,
	nowMs: number,
): LedgerRecord | ClaimFailure {
	const used: ClaimFailure = present.kind === 'message' ? 'REPLAYED' : 'KEY_REUSED';
	const isOurs =
		present.maker === claim.maker &&
		present.callId === wanted.callId &&
		present.offererTag === wanted.offererTag &&
		present.signer === wanted.signer &&
		present.saltTag === wanted.saltTag &&
		present.mediaIndex === wanted.mediaIndex;
	if (!isOurs || claim.maker === 'self' || present.state === 'retired') {
		return used;
	}

	const isHeldByUs = isSameHolder(present, wanted);
	if (present.state === 'installed') {
		return isHeldByUs && isRepeatAllowed(present, claim) ? repeated(present, wanted) : used;
	}

	if (isHeldByUs && present.isHeld) {
		return repeated(present, wanted);
	}

	const isOtherNode = present.epoch !== wanted.epoch && present.epoch !== limits.formerEpoch;
	const isHeldElsewhere =
		present.isHeld && (present.epoch === wanted.epoch || (isOtherNode && nowMs < present.atMs + limits.leaseMs));
	if (isHeldElsewhere) {
		return 'MERGED';
	}

	return present.takeovers < limits.takeovers ? {...wanted, takeovers: present.takeovers + 1} : 'TAKEN_OVER_TOO_OFTEN';
}

/** What was signed anew is known for as long as if it were new; signing times only rise, so that the mark covers them all. */
function repeated(present: LedgerRecord, wanted: LedgerRecord): LedgerRecord {
	return {
		...present,
		signedAtMs: Math.max(present.signedAtMs, wanted.signedAtMs),
		sequence: wanted.sequence,
		expiresAtMs: Math.max(present.expiresAtMs, wanted.expiresAtMs),
	};
}

/**
 * Content that was accepted may come again within its dialog if it was signed anew: a session refresh repeats its offer as
 * it was (L3), an answer comes in 183 and in 200 (L15). Keys say for themselves whether they are still in force.
 */
function isRepeatAllowed(present: LedgerRecord, {message}: Claim): boolean {
	if (present.kind === 'key' || message === undefined) {
		return true;
	}

	return (
		message.signedAtMs > present.signedAtMs ||
		(message.isAnswer && message.signedAtMs === present.signedAtMs && message.sequence === present.sequence)
	);
}

function isSameHolder(a: LedgerHolder, b: LedgerHolder): boolean {
	return a.epoch === b.epoch && a.call === b.call && a.leg === b.leg;
}

function refuse(failure: ClaimFailure): LedgerDecision<ClaimOutcome> {
	return {outcome: {granted: false, failure}, writes: new Map()};
}
