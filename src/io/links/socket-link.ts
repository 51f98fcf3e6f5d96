import {EventEmitter} from 'node:events';
import {Socket} from 'node:net';
import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';
import {FrameReader, writeFrame} from './frame-reader.js';
import {readLinkMessage, writeLinkMessage} from './link-message.js';

/** What was wrong with what the other side sent. */
export type LinkBreach = 'FRAME_TOO_LONG' | 'BAD_FRAME' | 'BAD_HELLO' | 'FLOOD' | 'NOT_READING';

export type SocketLinkOptions = {
	/** Longest frame that is taken; the other side is told so. 1024 to 2^31. @default 524288 */
	readonly maxFrameOctets?: number;
	/** Frames taken in one second; more are a flood. @default 100000 */
	readonly maxFramesPerSecond?: number;
	/** What may wait because the other side does not read. @default 33554432 */
	readonly maxQueuedOctets?: number;
};

type SocketLinkEvents = {
	message: [message: unknown];
	/** The other side broke the agreement; `close` follows. */
	breach: [breach: LinkBreach];
	close: [];
};

/**
 * A link over a connected stream socket between two processes of ours. Each side begins with a frame that says version and
 * longest frame; then every frame is one message (link-message.ts). Whoever sends something else is cut off. Nothing is read
 * before somebody listens for messages.
 */
export class SocketLink extends EventEmitter<SocketLinkEvents> implements Link {
	readonly #socket: Socket;
	readonly #reader: FrameReader;
	readonly #maxFramesPerSecond: number;
	readonly #maxQueuedOctets: number;
	/** Longest frame that the other side takes; unknown before its hello, until when frames wait here. */
	#maxSentOctets: number | undefined;
	#early: Buffer[] = [];
	#earlyOctets = 0;
	/** Somebody listens. */
	#isHeard = false;
	#second = 0;
	#framesInSecond = 0;
	/** By us: nothing more is posted, nothing more taken. */
	#isClosed = false;
	#isBroken = false;

	/** `socket`: connected, or the number of a descriptor that is; the link owns it. */
	constructor(socket: Socket | number, options: SocketLinkOptions = {}) {
		super();
		const {maxFrameOctets = 524_288, maxFramesPerSecond = 100_000, maxQueuedOctets = 33_554_432} = options;
		this.#socket = typeof socket === 'number' ? new Socket({fd: socket, readable: true, writable: true}) : socket;
		this.#reader = new FrameReader(maxFrameOctets);
		this.#maxFramesPerSecond = maxFramesPerSecond;
		this.#maxQueuedOctets = maxQueuedOctets;
		this.#socket.on('data', (octets) => this.#receive(octets));
		// Of what happens at the end only that it is the end matters.
		this.#socket.on('error', () => {});
		this.#socket.on('end', () => {
			this.#isClosed = true;
			this.#socket.destroy();
		});
		this.#socket.on('close', () => this.#end());
		this.#socket.write(writeFrame(writeLinkMessage({version, maxFrameOctets})));
		(this as EventEmitter).on('newListener', (event) => {
			if (event === 'message' && !this.#isHeard) {
				this.#isHeard = true;
				setImmediate(() => {
					this.#readOn();
					this.#socket.resume();
				});
			}
		});
	}

	postMessage(message: object): void {
		if (this.#isClosed) {
			return;
		}

		const octets = writeLinkMessage(message);
		if (this.#maxSentOctets === undefined) {
			this.#wait(octets);
		} else {
			this.#write(octets, this.#maxSentOctets);
		}
	}

	/** What was posted still goes out, where the other side reads. */
	close(): void {
		if (!this.#isClosed) {
			this.#isClosed = true;
			setTimeout(() => this.#socket.destroy(), lingerMs).unref();
			if (this.#early.length === 0) {
				this.#socket.end(() => this.#socket.destroy());
			}
		}
	}

	/** Until the other side has said how much it takes. */
	#wait(octets: Buffer): void {
		this.#early.push(octets);
		this.#earlyOctets += octets.length;
		if (this.#earlyOctets > this.#maxQueuedOctets) {
			this.#breach('NOT_READING');
		}
	}

	#write(octets: Buffer, maxOctets: number): void {
		if (octets.length > maxOctets) {
			throw new SallyportError(
				'MESSAGE_TOO_LONG',
				`Expected at most ${maxOctets} octets in a message, got ${octets.length}.`,
			);
		}

		this.#socket.write(writeFrame(octets));
		if (this.#socket.writableLength > this.#maxQueuedOctets) {
			this.#breach('NOT_READING');
		}
	}

	#receive(octets: Buffer): void {
		this.#reader.push(octets);
		this.#readOn();
	}

	/** As far as somebody listens; the hello is for us. */
	#readOn(): void {
		while (!this.#isBroken) {
			if (!this.#isHeard && this.#maxSentOctets !== undefined) {
				this.#socket.pause();
				return;
			}

			const frame = this.#reader.next();
			if (!frame.ok) {
				this.#breach('FRAME_TOO_LONG');
				return;
			}

			if (frame.value === undefined) {
				return;
			}

			this.#take(frame.value);
		}
	}

	#take(frame: Buffer): void {
		const second = Math.floor(performance.now() / 1000);
		this.#framesInSecond = second === this.#second ? this.#framesInSecond + 1 : 1;
		this.#second = second;
		const message = readLinkMessage(frame);
		if (this.#framesInSecond > this.#maxFramesPerSecond) {
			this.#breach('FLOOD');
		} else if (!message.ok) {
			this.#breach('BAD_FRAME');
		} else if (this.#maxSentOctets === undefined) {
			this.#greet(message.value);
		} else if (!this.#isClosed) {
			this.emit('message', message.value);
		}
	}

	#greet(hello: unknown): void {
		const maxOctets = maxFrameOf(hello);
		if (maxOctets === undefined) {
			this.#breach('BAD_HELLO');
			return;
		}

		this.#maxSentOctets = maxOctets;
		const early = this.#early;
		this.#early = [];
		if (early.some((octets) => octets.length > maxOctets)) {
			// Whoever waits for an answer hears of the end instead.
			this.#isClosed = true;
			this.#socket.destroy();
			return;
		}

		for (const octets of early) {
			this.#write(octets, maxOctets);
		}

		if (this.#isClosed) {
			this.#socket.end(() => this.#socket.destroy());
		}
	}

	#breach(breach: LinkBreach): void {
		if (!this.#isBroken) {
			this.#isBroken = true;
			this.#isClosed = true;
			this.#socket.destroy();
			this.emit('breach', breach);
		}
	}

	#end(): void {
		this.#isClosed = true;
		this.#isBroken = true;
		this.emit('close');
	}
}

/** What a hello says, where it is one of our version. */
function maxFrameOf(hello: unknown): number | undefined {
	if (typeof hello !== 'object' || hello === null || Object.keys(hello).length !== 2) {
		return undefined;
	}

	const {version: theirs, maxFrameOctets} = hello as {readonly version?: unknown; readonly maxFrameOctets?: unknown};
	return theirs === version && Number.isSafeInteger(maxFrameOctets) && Number(maxFrameOctets) >= 1024
		? Number(maxFrameOctets)
		: undefined;
}

const version = 1;
const lingerMs = 2000;
