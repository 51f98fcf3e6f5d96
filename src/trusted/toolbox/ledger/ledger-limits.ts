import type {ToolboxOptions} from '../policy/toolbox-options.js';
import type {LedgerLimits} from './ledger-rules.js';

/** The limits that options ask for. Messages are kept for as long as they may be fresh on a node whose clock is behind. */
export function ledgerLimits({freshness, ledger = {}}: ToolboxOptions, isShared: boolean): LedgerLimits {
	const {maxAgeSeconds = 300, maxFutureSeconds = 60} = freshness ?? {};
	return {
		messageRetentionMs: 1000 * (maxAgeSeconds + maxFutureSeconds),
		peerKeyRetentionMs: 86_400_000 * (ledger.peerKeyRetentionDays ?? 730),
		ownKeyRetentionMs: 3_600_000 * (ledger.ownKeyRetentionHours ?? 24),
		recordsPerSigner: ledger.recordsPerSigner ?? 1_000_000,
		recordsPerTrunk: ledger.recordsPerTrunk ?? 500_000_000,
		recordsUnproven: ledger.recordsUnproven ?? 100_000_000,
		records: ledger.records ?? 1_000_000_000,
		takeovers: 3,
		leaseMs: isShared ? 180_000 : 0,
	};
}
