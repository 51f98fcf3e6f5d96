import {rm} from 'node:fs/promises';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {SallyportError} from '../base/error.js';

/** What the admin server shows; each function answers one path. Plain data, no keys. */
export type AdminSource = Readonly<Record<string, (query: URLSearchParams) => unknown>>;

/**
 * Read-only administration over HTTP on a Unix socket: file permissions decide who may ask. `GET /calls` answers
 * with the JSON of `source.calls()`; an unknown path is 404, any other method 405.
 */
export class AdminServer {
	readonly #server: Server;
	readonly #source: AdminSource;
	readonly socketPath: string;

	private constructor(server: Server, source: AdminSource, socketPath: string) {
		this.#server = server;
		this.#source = source;
		this.socketPath = socketPath;
	}

	/** Rejects with `ADMIN_SOCKET_FAILED` when the socket cannot be made. A socket left by a killed process is replaced. */
	static async open(socketPath: string, source: AdminSource): Promise<AdminServer> {
		const server = createServer({headersTimeout: 5000, requestTimeout: 5000, maxHeaderSize: 8192});
		server.maxConnections = 16;
		const admin = new AdminServer(server, source, socketPath);
		server.on('request', (request, response) => {
			void admin.#answer(request, response);
		});
		await rm(socketPath, {force: true});
		const oldMask = process.umask(0o177);
		try {
			await new Promise<void>((resolve, reject) => {
				server.once('error', reject);
				server.listen(socketPath, resolve);
			});
		} catch (cause) {
			throw new SallyportError(
				'ADMIN_SOCKET_FAILED',
				`Expected to listen on the admin socket ${socketPath}, got ${cause instanceof Error ? cause.message : 'a failure'}.`,
				{cause},
			);
		} finally {
			process.umask(oldMask);
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
		request.resume();
		if (request.method !== 'GET') {
			reply(response, 405, {error: 'Expected GET.'});
			return;
		}

		const url = URL.canParse(request.url ?? '', 'http://admin')
			? new URL(request.url ?? '', 'http://admin')
			: undefined;
		const name = url?.pathname.slice(1) ?? '';
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

function reply(response: ServerResponse, status: number, body: unknown): void {
	const text = `${JSON.stringify(body)}\n`;
	response.writeHead(status, {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)});
	response.end(text);
}
