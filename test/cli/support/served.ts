import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import type {ExecutionContext} from 'ava';
import {type DemoWorld, makeWorld, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';

export type Event = {readonly event: string; readonly [figure: string]: unknown};

/** `sallyport serve` and what it says. */
export class Served {
	readonly child: ChildProcess;
	readonly exited: Promise<number | string>;
	readonly lines: string[] = [];
	stderr = '';
	readonly #waiting = new Set<() => void>();

	/** `prefix`: a program that becomes the gateway, and its arguments. */
	constructor(
		t: ExecutionContext,
		configuration: string,
		more: readonly string[] = [],
		prefix: readonly string[] = [],
	) {
		const serve = [process.execPath, resolve('dist/cli/main.js'), 'serve', '--config', configuration, ...more];
		const [program = '', ...parameters] = [...prefix, ...serve];
		this.child = spawn(program, parameters, {stdio: ['ignore', 'pipe', 'pipe']});
		const {stdout, stderr} = this.child;
		if (stdout && stderr) {
			createInterface({input: stdout}).on('line', (line) => {
				this.lines.push(line);
				this.#wake();
			});
			stderr.on('data', (data) => {
				this.stderr += String(data);
			});
		}

		this.exited = once(this.child, 'close').then(([code, signal]) => {
			this.#wake();
			return (code ?? signal) as number | string;
		});
		t.teardown(async () => {
			this.child.kill('SIGKILL');
			await this.exited;
		});
	}

	get events(): readonly Event[] {
		return this.lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Event] : []));
	}

	async event(name: string): Promise<Event> {
		for (;;) {
			const found = this.events.find(({event}) => event === name);
			if (found) {
				return found;
			}

			if (this.child.exitCode !== null) {
				throw new Error(`Expected ${name}, got the end (${this.child.exitCode}): ${this.stderr}`);
			}

			await new Promise<void>((wake) => this.#waiting.add(wake));
		}
	}

	#wake(): void {
		for (const wake of this.#waiting) {
			wake();
		}

		this.#waiting.clear();
	}
}

export type Scene = {
	readonly folder: string;
	readonly world: DemoWorld;
	readonly configuration: string;
	/** The configuration with a change to its text, in another file beside it. */
	readonly changed: (change: (yaml: string) => string) => Promise<string>;
};

/** The demonstration's world in a folder of its own, and the gateway's configuration. */
export async function openScene(t: ExecutionContext, alicePort = 5099): Promise<Scene> {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-serve-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const world = await makeWorld(folder, join(folder, 'output'));
	const configuration = await writeGatewayConfiguration(world, alicePort);
	return {
		folder,
		world,
		configuration,
		changed: async (change) => {
			const path = join(folder, 'changed.yaml');
			await writeFile(path, change(await readFile(configuration, 'utf8')));
			return path;
		},
	};
}

/** Asks an admin socket. */
export function ask(socketPath: string, path: string, method = 'GET'): Promise<{status: number; body: unknown}> {
	return new Promise((settle, reject) => {
		const asking = request({socketPath, path, method}, async (response) => {
			const chunks: Buffer[] = [];
			for await (const chunk of response) {
				chunks.push(chunk as Buffer);
			}

			settle({status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString())});
		});
		asking.once('error', reject);
		asking.end();
	});
}
