import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {makeResponse} from '../../wire/sip/response.js';
import type {SipSource} from './hop.js';
import {boundedKey, type MessageIdentity, readIdentity, withReceived} from './identity.js';
import {InviteServerTransaction} from './invite-server-transaction.js';
import type {LayerContext} from './layer-context.js';
import type {TransactionId} from './layer-output.js';
import {NonInviteServerTransaction} from './non-invite-server-transaction.js';
import {responseTarget} from './response-target.js';
import type {TransactionInput} from './transaction.js';

export type ServerRecord = {
	readonly side: 'server';
	readonly id: TransactionId;
	readonly machine: InviteServerTransaction | NonInviteServerTransaction;
	readonly isInvite: boolean;
	/** CANCEL: the layer answers it itself and says nothing of it. */
	readonly isInternal: boolean;
	/** Branch, sent-by, method, and the exact source. */
	readonly key: string;
	/** The same without the source's port, for ACK and CANCEL that come over another connection. */
	readonly hopKey: string;
	/** Call-ID, From tag and CSeq (RFC 3261 §8.2.2.2). */
	readonly mergeKey: string;
	/** The request without what a response does not repeat, for those that we make ourselves. */
	readonly outline: SipRequest;
	/** To tag of the responses so far. */
	localTag: string;
	hasFinal: boolean;
	isAcknowledged: boolean;
	/** Under which the ACK of our 2xx will be found. */
	ackKey: string | undefined;
};

/**
 * The server transactions of a layer, found as RFC 3261 §17.2.3 says, with one restriction: the branch of a request
 * counts only together with the address (and port) that it came from. A copy sent from elsewhere is a request of
 * its own and goes up, so that a replay is judged, not answered from memory.
 */
export class ServerTransactions {
	readonly #context: LayerContext<ServerRecord>;
	readonly #byId = new Map<TransactionId, ServerRecord>();
	readonly #byKey = new Map<string, ServerRecord>();
	readonly #byHop = new Map<string, ServerRecord>();
	readonly #unanswered = new Map<string, ServerRecord>();
	readonly #byAck = new Map<string, ServerRecord>();
	#sequence = 0;

	constructor(context: LayerContext<ServerRecord>) {
		this.#context = context;
	}

	get size(): number {
		return this.#byId.size;
	}

	/** Takes a request that has passed the checks of its form. */
	receive(request: SipRequest, identity: MessageIdentity, source: SipSource, nowMs: number): void {
		if (request.method === 'ACK') {
			this.#receiveAck(request, identity, source, nowMs);
			return;
		}

		const known = this.#byKey.get(exactKey(identity, request.method, source));
		if (known) {
			this.#context.counters.absorbedRequests++;
			this.feed(known, {kind: 'request', request}, nowMs);
		} else if (request.method === 'CANCEL') {
			this.#receiveCancel(request, identity, source, nowMs);
		} else {
			this.#receiveNew(request, identity, source, nowMs);
		}
	}

	/** False where the transaction is over or has its final response. */
	respond(id: TransactionId, response: SipResponse, nowMs: number): boolean {
		const record = this.#byId.get(id);
		if (!record || record.hasFinal) {
			return false;
		}

		const identity = readIdentity(response);
		record.localTag = identity?.toTag || record.localTag;
		if (response.status >= 200) {
			record.hasFinal = true;
			this.#unanswered.delete(record.mergeKey);
		}

		if (record.isInvite && response.status >= 200 && response.status < 300 && identity) {
			record.ackKey = ackKey(identity);
			this.#byAck.set(record.ackKey, record);
		}

		this.feed(record, {kind: 'respond', response}, nowMs);
		return true;
	}

	has(id: TransactionId): boolean {
		return this.#byId.has(id);
	}

	transportError(id: TransactionId, nowMs: number): void {
		const record = this.#byId.get(id);
		if (record) {
			this.feed(record, {kind: 'transport-error'}, nowMs);
		}
	}

	/** Gives `input` to the machine and passes on what it says. */
	feed(record: ServerRecord, input: TransactionInput, nowMs: number): void {
		const {machine, id} = record;
		const {emit} = this.#context;
		machine.handle(input, nowMs);
		for (let output = machine.poll(); output; output = machine.poll()) {
			if (output.kind === 'send') {
				emit({...output, transaction: id});
			} else if (output.kind === 'timeout') {
				emit({kind: 'ack-timeout', transaction: id});
			} else if (output.kind === 'transport-error' && !record.isInternal) {
				emit({kind: 'transport-error', transaction: id});
			}
		}

		this.#context.schedule(record, machine.waitUntil);
		if (machine.state === 'terminated' && this.#byId.has(id)) {
			this.#remove(record);
		}
	}

	#receiveNew(request: SipRequest, identity: MessageIdentity, source: SipSource, nowMs: number): void {
		const mergeKey = mergeKeyOf(identity);
		if (identity.toTag === '' && this.#unanswered.has(mergeKey)) {
			this.#context.counters.merged++;
			this.#context.reply(request, source, {status: 482, reason: 'Merged Request'});
			return;
		}

		const record = this.#open(request, identity, source, nowMs);
		if (!record) {
			return;
		}

