import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {freePort} from '#dist/cli/conformance/attacks/shared-stores.js';

/** Debian package redis-server. */
export const isRedisInstalled = spawnSync('redis-server', ['--version']).status === 0;

/** A store of a test's own, with its data in a folder of its own. */
export class RedisServer {
	readonly url: string;
	readonly #port: number;
	readonly #folder: string;
	readonly #settings: readonly string[];
	#process: ReturnType<typeof spawn> | undefined;

	private constructor(port: number, folder: string, settings: readonly string[]) {
		this.#port = port;
		this.#folder = folder;
		this.#settings = settings;
		this.url = `redis://127.0.0.1:${port}`;
	}

	static async start(
		t: ExecutionContext,
		settings: readonly string[] = [
			'--appendonly',
			'yes',
			'--appendfsync',
			'always',
			'--maxmemory-policy',
			'noeviction',
		],
	): Promise<RedisServer> {
		const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'));
		const server = new RedisServer(await freePort(), folder, settings);
		t.teardown(async () => {
			await server.kill();
			rmSync(folder, {recursive: true, force: true});
		});
		await server.start();
		return server;
	}

	/** Starts it again on its data. */
	async start(): Promise<void> {
		const place = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
		this.#process = spawn('redis-server', [...place, ...this.#settings], {stdio: 'ignore'});
		for (
			let tries = 0;
			spawnSync('redis-cli', ['-p', String(this.#port), 'ping']).stdout?.toString() !== 'PONG\n';
			tries++
		) {
			if (tries > 200) {
				throw new Error('Expected redis-server to come up.');
			}

			await sleep(50);
		}
	}

	async kill(): Promise<void> {
		const running = this.#process;
		this.#process = undefined;
		if (running && running.exitCode === null && running.signalCode === null) {
			const ended = once(running, 'exit');
			running.kill('SIGCONT');
			running.kill('SIGKILL');
			await ended;
		}
	}

	get port(): number {
		return this.#port;
	}

	/** Stops answering, without going away. */
	pause(): void {
		this.#process?.kill('SIGSTOP');
	}

	resume(): void {
		this.#process?.kill('SIGCONT');
	}

	/** Runs a command. */
	command(...words: readonly string[]): string {
		return spawnSync('redis-cli', ['-p', String(this.#port), ...words], {encoding: 'utf8'}).stdout;
	}
}
