import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';

type Waiting<Reply> = {
	readonly resolve: (reply: Reply) => void;
	readonly reject: (error: SallyportError) => void;
	readonly timer: NodeJS.Timeout | undefined;
};

export type PortRequestsOptions<Reply> = {
	/** Time after which a request rejects with `REQUEST_TIMEOUT`. Absent: none. */
	readonly timeoutMs?: number;
	/** Gets what came without an `id` that is awaited: events, and replies that came too late. */
	readonly onOther?: (message: unknown) => void;
	/** A reply was none as agreed; whoever waited for it has been told. */
	readonly onBadReply?: () => void;
	/** Gets a reply without its `id`; throws when it is none. */
	readonly parseReply: (reply: object) => Reply;
};

/**
 * Asks the other side of a message port and pairs its replies: `{id, …request}` goes, `{id, …reply}` comes.
 * When the port closes every open request rejects with `PORT_CLOSED`.
 */
export class PortRequests<Request extends object, Reply> {
	readonly #port: Link;
	readonly #options: PortRequestsOptions<Reply>;
	readonly #waiting = new Map<number, Waiting<Reply>>();
	#lastId = 0;
	#isClosed = false;

	constructor(port: Link, options: PortRequestsOptions<Reply>) {
		this.#port = port;
		this.#options = options;
		port.on('message', (message: unknown) => this.#onMessage(message));
		port.on('close', () => this.#onClose());
	}

	ask(request: Request): Promise<Reply> {
		if (this.#isClosed) {
			return Promise.reject(closedError());
		}

		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			const {timeoutMs} = this.#options;
			const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#onTimeout(id), timeoutMs);
			this.#waiting.set(id, {resolve, reject, timer});
			try {
				this.#port.postMessage({...request, id});
			} catch (error) {
				this.#take(id);
				reject(error);
			}
		});
	}

	/** Closes the port; open requests reject. */
	close(): void {
		this.#onClose();
		this.#port.close();
	}

	#onMessage(message: unknown): void {
		const waiting = this.#take(idOf(message));
		if (waiting === undefined) {
			this.#options.onOther?.(message);
			return;
		}

		try {
			const {id: _, ...reply} = message as {readonly id: number};
			waiting.resolve(this.#options.parseReply(reply));
		} catch (cause) {
			waiting.reject(new SallyportError('BAD_REPLY', 'Expected a reply of the agreed form.', {cause}));
			this.#options.onBadReply?.();
		}
	}

	#onTimeout(id: number): void {
		this.#take(id)?.reject(
			new SallyportError('REQUEST_TIMEOUT', `Expected a reply within ${this.#options.timeoutMs} ms.`),
		);
	}

	#onClose(): void {
		this.#isClosed = true;
		for (const id of [...this.#waiting.keys()]) {
			this.#take(id)?.reject(closedError());
		}
	}

	#take(id: number | undefined): Waiting<Reply> | undefined {
		if (id === undefined) {
			return undefined;
		}

		const waiting = this.#waiting.get(id);
		this.#waiting.delete(id);
		clearTimeout(waiting?.timer);
		return waiting;
	}
}

/** The `id` of an envelope; undefined where `message` is none. */
export function idOf(message: unknown): number | undefined {
	return typeof message === 'object' && message !== null && 'id' in message && Number.isSafeInteger(message.id)
		? (message.id as number)
		: undefined;
}

function closedError(): SallyportError {
	return new SallyportError('PORT_CLOSED', 'Expected an open message port.');
}
