import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import type {SipRequest, SipResponse} from '../../wire/sip/message.js';
import {writeSipMessage} from '../../wire/sip/write-message.js';
import {cancelFor, withVia} from './derived-requests.js';
import {formatHostPort, type SipTarget} from './hop.js';
import {type MessageIdentity, readIdentity} from './identity.js';
import {InviteClientTransaction} from './invite-client-transaction.js';
import type {LayerContext} from './layer-context.js';
import type {TransactionId} from './layer-output.js';
import {NonInviteClientTransaction} from './non-invite-client-transaction.js';
import {giveUpMs} from './timers.js';
import type {TransactionInput} from './transaction.js';

export type RequestFailure = CodedFailure<'TOO_MANY_TRANSACTIONS' | 'NO_TRANSPORT'>;

/** A request on its way: which transport it really takes, and what to try where that is refused. */
type Route = {
	readonly request: SipRequest;
	readonly target: SipTarget;
	readonly branch: string;
	/** UDP, where only the size sent the request to TCP (RFC 3261 §18.1.1). */
	readonly fallback: {readonly request: SipRequest; readonly target: SipTarget} | undefined;
};

export type ClientRecord = {
	readonly side: 'client';
	readonly id: TransactionId;
	/** A CANCEL of ours, about which the user hears nothing. */
	readonly isInternal: boolean;
	machine: InviteClientTransaction | NonInviteClientTransaction;
	route: Route;
	cancellation: 'none' | 'wanted' | 'sent';
	/** By To tag of a 2xx: the ACK that it was given, to be sent again with each of its retransmissions. */
	readonly acknowledged: Map<string, Route | undefined>;
};

/** A request that is not known to fit a smaller MTU goes by a transport with congestion control from here on (§18.1.1). */
export const largestDatagramRequest = 1300;

/** 2xx responses of further forks are dropped beyond this many. */
const maximumForks = 16;

/** The client transactions of a layer, found by branch and method (RFC 3261 §17.1.3). */
export class ClientTransactions {
	readonly #context: LayerContext<ClientRecord>;
	readonly #byId = new Map<TransactionId, ClientRecord>();
	readonly #byBranch = new Map<string, ClientRecord>();
	#sequence = 0;

	constructor(context: LayerContext<ClientRecord>) {
		this.#context = context;
	}

	get size(): number {
		return this.#byId.size;
	}

	/** True where one of our requests under way has this branch. */
	ownsBranch(branch: string, method: string): boolean {
		return this.#byBranch.has(`${branch} ${method}`);
	}

	/** Starts a transaction; `request` comes without our Via. Throws `TypeError` for one that cannot be written. */
	start(request: SipRequest, target: SipTarget, nowMs: number): Result<TransactionId, RequestFailure> {
		if (this.#byId.size >= this.#context.maximumClientTransactions) {
			return fail('TOO_MANY_TRANSACTIONS', `Expected fewer than ${this.#byId.size} client transactions.`);
		}

		const route = this.#routeFor(request, target);
		return route ? ok(this.#open(route, false, nowMs).id) : noTransport(target);
	}

	/** Sends an ACK for a 2xx, and again whenever that 2xx comes again. */
	acknowledge(id: TransactionId, ack: SipRequest, target: SipTarget): Result<void, RequestFailure> {
		const route = this.#routeFor(ack, target);
		if (!route) {
			return noTransport(target);
		}

		const toTag = readIdentity(route.request)?.toTag ?? '';
		this.#byId.get(id)?.acknowledged.set(toTag, route);
		this.#context.emit({kind: 'send', message: route.request, target: route.target, transaction: id});
		return ok(undefined);
	}

	/** Cancels an INVITE as soon as RFC 3261 §9.1 lets us: not before a provisional response. */
	cancel(id: TransactionId, nowMs: number): void {
		const record = this.#byId.get(id);
		if (record?.cancellation !== 'none' || !(record.machine instanceof InviteClientTransaction)) {
			return;
		}

		record.cancellation = 'wanted';
		this.#cancelIfPossible(record, nowMs);
	}

	/** Takes a response with a single Via. */
	receive(response: SipResponse, identity: MessageIdentity, nowMs: number): void {
		const record = this.#byBranch.get(`${identity.via.branch} ${identity.sequence.method}`);
		if (!record || !this.#isOurs(identity, record)) {
			this.#context.counters.strayResponses++;
			return;
		}

		const isInviteSuccess =
			record.machine instanceof InviteClientTransaction && response.status >= 200 && response.status < 300;
		if (isInviteSuccess && !this.#isNewSuccess(record, identity.toTag)) {
			return;
		}

		this.feed(record, {kind: 'response', response}, nowMs);
		this.#cancelIfPossible(record, nowMs);
	}

	/** @param isRefused The connection was refused, so that nobody has seen the request. */
	transportError(id: TransactionId, isRefused: boolean, nowMs: number): void {
		const record = this.#byId.get(id);
		if (!record) {
			return;
		}

		if (isRefused && record.machine.state === 'accepted') {
			this.#resendAcknowledgements(record);
		} else if (isRefused && record.route.fallback && isUnanswered(record)) {
			this.#fallBack(record, record.route.fallback, nowMs);
		} else {
			this.feed(record, {kind: 'transport-error'}, nowMs);
		}
	}

	has(id: TransactionId): boolean {
		return this.#byId.has(id);
	}

	/** Gives `input` to the machine and passes on what it says. */
	feed(record: ClientRecord, input: TransactionInput, nowMs: number): void {
		const {machine, id} = record;
		machine.handle(input, nowMs);
		this.#drain(record);
		this.#context.schedule(record, machine.waitUntil);
		if (machine.state === 'terminated' && this.#byId.delete(id)) {
			this.#byBranch.delete(branchKey(record));
			if (!record.isInternal) {
				this.#context.emit({kind: 'ended', transaction: id});
			}
		}
	}

	#drain({machine, id, isInternal}: ClientRecord): void {
		for (let output = machine.poll(); output; output = machine.poll()) {
			if (output.kind === 'send' || !isInternal) {
				this.#context.emit({...output, transaction: id});
			}
		}
	}

