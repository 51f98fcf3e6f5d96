import type {MessagePort} from 'node:worker_threads';
import {idOf} from '../media/port-requests.js';
import type {KeyChannelReply} from '../media/protocol.js';
import type {ToolboxReply} from './protocol.js';
import type {Toolbox} from './toolbox.js';
import {parseKeyChannelRequest, parseToolboxRequest} from './toolbox-messages.js';

/**
 * The toolbox behind message ports. `{id, …request}` comes, `{id, …reply}` goes, in any order. Whatever is not a request as
 * agreed is refused and audited; nothing that comes here can throw.
 */
export class ToolboxDomain {
	readonly #toolbox: Toolbox;
	readonly #ports = new Set<MessagePort>();

	constructor(toolbox: Toolbox) {
		this.#toolbox = toolbox;
	}

	/** Serves the user domain. */
	attachUser(port: MessagePort): void {
		port.on(
			'close',
			this.#toolbox.onAlert((alert) => port.postMessage({event: 'alert', alert})),
		);
		this.#attach(
			port,
			async (data): Promise<ToolboxReply> => {
				const envelope = parseToolboxRequest(data);
				if (!envelope) {
					this.#toolbox.refuse('BAD_REQUEST', '');
					return {verdict: 'refused', code: 'BAD_REQUEST', message: 'Expected a request as agreed.'};
				}

				return this.#toolbox.handle(envelope.request);
			},
			{verdict: 'refused', code: 'BUSY', message: `Expected at most ${maxOpenRequests} open requests.`},
		);
	}

	/** Serves the media domain. The user domain must not hold the other end. */
	attachMedia(port: MessagePort): void {
		this.#attach(
			port,
			async (data): Promise<KeyChannelReply> => {
				const envelope = parseKeyChannelRequest(data);
				if (!envelope) {
					this.#toolbox.refuse('BAD_REQUEST', '');
					return {ok: false, code: 'BAD_REQUEST', message: 'Expected a request as agreed.'};
				}

				return this.#toolbox.redeem(envelope.request);
			},
			{ok: false, code: 'BUSY', message: `Expected at most ${maxOpenRequests} open requests.`},
		);
	}

	/** Closes the ports; the toolbox stays open. */
	close(): void {
		for (const port of this.#ports) {
			port.close();
		}
	}

	#attach<Reply extends object>(port: MessagePort, answer: (data: unknown) => Promise<Reply>, busy: Reply): void {
		let open = 0;
		this.#ports.add(port);
		port.on('close', () => this.#ports.delete(port));
		port.on('message', async (data: unknown) => {
			const id = idOf(data) ?? 0;
			if (open >= maxOpenRequests) {
				port.postMessage({...busy, id});
				return;
			}

			open++;
			try {
				port.postMessage({...(await answer(data)), id});
			} finally {
				open--;
			}
		});
	}
}

const maxOpenRequests = 4096;
