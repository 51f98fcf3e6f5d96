import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ToolboxOptions} from '../policy/toolbox-options.js';
import {writeDurably} from './durable-file.js';
import {ledgerLimits} from './ledger-limits.js';
import type {LedgerStore} from './ledger-store.js';
import {LmdbLedgerStore} from './lmdb-ledger-store.js';
import {RedisLedgerStore} from './redis-ledger-store.js';

/** True where there may be something to forget: a ledger of an earlier start, or one that others have filled. */
export function hadLedger({directory, ledger}: ToolboxOptions): boolean {
	return ledger?.redis !== undefined || existsSync(join(directory, 'ledger.sentinel'));
}

/** Opens the ledger's store that options ask for. Rejects as the stores do. */
export async function openLedgerStore(options: ToolboxOptions, nowMs: number): Promise<LedgerStore> {
	const {directory, ledger} = options;
	if (!ledger?.redis) {
		return LmdbLedgerStore.open(directory, {nowMs});
	}

	const {nodes, secret, prefix} = ledger.redis;
	const path = join(directory, 'ledger.epoch');
	const formerEpoch = existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : Number.NaN;
	const store = await RedisLedgerStore.open({
		nodes,
		secret: Uint8Array.from(Buffer.from(secret, 'hex')),
		messageRetentionMs: ledgerLimits(options, true).messageRetentionMs,
		...(Number.isSafeInteger(formerEpoch) && {formerEpoch}),
		...(prefix !== undefined && {prefix}),
	});
	writeDurably(path, Buffer.from(`${store.epoch}\n`));
	return store;
}
