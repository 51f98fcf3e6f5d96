import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {request} from 'node:http';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {invariant, SallyportError} from '../../base/error.js';
import type {PhoneCommand, PhoneEvent, PhoneSetup} from './phone-messages.js';

/** What a child said, waited for by kind. */
class Inbox<Item> {
	readonly #items: Item[] = [];
	readonly #waiting = new Set<() => void>();
	#end: string | undefined;

	put(item: Item): void {
		this.#items.push(item);
		this.#wake();
	}

	/** Nothing more will come, for this reason. */
	close(reason: string): void {
		this.#end ??= reason;
		this.#wake();
	}

	all(): readonly Item[] {
		return this.#items;
	}

	/** Takes out what fits and is there. */
	takeAll(fits: (item: Item) => boolean): readonly Item[] {
		const found = this.#items.filter(fits);
		const others = this.#items.filter((item) => !fits(item));
		this.#items.splice(0, this.#items.length, ...others);
		return found;
	}

	/** Takes out the first item that fits; rejects with `DEMO_CHILD_SILENT` where none comes in time. */
	async take<Wanted extends Item>(
		fits: (item: Item) => item is Wanted,
		what: string,
		timeoutMs = 15_000,
	): Promise<Wanted> {
		const deadline = performance.now() + timeoutMs;
		for (;;) {
			const index = this.#items.findIndex(fits);
			const [item] = index === -1 ? [] : this.#items.splice(index, 1);
			if (item !== undefined) {
				return item as Wanted;
			}

			const leftMs = deadline - performance.now();
			if (leftMs <= 0 || this.#end !== undefined) {
				throw new SallyportError('DEMO_CHILD_SILENT', `Expected ${what}, got ${this.#end ?? 'nothing in time'}.`);
			}

			await this.#next(leftMs);
		}
	}

	async #next(timeoutMs: number): Promise<void> {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(done, timeoutMs);
			const waiting = this.#waiting;
			function done(): void {
				clearTimeout(timer);
				waiting.delete(done);
				resolve();
			}

			waiting.add(done);
		});
	}

	#wake(): void {
		for (const wake of [...this.#waiting]) {
			wake();
		}
	}
}

/** A telephone in a process of its own. */
export class PhoneChild {
	/** Of SIP over TCP. */
	readonly port: number;
	/** Of RTP; RTCP has the next one. */
	readonly mediaPort: number;
	readonly #child: ChildProcess;
	readonly #inbox: Inbox<PhoneEvent>;

	private constructor(
		child: ChildProcess,
		inbox: Inbox<PhoneEvent>,
		{port, mediaPort}: {readonly port: number; readonly mediaPort: number},
	) {
		this.#child = child;
		this.#inbox = inbox;
		this.port = port;
		this.mediaPort = mediaPort;
	}

	static async start(setup: PhoneSetup): Promise<PhoneChild> {
		const child = fork(fileURLToPath(new URL('phone-process.js', import.meta.url)), [], {
			stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
			serialization: 'advanced',
		});
		const inbox = new Inbox<PhoneEvent>();
		child.on('message', (event) => inbox.put(event as PhoneEvent));
		child.once('exit', (code, signal) => inbox.close(`the end of ${setup.name}'s phone (${code ?? signal})`));
		child.send({kind: 'setup', setup} satisfies PhoneCommand);
		try {
			return new PhoneChild(child, inbox, await expectEvent(inbox, 'ready'));
		} catch (error) {
			child.kill('SIGKILL');
			throw error;
		}
	}

	send(command: PhoneCommand): void {
		this.#child.send(command);
	}

