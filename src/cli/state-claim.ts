import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {realpathSync} from 'node:fs';
import {createServer} from 'node:net';
import {dirname, join, resolve} from 'node:path';
import {SallyportError} from '../base/error.js';

/** That this process alone works on a state directory. */
export type StateClaim = {readonly release: () => Promise<void>};

/**
 * Claims a state directory for this process: a socket in the kernel's abstract namespace, which holds as long as the process
 * does and leaves nothing behind when that is killed. Seen by the processes of one network namespace; behind it the ledger
 * fences off whoever is not the last to have opened it. Rejects with `STATE_IN_USE`.
 */
export async function claimState(directory: string): Promise<StateClaim> {
	const name = createHash('sha256').update(realPath(directory)).digest('hex').slice(0, 32);
	const server = createServer((socket) => socket.destroy());
	server.unref();
	try {
		const listening = once(server, 'listening');
		server.listen(`\0sallyport-state-${name}`);
		await listening;
	} catch (cause) {
		throw new SallyportError(
			'STATE_IN_USE',
			`Expected to be the only gateway on the state directory ${directory}, but another one runs on it.`,
			{cause},
		);
	}

	return {
		release: async () => {
			const closed = once(server, 'close');
			server.close();
			await closed;
		},
	};
}

/** Without links, also where the last folders are not there yet. */
function realPath(path: string): string {
	const whole = resolve(path);
	try {
		return realpathSync(whole);
	} catch {
		const parent = dirname(whole);
		return parent === whole ? whole : join(realPath(parent), whole.slice(parent.length));
	}
}
