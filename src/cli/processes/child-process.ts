import {type ChildProcess, spawn} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {SallyportError} from '../../base/error.js';
import {SocketLink} from '../../io/links/socket-link.js';
import {PrivateSender} from '../../trusted/media/processes/private-channel.js';
import {closeDescriptor, createSocketPair} from '../../trusted/media/processes/socket-pair.js';
import type {UserQuestion} from '../gateway-events.js';
import {type Confinement, confinedCommand, confinedEnvironment} from './confinement.js';
import {type FromProcess, parseFromProcess, type ToMediaProcess, type ToUserProcess} from './control-messages.js';

type Ready = FromProcess & {readonly kind: 'ready'};

export type DomainProcessOptions = {
	readonly role: 'media' | 'user';
	readonly confinement: Omit<Confinement, 'closeFrom'>;
	readonly onEvent?: (event: string, figures: Readonly<Record<string, unknown>>) => void;
	readonly onAlertPosted?: (sequence: number) => void;
	/** It said what no process of ours can have said; it is killed then. */
	readonly onBreach: (what: string) => void;
};

/**
 * One of the two processes that the toolbox process starts, confined by the launcher. Three sockets are inherited: requests
 * (3), control (4), and the private channel (5), over which keys and descriptors go to it natively.
 */
export class DomainProcess {
	readonly role: 'media' | 'user';
	/** Requests of this process; to be served. */
	readonly requests: SocketLink;
	readonly keys: PrivateSender;
	/** How it ended: exit code or signal. */
	readonly exited: Promise<number | string>;
	readonly #child: ChildProcess;
	readonly #control: SocketLink;
	readonly #onBreach: (what: string) => void;
	readonly #ready: Promise<Ready>;
	readonly #questions = new Map<number, (body: unknown) => void>();
	#lastQuestion = 0;

	private constructor(
		{role, onEvent, onAlertPosted, onBreach}: DomainProcessOptions,
		child: ChildProcess,
		ends: readonly number[],
	) {
		const [requests = -1, control = -1, keys = -1] = ends;
		this.role = role;
		this.#child = child;
		this.#onBreach = onBreach;
		this.requests = new SocketLink(requests);
		this.#control = new SocketLink(control, {maxFrameOctets: maxReportOctets});
		this.keys = new PrivateSender(keys);
		for (const link of [this.requests, this.#control]) {
			link.on('breach', (breach) => this.breach(breach));
		}

		this.exited = new Promise((resolve) => {
			child.once('error', (error) => resolve(error.message));
			child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
		});
		this.#ready = new Promise((resolve, reject) => {
			this.#control.on('message', (message) => {
				const said = parseFromProcess(message);
				switch (said?.kind) {
					case 'ready':
						resolve(said);
						break;
					case 'failed':
						reject(new SallyportError(said.code, said.message));
						break;
					case 'event':
						onEvent?.(said.event, said.figures);
						break;
					case 'answer':
						this.#questions.get(said.id)?.(said.body);
						break;
					case 'alert-posted':
						onAlertPosted?.(said.sequence);
						break;
					case 'breach':
						onBreach(`${said.link.toUpperCase()}_LINK`);
						break;
					case undefined:
						this.breach('BAD_REPORT');
				}
			});
			void this.exited.then((how) =>
				reject(new SallyportError('PROCESS_FAILED', `Expected the ${role} process to start, got its end (${how}).`)),
			);
		});
		// Somebody waits for it, or nobody needs it any more.
		this.#ready.catch(() => {});
		void this.exited.then(() => this.#close());
	}

	/** Throws `SallyportError` LAUNCHER_ABSENT or DOMAIN_LINK_FAILED. */
	static start(options: DomainProcessOptions): DomainProcess {
		const {role, confinement} = options;
		const pairs = [createSocketPair('stream'), createSocketPair('stream'), createSocketPair('records')];
		const theirs = pairs.map(([, end]) => end);
		const script = fileURLToPath(new URL(`${role}-process.js`, import.meta.url));
		const closeFrom = 3 + theirs.length;
		const [program = '', ...parameters] = confinedCommand(script, {...confinement, closeFrom});
		const child = spawn(program, parameters, {
			stdio: ['ignore', 'ignore', 'inherit', ...theirs],
			env: confinedEnvironment(),
			cwd: '/',
		});
		for (const end of theirs) {
			closeDescriptor(end);
		}

		return new DomainProcess(
			options,
			child,
			pairs.map(([end]) => end),
		);
	}

	get pid(): number | undefined {
		return this.#child.pid;
	}

	/** Tells it to start; resolves when it is up. Rejects with its failure, or `PROCESS_FAILED`. */
	async ready(start: (ToMediaProcess | ToUserProcess) & {readonly kind: 'start'}): Promise<Ready> {
		this.#control.postMessage(start);
		const timer = setTimeout(() => this.kill(), startMs);
		try {
			return await this.#ready;
		} finally {
			clearTimeout(timer);
		}
	}

	/** Asks the user process for the operator. Rejects with `PROCESS_FAILED` where it does not answer. */
	async ask(what: UserQuestion): Promise<unknown> {
		const id = ++this.#lastQuestion;
		let timer: NodeJS.Timeout | undefined;
		try {
			return await new Promise((resolve, reject) => {
				const giveUp = () =>
					reject(new SallyportError('PROCESS_FAILED', 'Expected an answer of the user process in time.'));
				timer = setTimeout(giveUp, answerMs);
				this.#questions.set(id, resolve);
				this.#control.postMessage({kind: 'ask', id, what} satisfies ToUserProcess);
			});
		} finally {
			clearTimeout(timer);
			this.#questions.delete(id);
		}
	}

	/** Moves the clock of the user process. */
	moveClock(clockShiftMs: number): void {
		this.#control.postMessage({kind: 'clock', clockShiftMs} satisfies ToUserProcess);
	}

	/** Gives it one end of a link, which the caller then no longer owns. */
	giveLink(descriptor: number): void {
		try {
			this.keys.sendDescriptor(descriptor);
			this.#control.postMessage({kind: 'take-link'} satisfies ToMediaProcess & ToUserProcess);
		} finally {
			closeDescriptor(descriptor);
		}
	}

	/** It broke the agreement: written down, and ended. */
	breach(what: string): void {
		this.#onBreach(what);
		this.#child.kill('SIGKILL');
	}

	kill(): void {
		this.#child.kill('SIGKILL');
	}

	/** Tells it to end, and kills it where it does not. */
	async stop(): Promise<void> {
		this.#control.postMessage({kind: 'stop'} satisfies ToMediaProcess & ToUserProcess);
		const timer = setTimeout(() => this.kill(), patienceMs);
		await this.exited;
		clearTimeout(timer);
	}

	#close(): void {
		this.requests.close();
		this.#control.close();
		this.keys.close();
	}
}

/** Counters of a call with thousands of streams are long. */
const maxReportOctets = 4_194_304;
const answerMs = 5000;
const patienceMs = 10_000;
const startMs = 60_000;
