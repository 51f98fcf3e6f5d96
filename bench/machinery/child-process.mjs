import {fork} from 'node:child_process';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

/** A program of ours as a process of its own that answers `{…}` with `{value}` or `{error}`, one at a time. */
export class ChildProcess {
	#child;
	#waiting;

	/** `core`: the one that it may run on; absent: any. */
	constructor(program, core) {
		const path = fileURLToPath(program);
		const pinned = core === undefined ? {} : {execPath: 'taskset', execArgv: ['-c', String(core), process.execPath]};
		this.#child = fork(path, [], pinned);
		this.#child.on('message', ({value, error}) => {
			const {resolve, reject} = this.#waiting;
			this.#waiting = undefined;
			error === undefined ? resolve(value) : reject(new Error(error));
		});
		this.#child.on('exit', (code, signal) => {
			this.#waiting?.reject(new Error(`Expected ${path} to answer, it ended with ${signal ?? code}.`));
		});
	}

	get pid() {
		return this.#child.pid;
	}

	ask(request) {
		return new Promise((resolve, reject) => {
			this.#waiting = {resolve, reject};
			this.#child.send(request);
		});
	}

	close() {
		this.#child.disconnect();
	}
}

/** The other side: answers each message with what `handlers[message.command](message)` returns. */
export function serve(handlers) {
	process.on('message', async ({command, ...rest}) => {
		try {
			process.send({value: await handlers[command](rest)});
		} catch (error) {
			process.send({error: error instanceof Error ? `${error.message}` : String(error)});
		}
	});
	process.on('disconnect', () => process.exit());
}
