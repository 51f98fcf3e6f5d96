import {once} from 'node:events';
import {chmod, lstat, rm} from 'node:fs/promises';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {connect} from 'node:net';
import {isMainThread} from 'node:worker_threads';
import {SallyportError} from '../base/error.js';

/** What the admin server shows; each function answers one path. Plain data, no keys. */
export type AdminSource = Readonly<Record<string, (query: URLSearchParams) => unknown>>;

/** What the admin server does when told; each function takes the JSON of a request and answers. */
export type AdminCommands = Readonly<Record<string, (body: unknown) => unknown>>;

/**
 * Administration over HTTP on a Unix socket: file permissions decide who may ask. `GET /calls` answers with the JSON of
 * `source.calls()`, `POST /origin-allow` with that of `commands['origin-allow']` for the JSON that was sent. An unknown path
 * is 404, any other method 405, what a command does not take 400. One request to a connection.
 */
export class AdminServer {
	readonly #server: Server;
	readonly #source: AdminSource;
	readonly #commands: AdminCommands;
	readonly socketPath: string;

	private constructor(server: Server, source: AdminSource, commands: AdminCommands, socketPath: string) {
		this.#commands = commands;
		this.#server = server;
		this.#source = source;
		this.socketPath = socketPath;
	}

	/**
	 * A socket that a killed process left behind is replaced. Rejects with `ADMIN_SOCKET_FAILED` where the path cannot be
	 * had: somebody answers there, it is something else than a socket, or the system refuses.
	 */
	static async open(socketPath: string, source: AdminSource, commands: AdminCommands = {}): Promise<AdminServer> {
		const server = createServer({
			headersTimeout: slowestRequestMs,
			requestTimeout: slowestRequestMs,
			connectionsCheckingInterval: 1000,
			maxHeaderSize: 8192,
		});
		server.maxConnections = 16;
		const admin = new AdminServer(server, source, commands, socketPath);
		server.on('request', (request, response) => {
			void admin.#answer(request, response);
		});
		try {
			await removeLeftSocket(socketPath);
			await listen(server, socketPath);
		} catch (cause) {
			throw new SallyportError(
				'ADMIN_SOCKET_FAILED',
				`Expected to listen on the admin socket ${socketPath}, got ${cause instanceof Error ? cause.message : 'a failure'}.`,
				{cause},
			);
		}

		return admin;
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise<void>((resolve) => {
			this.#server.close(() => {
				resolve();
			});
		});
	}

	async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const target = request.url ?? '';
		const url = URL.canParse(target, 'http://admin') ? new URL(target, 'http://admin') : undefined;
		const name = url?.pathname.slice(1) ?? '';
		const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
		if (request.method === 'POST' && command !== undefined) {
			await obey(request, response, command);
			return;
		}

		request.resume();
		if (request.method !== 'GET') {
			reply(response, 405, {error: 'Expected GET.'});
			return;
		}

		const read = Object.hasOwn(this.#source, name) ? this.#source[name] : undefined;
		if (url === undefined || read === undefined) {
			reply(response, 404, {error: `Expected one of ${Object.keys(this.#source).join(', ')}.`});
			return;
		}

		try {
			reply(response, 200, await read(url.searchParams));
		} catch {
			reply(response, 500, {error: 'The question could not be answered.'});
		}
	}
}

/** A refusal that has a code is told; what it was about is not. */
async function obey(request: IncomingMessage, response: ServerResponse, command: AdminCommands[string]): Promise<void> {
	const body = await readJson(request);
	if (body === undefined) {
		reply(response, 400, {error: `Expected a JSON object of at most ${maxCommandOctets} octets.`});
		return;
	}

	try {
		reply(response, 200, await command(body));
	} catch (error) {
		const isOurs = error instanceof SallyportError;
		reply(response, isOurs ? 400 : 500, {
			error: isOurs ? error.message : 'It could not be done.',
			...(isOurs && {code: error.code}),
		});
	}
}

async function readJson(request: IncomingMessage): Promise<unknown> {
	const chunks: Buffer[] = [];
	let octets = 0;
	try {
		for await (const chunk of request as AsyncIterable<Buffer>) {
			octets += chunk.length;
			if (octets > maxCommandOctets) {
				return undefined;
			}

			chunks.push(chunk);
		}

		const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
		return typeof value === 'object' && value !== null ? value : undefined;
	} catch {
		return undefined;
	}
}

/** Only a socket that nobody listens on is removed. */
async function removeLeftSocket(path: string): Promise<void> {
	const found = await lstat(path).catch(() => undefined);
	if (found === undefined) {
		return;
	}

	if (!found.isSocket()) {
		throw new Error('a file that is no socket');
	}

	const probe = connect(path);
	const isAnswered = await once(probe, 'connect').then(
		() => true,
		() => false,
	);
	probe.destroy();
	if (isAnswered) {
		throw new Error('another process that answers there');
	}

	await rm(path);
}

/** For the owner alone from the first moment: the socket is made before `listen` returns. Only the main thread has a mask. */
async function listen(server: Server, path: string): Promise<void> {
	const listening = once(server, 'listening');
	const oldMask = isMainThread ? process.umask(0o177) : undefined;
	try {
		server.listen(path);
	} finally {
		if (oldMask !== undefined) {
			process.umask(oldMask);
		}
	}

	await listening;
	await chmod(path, 0o600);
	// Out of descriptors, for one: the connection is lost, the listener is not.
	server.on('error', () => {});
}

function reply(response: ServerResponse, status: number, body: unknown): void {
	const text = `${JSON.stringify(body)}\n`;
	response.writeHead(status, {
		'content-type': 'application/json',
		'content-length': Buffer.byteLength(text),
		connection: 'close',
		...(status === 405 ? {allow: 'GET'} : {}),
	});
	response.end(text);
}

const slowestRequestMs = 5000;
const maxCommandOctets = 4096;
