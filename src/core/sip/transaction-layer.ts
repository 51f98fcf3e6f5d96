import {toHex} from '../../base/bytes.js';
import type {Result} from '../../base/result.js';
import type {SipFailure} from '../../wire/sip/failure.js';
import {headerValues} from '../../wire/sip/headers.js';
import {judgeRequest, type RequestAbilities} from '../../wire/sip/judge-request.js';
import type {SipMessage, SipRequest, SipResponse} from '../../wire/sip/message.js';
import {makeResponse} from '../../wire/sip/response.js';
import {parseVia} from '../../wire/sip/via.js';
import {type ClientRecord, ClientTransactions, type RequestFailure} from './client-transactions.js';
import {DeadlineQueue} from './deadline-queue.js';
import type {SipAddress, SipSource, SipTarget} from './hop.js';
import {type MessageIdentity, magicCookie, readIdentity, viaBranches, withReceived} from './identity.js';
import type {LayerContext, Refusal} from './layer-context.js';
import {type LayerCounters, type LayerOutput, newLayerCounters, type TransactionId} from './layer-output.js';
import {responseTarget} from './response-target.js';
import {repeatedHeaders, type ServerRecord, ServerTransactions} from './server-transactions.js';
import {type SipTimers, sipTimers} from './timers.js';

export type TransactionLayerOptions = {
	/** Octets from a cryptographic generator: branches and tags are guessed by nobody. */
	readonly random: (octets: number) => Uint8Array;
	/** Host and port of our Via for messages to `target`; undefined where we do not speak that transport. */
	readonly sentBy: (target: SipTarget) => SipAddress | undefined;
	readonly timers?: Partial<SipTimers>;
	/** @default 10_000 Beyond them requests are answered 503, or not at all. */
	readonly maximumServerTransactions?: number;
	/** @default 10_000 */
	readonly maximumClientTransactions?: number;
	/** How long an INVITE may ring, in either direction. @default 600_000 */
	readonly proceedingMs?: number;
	/** @default 100 503 answers per second while over the limit. */
	readonly overloadRepliesPerSecond?: number;
	/**
	 * `intermediary`: requests whose Max-Forwards is spent get 483 and those that we sent ourselves 482
	 * (RFC 3261 §16.3, RFC 7332). @default 'endpoint'
	 */
	readonly role?: 'endpoint' | 'intermediary';
	/** Methods, extensions and bodies that we take; others are refused here with 405, 420, 415 and such. @default any */
	readonly abilities?: RequestAbilities;
};

/**
 * RFC 3261 §17: all transactions of one SIP element. It owns no socket, clock or source of randomness.
 *
 * - Feeding: `receive`, `receiveMalformed`, `transportError`, `advance` (time), and from above `request`, `respond`,
 *   `cancel`, `acknowledge`.
 * - Draining: after each of them, `poll` until it gives undefined.
 * - Waiting: `advance` is due at `waitUntil`.
 */
export class TransactionLayer {
	readonly counters: LayerCounters = newLayerCounters();
	readonly #random: (octets: number) => Uint8Array;
	readonly #abilities: RequestAbilities;
	readonly #role: 'endpoint' | 'intermediary';
	readonly #overloadRepliesPerSecond: number;
	readonly #outputs: LayerOutput[] = [];
	readonly #deadlines = new DeadlineQueue<ServerRecord | ClientRecord>();
	readonly #servers: ServerTransactions;
	readonly #clients: ClientTransactions;
	/** One for all stateless answers, so that a retransmission gets the same (RFC 3261 §8.2.7). */
	readonly #statelessTag: string;
	#overload = {secondStartMs: Number.NEGATIVE_INFINITY, replies: 0};

