import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';
import type {Result} from '../../base/result.js';
import {idOf} from '../media/port-requests.js';
import type {KeyChannelReply, KeyChannelRequest} from '../media/protocol.js';
import type {ToolboxReply, ToolboxRequest} from './protocol.js';
import type {Toolbox} from './toolbox.js';
import {parseKeyChannelRequest, parseToolboxRequest, type RequestFailure} from './toolbox-messages.js';

/** What happens where a message came that no domain of ours can have sent. */
export type LinkManners = {
	/** The link is closed then. @default it is refused, and may go on */
	readonly onBreach?: () => void;
};

/**
 * The toolbox behind links. `{id, …request}` comes, `{id, …reply}` goes, in any order. Whatever is not a request as agreed is
 * refused and audited; nothing that comes here can throw.
 */
export class ToolboxDomain {
	readonly #toolbox: Toolbox;
	readonly #links = new Set<Link>();

	constructor(toolbox: Toolbox) {
		this.#toolbox = toolbox;
	}

	/** Serves the user domain. */
	attachUser(link: Link, manners: LinkManners = {}): void {
		link.on(
			'close',
			this.#toolbox.onAlert((alert) => link.postMessage({event: 'alert', alert})),
		);
		this.#attach<ToolboxRequest, ToolboxReply>(link, manners, {
			parse: parseToolboxRequest,
			answer: (request) => this.#toolbox.handle(request),
			refuse: (code, message) => ({verdict: 'refused', code, message}),
		});
	}

	/** Serves the media domain. The user domain must not hold the other end. */
	attachMedia(link: Link, manners: LinkManners = {}): void {
		this.#attach<KeyChannelRequest, KeyChannelReply>(link, manners, {
			parse: parseKeyChannelRequest,
			answer: (request) => this.#toolbox.redeem(request),
			refuse: (code, message) => ({ok: false, code, message}),
		});
	}

	/** Closes the links; the toolbox stays open. */
	close(): void {
		for (const link of this.#links) {
			link.close();
		}
	}

	#attach<Request, Reply extends object>(link: Link, manners: LinkManners, service: Service<Request, Reply>): void {
		const {parse, answer, refuse} = service;
		let open = 0;
		this.#links.add(link);
		link.on('close', () => this.#links.delete(link));
		link.on('message', async (data: unknown) => {
			const id = idOf(data) ?? 0;
			if (open >= maxOpenRequests) {
				link.postMessage({...refuse('BUSY', `Expected at most ${maxOpenRequests} open requests.`), id});
				return;
			}

			const request = parse(data);
			if (!request.ok) {
				this.#toolbox.refuse('BAD_REQUEST', '');
				link.postMessage({...refuse('BAD_REQUEST', 'Expected a request as agreed.'), id});
				if (request.failure.isForeign && manners.onBreach) {
					link.close();
					manners.onBreach();
				}

				return;
			}

			open++;
			try {
				link.postMessage({...(await answer(request.value)), id});
			} catch (error) {
				// Of ours nothing throws but a message that is too long for the other side.
				const code = error instanceof SallyportError ? error.code : 'INTERNAL';
				link.postMessage({...refuse(code, 'Expected an answer that can be sent.'), id});
			} finally {
				open--;
			}
		});
	}
}

type Service<Request, Reply> = {
	readonly parse: (data: unknown) => Result<Request, RequestFailure>;
	readonly answer: (request: Request) => Promise<Reply>;
	readonly refuse: (code: string, message: string) => Reply;
};

const maxOpenRequests = 4096;
