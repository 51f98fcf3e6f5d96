import {createHmac} from 'node:crypto';
import {request as requestHttp} from 'node:http';
import {request as requestHttps} from 'node:https';
import type {AlertWebhookOptions} from '../gateway/gateway-options.js';
import type {Alert} from '../trusted/toolbox/protocol.js';

export type AlertWebhookCounters = {
	readonly delivered: number;
	/** Tries that failed. */
	readonly failed: number;
	/** Given up, or without room in the queue. */
	readonly dropped: number;
	readonly waiting: number;
};

export type AlertWebhookManners = {
	/** The first interval between tries; the longest is a minute. @default 500 */
	readonly retryMs?: number;
	/** Hears of each alert that is done with: delivered, or given up. */
	readonly onSettled?: (sequence: number) => void;
};

/**
 * Posts alerts as JSON, one after another in their order. `Sallyport-Signature: t=SECONDS,v1=HEX` is the HMAC-SHA-256 of
 * `SECONDS.BODY` under the secret. What is not answered 2xx in time is tried again, at doubled intervals; redirects are not
 * followed. At most 1000 wait: what comes then is dropped and counted.
 */
export class AlertWebhook {
	readonly #options: Required<AlertWebhookOptions>;
	readonly #retryMs: number;
	readonly #onSettled: (sequence: number) => void;
	readonly #queue: Alert[] = [];
	#delivered = 0;
	#failed = 0;
	#dropped = 0;
	#isBusy = false;
	#isClosed = false;
	#timer: NodeJS.Timeout | undefined;
	#abort = new AbortController();

	constructor(options: AlertWebhookOptions, {retryMs = 500, onSettled = () => {}}: AlertWebhookManners = {}) {
		this.#options = {timeoutMs: 5000, maxAttempts: 8, ...options};
		this.#retryMs = retryMs;
		this.#onSettled = onSettled;
	}

	get counters(): AlertWebhookCounters {
		const waiting = this.#queue.length;
		return {delivered: this.#delivered, failed: this.#failed, dropped: this.#dropped, waiting};
	}

	/** Never throws, never waits. */
	offer(alert: Alert): void {
		if (this.#isClosed || this.#queue.length >= maxWaiting) {
			this.#dropped++;
			return;
		}

		this.#queue.push(alert);
		void this.#work();
	}

	/** Drops what waits. Safe twice. */
	close(): void {
		this.#isClosed = true;
		this.#dropped += this.#queue.length;
		this.#queue.length = 0;
		clearTimeout(this.#timer);
		this.#abort.abort();
	}

	async #work(): Promise<void> {
		if (this.#isBusy) {
			return;
		}

		this.#isBusy = true;
		for (let [alert] = this.#queue; alert !== undefined && !this.#isClosed; [alert] = this.#queue) {
			const isDelivered = await this.#deliver(alert);
			if (!this.#isClosed) {
				this.#queue.shift();
				this.#delivered += Number(isDelivered);
				this.#dropped += Number(!isDelivered);
				this.#onSettled(alert.sequence);
			}
		}

		this.#isBusy = false;
	}

	async #deliver(alert: Alert): Promise<boolean> {
		const body = JSON.stringify(alert);
		for (let attempt = 0; attempt < this.#options.maxAttempts && !this.#isClosed; attempt++) {
			if (attempt > 0) {
				await this.#wait(Math.min(60_000, this.#retryMs * 2 ** (attempt - 1)));
			}

			if (await this.#post(body)) {
				return true;
			}

			this.#failed++;
		}

		return false;
	}

	#wait(delayMs: number): Promise<void> {
		return new Promise((resolve) => {
			this.#timer = setTimeout(resolve, delayMs);
			this.#abort.signal.addEventListener('abort', () => resolve(), {once: true});
		});
	}

	/** True for 2xx. The answer's body is not read. */
	#post(body: string): Promise<boolean> {
		const {url, secret, timeoutMs} = this.#options;
		const seconds = Math.floor(Date.now() / 1000);
		const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
		return new Promise((resolve) => {
			const request = (url.startsWith('https:') ? requestHttps : requestHttp)(
				url,
				{
					method: 'POST',
					agent: false,
					signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]),
					headers: {
						'content-type': 'application/json',
						'content-length': Buffer.byteLength(body),
						'sallyport-signature': `t=${seconds},v1=${signature}`,
						connection: 'close',
					},
				},
				({statusCode = 0}) => {
					resolve(statusCode >= 200 && statusCode < 300);
					request.destroy();
				},
			);
			request.on('error', () => resolve(false));
			request.end(body);
		});
	}
}

const maxWaiting = 1000;
