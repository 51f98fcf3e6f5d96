import {EventEmitter} from 'node:events';
import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';
import {parseMediaEvent, parseMediaReply} from './media-replies.js';
import {PortRequests} from './port-requests.js';
import type {
	ConfigureLeg,
	CreateRelay,
	LegPorts,
	LegStatistics,
	MediaCommand,
	MediaEvent,
	MediaReply,
} from './protocol.js';

/** Where a leg listens. */
export type LegLocal = {
	readonly leg: string;
	readonly local: LegPorts;
};

/**
 * The user domain's side of the media domain's port. Every method rejects with a `SallyportError` that has the media
 * domain's code, `PORT_CLOSED`, or `BAD_REPLY`. Emits `event` for each `MediaEvent`, `close` when a link is gone, and `breach`
 * where something else came than replies and events as agreed: the link is closed then.
 */
export class MediaClient extends EventEmitter<{event: [MediaEvent]; close: []; breach: []}> {
	#requests: PortRequests<MediaCommand, MediaReply>;

	constructor(link: Link) {
		super();
		this.#requests = this.#open(link);
	}

	/** Goes on over another link: to a media domain that was started in place of one that is gone. */
	attach(link: Link): void {
		this.#requests.close();
		this.#requests = this.#open(link);
	}

	/** Spends the ticket; answers where each leg listens, in the order asked. */
	async createRelay(command: Omit<CreateRelay, 'kind'>): Promise<readonly LegLocal[]> {
		const reply = await this.#ask({kind: 'create-relay', ...command});
		return 'legs' in reply ? reply.legs : [];
	}

	async configureLeg(command: Omit<ConfigureLeg, 'kind'>): Promise<void> {
		await this.#ask({kind: 'configure-leg', ...command});
	}

	/** Answers the last counters of both legs. */
	async destroyRelay(call: string): Promise<readonly LegStatistics[]> {
		const reply = await this.#ask({kind: 'destroy-relay', call});
		return 'statistics' in reply ? reply.statistics : [];
	}

	async readStatistics(call: string): Promise<readonly LegStatistics[]> {
		const reply = await this.#ask({kind: 'read-statistics', call});
		return 'statistics' in reply ? reply.statistics : [];
	}

	/** Closes the port: the media domain ends all relays. Open requests reject. */
	close(): void {
		this.#requests.close();
	}

	#open(link: Link): PortRequests<MediaCommand, MediaReply> {
		const requests = new PortRequests<MediaCommand, MediaReply>(link, {
			parseReply: parseMediaReply,
			onOther: (message) => this.#onEvent(requests, message),
			onBadReply: () => this.#onBreach(requests),
		});
		link.on('close', () => this.emit('close'));
		return requests;
	}

	async #ask(command: MediaCommand): Promise<MediaReply & {readonly ok: true}> {
		const reply = await this.#requests.ask(command);
		if (!reply.ok) {
			throw new SallyportError(reply.code, reply.message);
		}

		return reply;
	}

	#onEvent(requests: PortRequests<MediaCommand, MediaReply>, message: unknown): void {
		const event = parseMediaEvent(message);
		if (event === undefined) {
			this.#onBreach(requests);
		} else {
			this.emit('event', event);
		}
	}

	#onBreach(requests: PortRequests<MediaCommand, MediaReply>): void {
		requests.close();
		this.emit('breach');
	}
}
