import type {Result} from '../../base/result.js';
import type {SipFailure} from './failure.js';
import {isToken} from './grammar.js';
import {maxMessageOctets} from './limits.js';
import type {SipMessage} from './message.js';
import {contentLength, emptyLine, parseSipHead, refuse, refuseSize, type SipHead, withBodyOf} from './parse-message.js';

/** What a chunk completed. */
export type SipStreamEvent =
	| {readonly kind: 'message'; readonly message: SipMessage}
	/** CRLF CRLF between messages: answer with one CRLF (RFC 5626 §4.4.1). */
	| {readonly kind: 'ping'}
	/** The stream cannot be read on: answer if `answerable`, then close. Nothing comes after it. */
	| {readonly kind: 'failure'; readonly failure: SipFailure};

type OpenMessage = {readonly head: SipHead; readonly headOctets: number; readonly octets: number};

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3). Holds at most one unfinished message of
 * 64 KiB and the rest of a chunk; owns no socket.
 */
export class SipStreamReader {
	/** Octets `#start` to `#end` are unread. */
	#buffer: Buffer = Buffer.alloc(0);
	#start = 0;
	#end = 0;
	/** Unread octets in which no empty line was found. */
	#searched = 0;
	#lineEnds = 0;
	#open: OpenMessage | undefined;
	#isBroken = false;

	/** Octets that wait for the rest of their message. */
	get pendingOctets(): number {
		return this.#end - this.#start;
	}

	/** Takes a copy of `chunk` and gives back what it completed, in order. After a failure: nothing. */
	push(chunk: Uint8Array): SipStreamEvent[] {
		const events: SipStreamEvent[] = [];
		if (this.#isBroken) {
			return events;
		}

		this.#append(chunk);
		for (let event = this.#next(); event; event = this.#next()) {
			events.push(event);
			if (event.kind === 'failure') {
				this.#isBroken = true;
				this.#start = this.#end;
				break;
			}
		}

		if (this.pendingOctets === 0) {
			this.#buffer = Buffer.alloc(0);
			this.#start = 0;
			this.#end = 0;
		}

		return events;
	}

	#next(): SipStreamEvent | undefined {
		if (!this.#open) {
			if (this.#takeLineEnds()) {
				return {kind: 'ping'};
			}

			const opened = this.#readHead();
			if (opened === undefined) {
				return undefined;
			}

			if (!opened.ok) {
				return {kind: 'failure', failure: opened.failure};
			}

			this.#open = opened.value;
		}

		const {head, headOctets, octets} = this.#open;
		if (this.pendingOctets < octets) {
			return undefined;
		}

		const body = this.#buffer.subarray(this.#start + headOctets, this.#start + octets);
		this.#open = undefined;
		this.#searched = 0;
		this.#start += octets;
		return {kind: 'message', message: withBodyOf(head, body)};
	}

	/** Skips line ends between messages; true when two of them make a ping. */
	#takeLineEnds(): boolean {
		while (this.#buffer[this.#start] === 0x0d && this.#buffer[this.#start + 1] === 0x0a && this.pendingOctets > 1) {
			this.#start += 2;
			this.#lineEnds++;
			if (this.#lineEnds === 2) {
				this.#lineEnds = 0;
				return true;
			}
		}

		return false;
	}

	#readHead(): Result<OpenMessage, SipFailure> | undefined {
		const unread = this.#buffer.subarray(this.#start, this.#end);
		if (unread.length === 0 || (unread.length === 1 && unread[0] === 0x0d)) {
			return undefined;
		}

		// A TLS hello or other noise: no need to wait for 64 KiB of it.
		if (!isToken(String.fromCharCode(unread[0] ?? 0))) {
			return refuse('BAD_START_LINE', 'Expected a message, got something else.', unread.subarray(0, 0));
		}

		this.#lineEnds = 0;
		const end = unread.indexOf(emptyLine, Math.max(this.#searched - emptyLine.length + 1, 0), 'latin1');
		if (end === -1) {
			this.#searched = unread.length;
			return unread.length > maxMessageOctets ? refuseSize(unread.length, unread) : undefined;
		}

		const headOctets = unread.subarray(0, end);
		const head = parseSipHead(headOctets);
		if (!head.ok) {
			return head;
		}

		const length = contentLength(head.value.headers, headOctets);
		if (!length.ok) {
			return length;
		}

		if (length.value === undefined) {
			return refuse('MISSING_CONTENT_LENGTH', 'Expected Content-Length on a stream, got none.', headOctets);
		}

		const octets = end + emptyLine.length + length.value;
		return octets > maxMessageOctets
			? refuseSize(octets, headOctets)
			: {ok: true, value: {head: head.value, headOctets: end + emptyLine.length, octets}};
	}

	#append(chunk: Uint8Array): void {
		const unread = this.pendingOctets;
		if (this.#buffer.length - this.#end < chunk.length) {
			const target = Buffer.allocUnsafeSlow(Math.max(2 * unread, unread + chunk.length, initialOctets));
			this.#buffer.copy(target, 0, this.#start, this.#end);
			this.#buffer = target;
			this.#start = 0;
			this.#end = unread;
		}

		this.#buffer.set(chunk, this.#end);
		this.#end += chunk.length;
	}
}

const initialOctets = 4096;