	#open(route: Route, isInternal: boolean, nowMs: number): ClientRecord {
		const record: ClientRecord = {
			side: 'client',
			id: `c${++this.#sequence}` as TransactionId,
			isInternal,
			machine: this.#newMachine(route, nowMs),
			route,
			cancellation: 'none',
			acknowledged: new Map(),
		};
		this.#byId.set(record.id, record);
		this.#begin(record);
		return record;
	}

	#begin(record: ClientRecord): void {
		this.#byBranch.set(branchKey(record), record);
		this.#drain(record);
		this.#context.schedule(record, record.machine.waitUntil);
	}

	#newMachine({request, target}: Route, nowMs: number): InviteClientTransaction | NonInviteClientTransaction {
		const {timers, proceedingMs} = this.#context;
		return request.method === 'INVITE'
			? new InviteClientTransaction({request, target, timers, proceedingMs}, nowMs)
			: new NonInviteClientTransaction({request, target, timers}, nowMs);
	}

	/** Adds our Via, and turns to TCP where the request with it is too large for a datagram. */
	#routeFor(request: SipRequest, target: SipTarget): Route | undefined {
		const direct = this.#routeBy(request, target);
		const octets = direct ? writeSipMessage(direct.request).length : 0;
		if (target.transport !== 'udp' || octets <= largestDatagramRequest) {
			return direct;
		}

		const {address, port} = target;
		const overTcp = this.#routeBy(request, {transport: 'tcp', address, port});
		return overTcp ? {...overTcp, fallback: {request, target}} : direct;
	}

	#routeBy(request: SipRequest, target: SipTarget): Route | undefined {
		const sentBy = this.#context.sentBy(target);
		const branch = this.#context.newBranch();
		return sentBy && {request: withVia(request, target.transport, sentBy, branch), target, branch, fallback: undefined};
	}

	#fallBack(record: ClientRecord, {request, target}: NonNullable<Route['fallback']>, nowMs: number): void {
		const route = this.#routeBy(request, target);
		if (!route) {
			this.feed(record, {kind: 'transport-error'}, nowMs);
			return;
		}

		this.#byBranch.delete(branchKey(record));
		record.route = route;
		record.machine = this.#newMachine(route, nowMs);
		this.#begin(record);
	}

	#resendAcknowledgements(record: ClientRecord): void {
		for (const [toTag, route] of record.acknowledged) {
			const fallen = route?.fallback && this.#routeBy(route.fallback.request, route.fallback.target);
			if (fallen) {
				record.acknowledged.set(toTag, fallen);
				this.#context.emit({kind: 'send', message: fallen.request, target: fallen.target, transaction: record.id});
			}
		}
	}

	#cancelIfPossible(record: ClientRecord, nowMs: number): void {
		const {machine, route} = record;
		if (record.cancellation !== 'wanted' || machine.state !== 'proceeding') {
			return;
		}

		record.cancellation = 'sent';
		this.#open({...route, request: cancelFor(route.request), fallback: undefined}, true, nowMs);
		if (machine instanceof InviteClientTransaction) {
			machine.endWithin(giveUpMs(this.#context.timers), nowMs);
			this.#context.schedule(record, machine.waitUntil);
		}
	}

	/** False for a 2xx that has been seen, which is answered here. */
	#isNewSuccess(record: ClientRecord, toTag: string): boolean {
		const {acknowledged} = record;
		if (!acknowledged.has(toTag)) {
			if (acknowledged.size >= maximumForks) {
				return false;
			}

			acknowledged.set(toTag, undefined);
			return true;
		}

		const route = acknowledged.get(toTag);
		this.#context.counters.absorbedResponses++;
		if (route) {
			this.#context.emit({kind: 'send', message: route.request, target: route.target, transaction: record.id});
		}

		return false;
	}

	/** RFC 3261 §18.1.2: the sent-by of the top Via must be ours. */
	#isOurs({via}: MessageIdentity, record: ClientRecord): boolean {
		const sentBy = this.#context.sentBy(record.route.target);
		return (
			sentBy !== undefined &&
			formatHostPort(via.host, via.port ?? sentBy.port).toLowerCase() ===
				formatHostPort(sentBy.address, sentBy.port).toLowerCase()
		);
	}
}

function branchKey({route}: ClientRecord): string {
	return `${route.branch} ${route.request.method}`;
}

function isUnanswered({machine}: ClientRecord): boolean {
	return machine.state === 'calling' || machine.state === 'trying';
}

function noTransport({transport, address}: SipTarget): {readonly ok: false; readonly failure: RequestFailure} {
	return fail('NO_TRANSPORT', `Expected a socket that sends by ${transport} to ${address}.`);
}
