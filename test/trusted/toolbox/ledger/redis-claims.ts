import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import {RedisLedgerStore, type RedisStoreOptions} from '#dist/trusted/toolbox/ledger/redis-ledger-store.js';
import {claimOf, limits, startMs} from './claiming-process.js';
import {RedisServer} from './redis-servers.js';

/** Limits of a ledger that several nodes write to. */
export const shared = {...limits, leaseMs: 180_000};

export async function openStore(
	t: ExecutionContext,
	stores: readonly (RedisServer | RedisStoreOptions['nodes'][number])[],
	more: Partial<RedisStoreOptions> = {},
): Promise<RedisLedgerStore> {
	const nodes = stores.map((store) => (store instanceof RedisServer ? store.url : store));
	const secret = new Uint8Array(32).fill(7);
	const store = await RedisLedgerStore.open({nodes, secret, messageRetentionMs: 360_000, ...more});
	t.teardown(() => store.close());
	return store;
}

export async function openOn(...about: Parameters<typeof openStore>): Promise<Ledger> {
	return new Ledger(await openStore(...about), shared);
}

export async function codeOf(ledger: Ledger, body: number, dialog?: string): Promise<string> {
	const result = await ledger.claim(claimOf(ledger.epoch, body, dialog), startMs);
	return result.ok ? 'granted' : result.failure.code;
}

/** As `codeOf`, and asks again for as long as the ledger is away. */
export async function eventually(ledger: Ledger, body: number, dialog?: string): Promise<string> {
	for (let tries = 0; tries < 300; tries++) {
		const code = await codeOf(ledger, body, dialog);
		if (code !== 'LEDGER_UNAVAILABLE') {
			return code;
		}

		await ledger.health();
		await sleep(100);
	}

	return 'LEDGER_UNAVAILABLE';
}
