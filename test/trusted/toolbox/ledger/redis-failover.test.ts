import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {freePort} from '#dist/cli/conformance/attacks/shared-stores.js';
import type {Ledger} from '#dist/trusted/toolbox/ledger/ledger.js';
import {serialWhere} from '../../../support/test-where.js';
import {codeOf, eventually, openOn} from './redis-claims.js';
import {isRedisInstalled, RedisServer} from './redis-servers.js';

const withRedis = serialWhere(isRedisInstalled);

/** Claims bodies from `first` on, eight at a time, until told to stop; how each was answered. */
function claimOn(ledger: Ledger, first: number): {readonly stop: () => Promise<ReadonlyMap<number, string>>} {
	const answers = new Map<number, string>();
	let isStopped = false;
	let next = first;
	const work = async () => {
		while (!isStopped) {
			const body = next++;
			answers.set(body, await codeOf(ledger, body));
			// Where no store is there it is answered at once, and others want their turn.
			await sleep(1);
		}
	};
	const all = Promise.all(Array.from({length: 8}, work));
	return {
		stop: async () => {
			isStopped = true;
			await all;
			return answers;
		},
	};
}

withRedis('a store that dies in mid-claim loses nothing that was granted, whichever of three it is', async (t) => {
	const servers = await Promise.all([RedisServer.start(t), RedisServer.start(t), RedisServer.start(t)]);
	const [one, two] = [await openOn(t, servers), await openOn(t, servers)];
	t.deepEqual((await one.health()).complaints, []);
	const granted: number[] = [];
	for (const [index, server] of servers.entries()) {
		const claiming = claimOn(one, 10_000 * (index + 1));
		await sleep(100);
		await server.kill();
		await sleep(100);
		const answers = [...(await claiming.stop())];
		granted.push(...answers.filter(([, code]) => code === 'granted').map(([body]) => body));
		t.deepEqual(
			answers.filter(([, code]) => !['granted', 'LEDGER_UNAVAILABLE'].includes(code)),
			[],
		);
		await server.start();
		// Both have it back before the next one goes.
		for (const ledger of [one, two]) {
			for (let tries = 0; (await ledger.health()).complaints.length > 0 && tries < 300; tries++) {
				await sleep(100);
			}
		}
	}

	t.true(granted.length > 10, `${granted.length} granted`);
	const kept = await Promise.all(granted.map((body) => eventually(two, body, 'another')));
	t.deepEqual(
		kept.filter((code) => code !== 'REPLAYED'),
		[],
	);
	t.log(`${granted.length} granted`);
});

/** One Sentinel is enough to promote a replica where a quorum of one is asked for. */
async function startSentinel(t: ExecutionContext, master: RedisServer): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), 'sallyport-sentinel-'));
	const port = await freePort();
	const file = join(folder, 'sentinel.conf');
	writeFileSync(
		file,
		[
			`port ${port}`,
			'bind 127.0.0.1',
			`dir ${folder}`,
			`sentinel monitor ledger 127.0.0.1 ${master.port} 1`,
			'sentinel down-after-milliseconds ledger 1000',
			'sentinel failover-timeout ledger 3000',
			'',
		].join('\n'),
	);
	const sentinel = spawn('redis-server', [file, '--sentinel'], {stdio: 'ignore'});
	const ended = once(sentinel, 'exit');
	t.teardown(async () => {
		sentinel.kill('SIGKILL');
		await ended;
		rmSync(folder, {recursive: true, force: true});
	});
	return port;
}

withRedis(
	'a set behind Sentinels is taken with a warning, fails over in mid-claim and grants nothing meanwhile',
	async (t) => {
		const master = await RedisServer.start(t);
		const replica = await RedisServer.start(t);
		replica.command('REPLICAOF', '127.0.0.1', String(master.port));
		const until = async (what: string, isSo: () => boolean) => {
			for (let tries = 0; !isSo(); tries++) {
				if (tries > 300) {
					throw new Error(`Expected ${what}.`);
				}

				await sleep(100);
			}
		};
		await until('a replica that follows', () =>
			replica.command('INFO', 'replication').includes('master_link_status:up'),
		);
		const port = await startSentinel(t, master);
		const ask = (...words: readonly string[]) =>
			spawnSync('redis-cli', ['-p', String(port), 'SENTINEL', ...words], {encoding: 'utf8'}).stdout;
		await until('a Sentinel that knows the replica', () => ask('replicas', 'ledger').includes(String(replica.port)));

		const ledger = await openOn(t, [{sentinels: [{host: '127.0.0.1', port}], name: 'ledger'}]);
		const [complaint] = (await ledger.health()).complaints;
		t.is(complaint?.reason, 'LEDGER_LOSS_WINDOW');
		t.regex(complaint?.detail ?? '', /behind Sentinels.*replication lag.*replayed/);
		t.is(await codeOf(ledger, 1), 'granted');
		await until('a replica that has the claim', () => replica.command('DBSIZE') === master.command('DBSIZE'));

		const claiming = claimOn(ledger, 1000);
		await sleep(200);
		await master.kill();
		t.is(await codeOf(ledger, 2), 'LEDGER_UNAVAILABLE', 'nothing is granted that is written nowhere');
		t.is(await eventually(ledger, 3), 'granted', 'the replica has been promoted');
		const answers = [...(await claiming.stop()).values()];
		t.true(answers.includes('granted'));
		t.deepEqual(
			answers.filter((code) => !['granted', 'LEDGER_UNAVAILABLE'].includes(code)),
			[],
		);
		t.is(await eventually(ledger, 1, 'another'), 'REPLAYED', 'what was replicated is known');
	},
);
