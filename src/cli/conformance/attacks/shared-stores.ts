import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {mkdir} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import {SallyportError} from '../../../base/error.js';

/** Three stores that keep one ledger for the gateways of a scenario: `redis-server` in processes of their own on 127.0.0.1. */
export class SharedStores {
	readonly #stores: readonly Store[];
	readonly #secret = randomBytes(32).toString('hex');

	private constructor(stores: readonly Store[]) {
		this.#stores = stores;
	}

	/** True where the program `redis-server` is installed, and `setpriv` of util-linux. */
	static get isInstalled(): boolean {
		return ['redis-server', 'setpriv'].every((program) => spawnSync(program, ['--version']).status === 0);
	}

	/**
	 * Starts them, empty. Rejects with `VECTOR_STORE_FAILED` where one does not come up; then none stays behind.
	 * @param folder Where their data go; the caller's to remove.
	 */
	static async open(folder: string): Promise<SharedStores> {
		const starts = await Promise.allSettled(
			Array.from({length: storeCount}, (_, index) => startStore(join(folder, `store-${index + 1}`))),
		);
		const stores = new SharedStores(starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])));
		const failure = starts.find((start) => start.status === 'rejected');
		if (failure !== undefined) {
			await stores.close();
			throw failure.reason;
		}

		return stores;
	}

	/** What `ledger.redis` says in the toolbox configuration of each gateway. */
	get configuration(): {readonly nodes: readonly string[]; readonly secret: string} {
		return {nodes: this.#stores.map(({port}) => `redis://127.0.0.1:${port}`), secret: this.#secret};
	}

	/** Ends them at once. */
	async close(): Promise<void> {
		await Promise.all(this.#stores.map(({process}) => end(process)));
	}
}

type Store = {readonly process: ChildProcess; readonly port: number};

/** A port that was free may be another's by now: then there is a next one. */
async function startStore(folder: string): Promise<Store> {
	await mkdir(folder, {mode: 0o700});
	for (let tries = 0; tries < 5; tries++) {
		const port = await freePort();
		// Whatever ends this process, the store ends with it.
		const tied = ['--pdeathsig', 'KILL', 'redis-server', ...argumentsOf(port, folder)];
		const started = spawn('setpriv', tied, {stdio: ['ignore', 'pipe', 'ignore']});
		if (await isReady(started)) {
			return {process: started, port};
		}

		await end(started);
	}

	throw new SallyportError('VECTOR_STORE_FAILED', 'Expected redis-server to come up on 127.0.0.1, but it did not.');
}

/** It says so itself: whatever else answers on the port is not taken for it. */
async function isReady(started: ChildProcess): Promise<boolean> {
	const {stdout} = started;
	if (stdout === null) {
		return false;
	}

	return new Promise((resolve) => {
		// The rest of what it says is read and dropped, so that the pipe never fills up.
		createInterface({input: stdout}).on('line', (line) => {
			if (line.includes('Ready to accept connections')) {
				resolve(true);
			}
		});
		started.once('exit', () => resolve(false));
		started.once('error', () => resolve(false));
		void delay(startTimeoutMs, undefined, {ref: false}).then(() => resolve(false));
	});
}

async function end(store: ChildProcess): Promise<void> {
	if (store.pid === undefined || store.exitCode !== null || store.signalCode !== null) {
		return;
	}

	const ended = once(store, 'exit');
	store.kill('SIGKILL');
	await ended;
}

/** As docs/configuration.md demands of a store. */
function argumentsOf(port: number, folder: string): readonly string[] {
	const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
	return [...place, '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];
}

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	const closed = once(server, 'close');
	server.close();
	await closed;
	return typeof address === 'object' && address !== null ? address.port : 0;
}

/** With three a majority is there while one is away. */
const storeCount = 3;
const startTimeoutMs = 15_000;