	constructor(options: TransactionLayerOptions) {
		this.#random = options.random;
		this.#abilities = {...options.abilities};
		this.#role = options.role ?? 'endpoint';
		this.#overloadRepliesPerSecond = options.overloadRepliesPerSecond ?? 100;
		this.#statelessTag = this.newTag();
		const context: LayerContext<ServerRecord | ClientRecord> = {
			timers: sipTimers(options.timers),
			proceedingMs: options.proceedingMs ?? 600_000,
			maximumServerTransactions: options.maximumServerTransactions ?? 10_000,
			maximumClientTransactions: options.maximumClientTransactions ?? 10_000,
			counters: this.counters,
			sentBy: options.sentBy,
			newBranch: () => magicCookie + toHex(this.#random(16)),
			newTag: () => this.newTag(),
			emit: (output) => this.#outputs.push(output),
			schedule: (record, atMs) => this.#deadlines.schedule(record, atMs),
			reply: (...parameters) => this.#reply(...parameters),
			replyOverloaded: (...parameters) => this.#replyOverloaded(...parameters),
		};
		this.#servers = new ServerTransactions(context);
		this.#clients = new ClientTransactions(context);
	}

	/** Transactions that are held. */
	get size(): {readonly server: number; readonly client: number} {
		return {server: this.#servers.size, client: this.#clients.size};
	}

	/** When `advance` is due; infinite when no timer runs. */
	get waitUntil(): number {
		return this.#deadlines.nextAtMs;
	}

	poll(): LayerOutput | undefined {
		return this.#outputs.shift();
	}

	/** A fresh tag (RFC 3261 §19.3) or Call-ID: 80 random bits in hexadecimal. */
	newTag(): string {
		return toHex(this.#random(10));
	}

	/** A message from the network. */
	receive(message: SipMessage, source: SipSource, nowMs: number): void {
		if (message.kind === 'response') {
			this.#receiveResponse(message, nowMs);
		} else {
			this.#receiveRequest(message, source, nowMs);
		}
	}

	/** Octets from the network that are no message: answered where the parser found out how, else only counted. */
	receiveMalformed({answerable}: SipFailure, source: SipSource): void {
		this.counters.malformed++;
		if (answerable) {
			this.#reply(answerable.request, source, answerable);
		}
	}

	/** A `send` output did not go. `isRefused`: the connection was refused, so that nobody has seen it. */
	transportError(transaction: TransactionId, isRefused: boolean, nowMs: number): void {
		this.#servers.transportError(transaction, nowMs);
		this.#clients.transportError(transaction, isRefused, nowMs);
	}

	/** Lets the timers run that are due. */
	advance(nowMs: number): void {
		for (let record = this.#deadlines.takeDue(nowMs); record; record = this.#deadlines.takeDue(nowMs)) {
			if (record.side === 'server') {
				this.#servers.feed(record, {kind: 'time'}, nowMs);
			} else {
				this.#clients.feed(record, {kind: 'time'}, nowMs);
			}
		}
	}

	/** Sends a request, complete but for our Via. A datagram that would be too large goes by TCP (§18.1.1). */
	request(request: SipRequest, target: SipTarget, nowMs: number): Result<TransactionId, RequestFailure> {
		return this.#clients.start(request, target, nowMs);
	}

	/** Cancels an INVITE of ours; its final response comes all the same, usually 487. */
	cancel(transaction: TransactionId, nowMs: number): void {
		this.#clients.cancel(transaction, nowMs);
	}

	/** Sends the ACK of a 2xx and repeats it as often as the 2xx is repeated. */
	acknowledge(transaction: TransactionId, ack: SipRequest, target: SipTarget): Result<void, RequestFailure> {
		return this.#clients.acknowledge(transaction, ack, target);
	}

	/** Answers a request. False where the transaction is over or has had its final response, as after a CANCEL. */
	respond(transaction: TransactionId, response: SipResponse, nowMs: number): boolean {
		return this.#servers.respond(transaction, response, nowMs);
	}

	#receiveResponse(response: SipResponse, nowMs: number): void {
		// More than one Via means that it was not meant for us (RFC 3261 §8.1.3.3).
		const identity = viaBranches(response).length === 1 ? readIdentity(response) : undefined;
		if (identity) {
			this.#clients.receive(response, identity, nowMs);
		} else {
			this.counters.strayResponses++;
		}
	}

	#receiveRequest(request: SipRequest, source: SipSource, nowMs: number): void {
		const verdict = judgeRequest(request, this.#abilities);
		const identity = readIdentity(request);
		if (verdict.verdict === 'discard') {
			this.counters.malformed++;
			return;
		}

		const refusal = verdict.verdict === 'answer' ? verdict : this.#refusalOf(request, identity);
		if (refusal) {
			this.counters[counterByStatus.get(refusal.status) ?? 'refused']++;
			this.#reply(request, source, refusal);
		} else if (identity) {
			this.#servers.receive(request, identity, source, nowMs);
		}
	}

	/** Undefined for what may go on to the transactions. */
	#refusalOf(request: SipRequest, identity: MessageIdentity | undefined): Refusal | undefined {
		if (!identity) {
			return {status: 400, reason: 'Bad Request'};
		}

		if (repeatedCharacters(request) > largestRepeatedHeaders) {
			return {status: 513, reason: 'Message Too Large'};
		}

		if (this.#role === 'endpoint' || request.method === 'ACK') {
			return undefined;
		}

		if (this.#isLooped(request)) {
			return {status: 482, reason: 'Loop Detected'};
		}

		return identity.maxForwards === 0 ? {status: 483, reason: 'Too Many Hops'} : undefined;
	}

	#isLooped(request: SipRequest): boolean {
		return viaBranches(request).some((branch) => this.#clients.ownsBranch(branch, request.method));
	}

	/** Answers without state (RFC 3261 §8.2.7); ACK is never answered, nor what says not whom to answer. */
	#reply(request: SipRequest, source: SipSource, {status, reason, headers = []}: Refusal): void {
		const via = parseVia(headerValues(request, 'Via')[0] ?? '');
		if (via.ok && request.method !== 'ACK') {
			const toTag = this.#statelessTag;
			this.#outputs.push({
				kind: 'send',
				message: makeResponse(withReceived(request, via.value, source), status, reason, {toTag, headers}),
				target: responseTarget(via.value, source),
				transaction: undefined,
			});
		}
	}

	#replyOverloaded(request: SipRequest, source: SipSource, nowMs: number): void {
		if (nowMs - this.#overload.secondStartMs >= 1000) {
			this.#overload = {secondStartMs: nowMs, replies: 0};
		}

		if (this.#overload.replies < this.#overloadRepliesPerSecond) {
			this.#overload.replies++;
			this.#reply(request, source, {status: 503, reason: 'Service Unavailable'});
		}
	}
}

/** What we hold of a request for as long as its transaction lives. */
function repeatedCharacters({headers}: SipRequest): number {
	return headers.reduce((sum, {name, value}) => sum + (repeatedHeaders.has(name) ? value.length : 0), 0);
}

const counterByStatus: ReadonlyMap<number, keyof LayerCounters> = new Map([
	[400, 'malformed'],
	[482, 'merged'],
	[483, 'hopsExhausted'],
]);
/** A hundred and more Vias of an ordinary size. */
const largestRepeatedHeaders = 16_384;