		this.#unanswered.set(mergeKey, record);
		this.#context.counters.requests++;
		this.#context.emit({
			kind: 'request',
			transaction: record.id,
			request: withReceived(request, identity.via, source),
			source,
			localTag: record.localTag,
		});
	}

	/** RFC 3261 §9.2: the CANCEL gets its own answer, and the INVITE, where it still waits, gets 487. */
	#receiveCancel(request: SipRequest, identity: MessageIdentity, source: SipSource, nowMs: number): void {
		const invite =
			this.#byKey.get(exactKey(identity, 'INVITE', source)) ?? this.#byHop.get(hopKey(identity, 'INVITE', source));
		const record = this.#open(request, identity, source, nowMs);
		if (!record) {
			return;
		}

		const tag = invite?.localTag ?? record.localTag;
		const [status, reason] = invite ? ([200, 'OK'] as const) : ([481, 'Call/Transaction Does Not Exist'] as const);
		this.respond(record.id, makeResponse(record.outline, status, reason, {toTag: tag}), nowMs);
		if (invite && !invite.hasFinal) {
			this.respond(invite.id, makeResponse(invite.outline, 487, 'Request Terminated', {toTag: tag}), nowMs);
			this.#context.emit({kind: 'cancel', transaction: invite.id, request});
		}
	}

	#receiveAck(request: SipRequest, identity: MessageIdentity, source: SipSource, nowMs: number): void {
		const {counters, emit} = this.#context;
		const record =
			this.#byAck.get(ackKey(identity)) ??
			this.#byKey.get(exactKey(identity, 'INVITE', source)) ??
			this.#byHop.get(hopKey(identity, 'INVITE', source));
		if (!record?.hasFinal) {
			counters.strayAcks++;
			return;
		}

		if (record.isAcknowledged) {
			counters.absorbedRequests++;
			return;
		}

		record.isAcknowledged = true;
		this.feed(record, {kind: 'request', request}, nowMs);
		if (record.ackKey) {
			emit({kind: 'ack', transaction: record.id, request});
		}
	}

	#open(request: SipRequest, identity: MessageIdentity, source: SipSource, nowMs: number): ServerRecord | undefined {
		const context = this.#context;
		if (this.#byId.size >= context.maximumServerTransactions) {
			context.counters.overloaded++;
			context.replyOverloaded(request, source, nowMs);
			return undefined;
		}

		const target = responseTarget(identity.via, source);
		const outline = outlineOf(withReceived(request, identity.via, source));
		const trying = makeResponse(outline, 100, 'Trying');
		const {timers, proceedingMs} = context;
		const isInvite = request.method === 'INVITE';
		const record: ServerRecord = {
			side: 'server',
			id: `s${++this.#sequence}` as TransactionId,
			machine: isInvite
				? new InviteServerTransaction({trying, target, timers, proceedingMs}, nowMs)
				: new NonInviteServerTransaction({target, timers}, nowMs),
			isInvite,
			isInternal: request.method === 'CANCEL',
			key: exactKey(identity, request.method, source),
			hopKey: hopKey(identity, request.method, source),
			mergeKey: mergeKeyOf(identity),
			outline,
			localTag: identity.toTag || context.newTag(),
			hasFinal: false,
			isAcknowledged: false,
			ackKey: undefined,
		};
		this.#byId.set(record.id, record);
		this.#byKey.set(record.key, record);
		if (isInvite && !this.#byHop.has(record.hopKey)) {
			this.#byHop.set(record.hopKey, record);
		}

		context.schedule(record, record.machine.waitUntil);
		return record;
	}

	#remove(record: ServerRecord): void {
		this.#byId.delete(record.id);
		deleteIfSame(this.#byKey, record.key, record);
		deleteIfSame(this.#byHop, record.hopKey, record);
		deleteIfSame(this.#unanswered, record.mergeKey, record);
		if (record.ackKey) {
			deleteIfSame(this.#byAck, record.ackKey, record);
		}

		if (!record.isInternal) {
			this.#context.emit({kind: 'ended', transaction: record.id});
		}
	}
}

/** What {@link makeResponse} copies into 100 and failures. */
function outlineOf(request: SipRequest): SipRequest {
	return {...request, headers: request.headers.filter(({name}) => repeatedHeaders.has(name)), body: new Uint8Array()};
}

function deleteIfSame(map: Map<string, ServerRecord>, key: string, record: ServerRecord): void {
	if (map.get(key) === record) {
		map.delete(key);
	}
}

function hopKey(identity: MessageIdentity, method: string, source: SipSource): string {
	return `${identity.branchKey} ${method} ${source.transport} ${source.address}`;
}

function exactKey(identity: MessageIdentity, method: string, source: SipSource): string {
	return `${hopKey(identity, method, source)} ${source.port}`;
}

function mergeKeyOf({callId, fromTag, sequence}: MessageIdentity): string {
	return boundedKey(`${sequence.number} ${sequence.method} ${fromTag} ${callId}`);
}

/** An ACK carries the tags and the sequence number of the 2xx that it acknowledges. */
function ackKey({callId, fromTag, toTag, sequence}: MessageIdentity): string {
	return boundedKey(`${sequence.number} ${fromTag} ${toTag} ${callId}`);
}

/** What a response repeats of its request. */
export const repeatedHeaders: ReadonlySet<string> = new Set(['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Timestamp']);