	/** The next event of this kind; `failed` ends the wait. */
	next<Kind extends PhoneEvent['kind']>(kind: Kind, timeoutMs?: number): Promise<Extract<PhoneEvent, {kind: Kind}>> {
		return expectEvent(this.#inbox, kind, timeoutMs);
	}

	/** True where the phone has said such a thing and nobody has taken it. */
	has(kind: PhoneEvent['kind']): boolean {
		return this.#inbox.all().some((event) => event.kind === kind);
	}

	/** What went wrong in it, as far as nobody has heard of it yet. */
	failures(): string[] {
		return this.#inbox.all().flatMap((event) => (event.kind === 'failed' ? [event.message] : []));
	}

	async stop(): Promise<void> {
		await stopChild(this.#child, () => this.send({kind: 'quit'}));
	}
}

/** An event of the gateway's log. */
export type GatewayEvent = {readonly event: string; readonly [figure: string]: unknown};

/** `sallyport serve` in a process of its own. */
export class GatewayChild {
	readonly #child: ChildProcess;
	readonly #inbox: Inbox<GatewayEvent>;
	readonly #adminSocket: string;
	/** Of SIP over TCP, and over UDP; 0 where it does not listen so. */
	readonly port: number;
	readonly udpPort: number;

	private constructor(
		child: ChildProcess,
		inbox: Inbox<GatewayEvent>,
		adminSocket: string,
		ports: {readonly tcp: number; readonly udp: number},
	) {
		this.#child = child;
		this.#inbox = inbox;
		this.#adminSocket = adminSocket;
		this.port = ports.tcp;
		this.udpPort = ports.udp;
	}

	/** @param more Arguments of `serve` besides. */
	static async start(configuration: string, more: readonly string[] = []): Promise<GatewayChild> {
		const main = fileURLToPath(new URL('../main.js', import.meta.url));
		// The channel is for its end alone: the gateway does not outlive this process.
		const child = fork(main, ['serve', '--json', '--config', configuration, ...more], {
			stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
		});
		const inbox = new Inbox<GatewayEvent>();
		const {stdout} = child;
		invariant(stdout, 'the gateway has a pipe for its events');
		createInterface({input: stdout}).on('line', (line) => inbox.put(JSON.parse(line) as GatewayEvent));
		child.once('exit', (code, signal) => inbox.close(`the end of the gateway (${code ?? signal})`));
		try {
			const listening = await inbox.take(
				(item): item is GatewayEvent => item.event === 'listening',
				'a gateway that listens',
				startTimeoutMs,
			);
			const portOf = (transport: string) => {
				const found = (listening['sip'] as readonly string[]).find((address) => address.startsWith(`${transport}:`));
				return Number(found?.split(':').at(-1) ?? 0);
			};
			const ports = {tcp: portOf('tcp'), udp: portOf('udp')};
			return new GatewayChild(child, inbox, String(listening['adminSocket']), ports);
		} catch (error) {
			child.kill('SIGKILL');
			throw error;
		}
	}

	next(event: string, timeoutMs?: number): Promise<GatewayEvent> {
		return this.#inbox.take(
			(item): item is GatewayEvent => item.event === event,
			`the event ${event} of the gateway`,
			timeoutMs,
		);
	}

	has(event: string): boolean {
		return this.#inbox.all().some((item) => item.event === event);
	}

	/** Takes out the events of these names that have come. */
	taken(...names: readonly string[]): readonly GatewayEvent[] {
		return this.#inbox.takeAll(({event}) => names.includes(event));
	}

	/** Asks the admin socket. */
	async ask<Answer>(path: string): Promise<Answer> {
		const asking = request({socketPath: this.#adminSocket, path: `/${path}`});
		asking.end();
		const [response] = (await once(asking, 'response')) as [AsyncIterable<Buffer>];
		const chunks: Buffer[] = [];
		for await (const chunk of response) {
			chunks.push(chunk);
		}

		return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer;
	}

	/** `kill -9`: it learns nothing of it. */
	async kill(): Promise<void> {
		await stopChild(this.#child, () => this.#child.kill('SIGKILL'));
	}

	async stop(): Promise<void> {
		await stopChild(this.#child, () => this.#child.kill('SIGTERM'));
	}
}

async function stopChild(child: ChildProcess, ask: () => void): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) {
		return;
	}

	const exited = once(child, 'exit');
	const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
	try {
		ask();
	} catch {
		child.kill('SIGKILL');
	}

	await exited;
	clearTimeout(timer);
}

async function expectEvent<Kind extends PhoneEvent['kind']>(
	inbox: Inbox<PhoneEvent>,
	kind: Kind,
	timeoutMs?: number,
): Promise<Extract<PhoneEvent, {kind: Kind}>> {
	type Wanted = Extract<PhoneEvent, {kind: Kind | 'failed'}>;
	const event = await inbox.take(
		(item): item is Wanted => item.kind === kind || item.kind === 'failed',
		`a phone that says ${kind}`,
		timeoutMs,
	);
	if (event.kind === 'failed') {
		throw new SallyportError(
			'DEMO_CHILD_FAILED',
			`Expected a phone that says ${kind}, got: ${(event as {message: string}).message}`,
		);
	}

	return event as Extract<PhoneEvent, {kind: Kind}>;
}

/** One that ends is told of at once; one that is slow, among many processes on few cores, is waited for. */
const startTimeoutMs = 60_000;
