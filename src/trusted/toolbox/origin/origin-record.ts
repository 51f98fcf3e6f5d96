/**
 * How an address became known for an identity: where a message came from, what a signed Contact or `c=` says, where
 * authenticated SRTP came from, a registration, or the operator's word.
 */
export type OriginEvidence = 'transport' | 'contact' | 'media' | 'registration' | 'operator';

/** An address from which an identity has authenticated. */
export type OriginRecord = {
	readonly address: string;
	readonly evidence: OriginEvidence;
	/** Wall clock, milliseconds. */
	readonly firstMs: number;
	readonly lastMs: number;
	/** How often it was seen. */
	readonly count: number;
};

/** One address that a message gives evidence of. */
export type Sighting = {readonly address: string; readonly evidence: OriginEvidence};

/** Where the records lie. Keys are at most 500 characters. What was put may be read only after a while. */
export type OriginStore = {
	readonly get: (identity: string) => readonly OriginRecord[] | undefined;
	readonly put: (identity: string, records: readonly OriginRecord[]) => unknown;
	readonly remove: (identity: string) => unknown;
	readonly getRange: (options: {readonly start?: string; readonly limit: number}) => Iterable<{
		readonly key: string;
		readonly value: readonly OriginRecord[];
	}>;
	readonly getCount: () => number;
};

/**
 * The records with a sighting added. Where there are more than `limit` the one that was seen longest ago makes room, but
 * none that the operator has entered.
 */
export function withSighting(
	records: readonly OriginRecord[],
	{address, evidence}: Sighting,
	nowMs: number,
	limit: number,
): readonly OriginRecord[] {
	const known = records.find((record) => record.address === address);
	const others = records.filter((record) => record.address !== address);
	const latest: OriginRecord = {
		address,
		evidence: strongerOf(known?.evidence ?? evidence, evidence),
		firstMs: known?.firstMs ?? nowMs,
		lastMs: Math.max(nowMs, known?.lastMs ?? nowMs),
		count: (known?.count ?? 0) + 1,
	};
	const kept = [...others, latest];
	while (kept.length > limit) {
		const oldest = kept.findIndex(({evidence: how}) => how !== 'operator');
		if (oldest === -1) {
			break;
		}

		kept.splice(oldest, 1);
	}

	return kept;
}

/** Media alone proves nothing about where signalling comes from, and the operator's word is never outdone. */
function strongerOf(known: OriginEvidence, seen: OriginEvidence): OriginEvidence {
	if (known === 'operator' || seen === 'media') {
		return known;
	}

	return known === 'media' || seen === 'operator' ? seen : known;
}
