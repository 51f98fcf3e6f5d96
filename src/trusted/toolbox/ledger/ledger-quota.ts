import type {Claim} from './ledger-rules.js';

/**
 * Who answers for the room that records take. `user`: one address of record. `trunk`: a peer that speaks for many. The
 * rest share one account each: whoever costs nothing to invent (`unproven`: nothing was signed; `first-use`: the
 * certificate was trusted because it was the first) must not fill the ledger under many names.
 */
export type SignerClass = 'user' | 'trunk' | 'unproven' | 'first-use' | 'self';

export type QuotaLimits = {
	readonly recordsPerSigner: number;
	readonly recordsPerTrunk: number;
	/** For all that is unproven together, and again for all that is trusted on first use. */
	readonly recordsUnproven: number;
	/** Altogether. Our own keys have no other bound. */
	readonly records: number;
};

type Claimant = Pick<Claim, 'maker' | 'signer' | 'signerClass'>;

/** The account that a claim's records count against. */
export function accountOf(claim: Claimant): string {
	const kind = classOf(claim);
	return kind === 'user' || kind === 'trunk' ? `${kind} ${claim.signer}` : kind;
}

/** How many records the account of a claim may hold. */
export function quotaOf(claim: Claimant, limits: QuotaLimits): number {
	switch (classOf(claim)) {
		case 'user':
			return limits.recordsPerSigner;
		case 'trunk':
			return limits.recordsPerTrunk;
		case 'unproven':
		case 'first-use':
			return limits.recordsUnproven;
		case 'self':
			return limits.records;
	}
}

function classOf({maker, signer, signerClass}: Claimant): SignerClass {
	if (maker === 'self') {
		return 'self';
	}

	return signerClass ?? (signer === '' ? 'unproven' : 'user');
}
