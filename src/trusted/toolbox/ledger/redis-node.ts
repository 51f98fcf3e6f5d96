import type {Redis} from 'ioredis';
import {SallyportError} from '../../../base/error.js';
import type {RedisNodeOptions} from './redis-node-options.js';

/** A connection to one store: comes back by itself, never queues, and answers within three seconds or not at all. */
export class RedisNode {
	readonly label: string;
	readonly isSentinel: boolean;
	readonly redis: Redis;
	/** Why the store may not take part; empty where it may. */
	fault = 'it has not been asked yet';

	private constructor(redis: Redis, label: string, isSentinel: boolean) {
		this.redis = redis;
		this.label = label;
		this.isSentinel = isSentinel;
		redis.on('error', () => {
			// Every call says so by itself.
		});
		redis.on('close', () => {
			this.fault = 'it is away';
		});
	}

	static async connect(options: RedisNodeOptions): Promise<RedisNode> {
		const {Redis} = await loadClient();
		const common = {
			lazyConnect: true,
			enableOfflineQueue: false,
			autoResendUnfulfilledCommands: false,
			maxRetriesPerRequest: 0,
			connectTimeout: 2000,
			commandTimeout: 3000,
			retryStrategy: (times: number) => Math.min(50 * times, 1000),
		};
		const isSentinel = typeof options !== 'string';
		const redis = isSentinel
			? new Redis({...common, sentinels: [...options.sentinels], name: options.name})
			: new Redis(options, common);
		const node = new RedisNode(redis, isSentinel ? options.name : labelOf(options), isSentinel);
		await redis.connect().catch(() => {});
		return node;
	}

	/** Asks whether what the store acknowledges is on its disk and stays there. */
	async check(secretCheck: string, keyOfCheck: string): Promise<void> {
		try {
			const settings = new Map<string, string>();
			for (const name of ['appendonly', 'appendfsync', 'maxmemory-policy']) {
				const [, value = ''] = (await this.redis.config('GET', name)) as string[];
				settings.set(name, value);
			}

			const found = await this.redis.get(keyOfCheck);
			const wrong = [...required].filter(([name, value]) => settings.get(name) !== value);
			this.fault =
				wrong.length > 0
					? `it has ${wrong.map(([name]) => `${name} ${settings.get(name)}`).join(', ')}`
					: found === null
						? 'it has forgotten the ledger'
						: found === secretCheck
							? ''
							: 'its ledger has another fingerprint secret';
		} catch {
			this.fault = 'it is away';
		}
	}
}

async function loadClient(): Promise<Pick<typeof import('ioredis'), 'Redis'>> {
	try {
		return await import('ioredis');
	} catch (cause) {
		throw new SallyportError(
			'BAD_OPTIONS',
			'Expected the package ioredis beside sallyport, which `ledger.redis` needs; install it.',
			{cause},
		);
	}
}

/** Without user and password. */
function labelOf(url: string): string {
	try {
		return new URL(url).host;
	} catch {
		throw new SallyportError(
			'BAD_OPTIONS',
			'Expected addresses such as redis://192.0.2.1:6379 in `ledger.redis.nodes`.',
		);
	}
}

const required = new Map([
	['appendonly', 'yes'],
	['appendfsync', 'always'],
	['maxmemory-policy', 'noeviction'],
]);
