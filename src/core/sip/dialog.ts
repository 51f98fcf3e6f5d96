import {type CodedFailure, fail, ok, type Result} from '../../base/result.js';
import {parseCSeq, writeCSeq} from '../../wire/sip/cseq.js';
import {header, headerValues} from '../../wire/sip/headers.js';
import type {SipHeader, SipRequest, SipResponse} from '../../wire/sip/message.js';
import {parseNameAddr} from '../../wire/sip/name-addr.js';
import {parseSipUri} from '../../wire/sip/uri.js';
import {type MessageIdentity, readIdentity} from './identity.js';

export type DialogId = {readonly callId: string; readonly localTag: string; readonly remoteTag: string};

export type DialogFailure = CodedFailure<'NOT_A_DIALOG'>;

/** How to refuse a request that arrived in, or for, a dialog. */
export type DialogRefusal = {
	readonly status: 481 | 491 | 500;
	readonly reason: string;
	readonly headers: readonly SipHeader[];
};

type DialogParts = DialogState & {
	readonly isConfirmed: boolean;
	readonly isLocalInvite: boolean;
};

/** A dialog as plain data: what another process needs to carry it on. */
export type DialogState = {
	readonly id: DialogId;
	/** From or To value with its tag, as our requests carry it in From. */
	readonly local: string;
	readonly remote: string;
	readonly localSequence: number | undefined;
	readonly remoteSequence: number | undefined;
	readonly remoteTarget: string;
	readonly routeSet: readonly string[];
};

/** Parts of a request in the dialog that are not the dialog's own. */
export type DialogRequestParts = {readonly headers?: readonly SipHeader[]; readonly body?: Uint8Array};

/**
 * One side of a dialog (RFC 3261 §12): numbers and routes what we send, checks what comes. Whoever holds it has its
 * offers bound to this Call-ID and both tags.
 */
export class Dialog {
	readonly id: DialogId;
	readonly #local: string;
	readonly #remote: string;
	#localSequence: number | undefined;
	#remoteSequence: number | undefined;
	#remoteTarget: string;
	#routeSet: readonly string[];
	#state: 'early' | 'confirmed' | 'terminated';
	/** INVITEs without final response, by whose they are (RFC 3261 §14). */
	#isLocalInvitePending: boolean;
	#isRemoteInvitePending: boolean;

	private constructor(parts: DialogParts) {
		this.id = parts.id;
		this.#local = parts.local;
		this.#remote = parts.remote;
		this.#localSequence = parts.localSequence;
		this.#remoteSequence = parts.remoteSequence;
		this.#remoteTarget = parts.remoteTarget;
		this.#routeSet = parts.routeSet;
		this.#state = parts.isConfirmed ? 'confirmed' : 'early';
		this.#isLocalInvitePending = parts.isLocalInvite && !parts.isConfirmed;
		this.#isRemoteInvitePending = !parts.isLocalInvite && !parts.isConfirmed;
	}

	/** The dialog of an INVITE that came to us and that we answer under `localTag` (§12.1.1). */
	static fromRequest(request: SipRequest, localTag: string): Result<Dialog, DialogFailure> {
		const identity = readIdentity(request);
		const remoteTarget = contactUri(request);
		if (!identity || remoteTarget === undefined) {
			return fail('NOT_A_DIALOG', 'Expected an INVITE with one Contact, got none or another.');
		}

		const to = header(request, 'To') ?? '';
		return ok(
			new Dialog({
				id: {callId: identity.callId, localTag, remoteTag: identity.fromTag},
				local: identity.toTag === '' ? `${to};tag=${localTag}` : to,
				remote: header(request, 'From') ?? '',
				localSequence: undefined,
				remoteSequence: identity.sequence.number,
				remoteTarget,
				routeSet: headerValues(request, 'Record-Route'),
				isConfirmed: false,
				isLocalInvite: false,
			}),
		);
	}

	/** The dialog that a response with a To tag to our INVITE makes: one per fork (§12.1.2). */
	static fromResponse(request: SipRequest, response: SipResponse): Result<Dialog, DialogFailure> {
		const identity = readIdentity(response);
		const remoteTarget = contactUri(response);
		if (!identity?.toTag || response.status <= 100 || response.status >= 300 || remoteTarget === undefined) {
			return fail('NOT_A_DIALOG', 'Expected a response of 101 to 299 with To tag and one Contact, got another.');
		}

		return ok(
			new Dialog({
				id: {callId: identity.callId, localTag: identity.fromTag, remoteTag: identity.toTag},
				local: header(request, 'From') ?? '',
				remote: header(response, 'To') ?? '',
				localSequence: identity.sequence.number,
				remoteSequence: undefined,
				remoteTarget,
				routeSet: headerValues(response, 'Record-Route').reverse(),
				isConfirmed: response.status >= 200,
				isLocalInvite: true,
			}),
		);
	}

	/** A confirmed dialog that was kept as data; an INVITE that was pending then is not any more. */
	static restore(state: DialogState): Dialog {
		return new Dialog({...state, isConfirmed: true, isLocalInvite: false});
	}

	/** What {@link restore} takes. Throws `RangeError` unless the dialog is confirmed. */
	toState(): DialogState {
		if (this.#state !== 'confirmed') {
			throw new RangeError(`Expected a confirmed dialog, got one that is ${this.#state}.`);
		}

		return {
			id: this.id,
			local: this.#local,
			remote: this.#remote,
			localSequence: this.#localSequence,
			remoteSequence: this.#remoteSequence,
			remoteTarget: this.#remoteTarget,
			routeSet: this.#routeSet,
		};
	}

	get state(): 'early' | 'confirmed' | 'terminated' {
		return this.#state;
	}

	/** Contact URI of the peer, as last heard. */
	get remoteTarget(): string {
		return this.#remoteTarget;
	}

	/** Where requests go next: the first route, or the peer itself (§12.2.1.1, §8.1.2). */
	get nextHop(): string {
		const [first] = this.#routeSet;
		return first === undefined ? this.#remoteTarget : uriOf(first);
	}

	/** True while neither side has an INVITE without final response (§14.1). */
	get canInvite(): boolean {
		return this.#state === 'confirmed' && !this.#isLocalInvitePending && !this.#isRemoteInvitePending;
	}

	/**
	 * A request in the dialog, complete but for Via (§12.2.1.1). Throws `RangeError` for an INVITE while another is
	 * pending, or for anything once the dialog has ended. ACK: see {@link makeAck}.
	 */
	makeRequest(method: string, {headers = [], body = new Uint8Array()}: DialogRequestParts = {}): SipRequest {
		if (this.#state === 'terminated' || (method === 'INVITE' && !this.canInvite)) {
			throw new RangeError(`Expected a dialog that can send ${method}, got one that is ${this.#state} or busy.`);
		}

		this.#localSequence = (this.#localSequence ?? 0) + 1;
		if (method === 'INVITE') {
			this.#isLocalInvitePending = true;
		} else if (method === 'BYE') {
			this.#state = 'terminated';
		}

		return this.#compose(method, this.#localSequence, headers, body);
	}

	/** The ACK of a 2xx: it has the sequence number and the credentials of the INVITE (§13.2.2.4). */
	makeAck(invite: SipRequest, {headers = [], body = new Uint8Array()}: DialogRequestParts = {}): SipRequest {
		const credentials = invite.headers.filter(({name}) => /^(?:proxy-)?authorization$/i.test(name));
		const sequence = parseCSeq(header(invite, 'CSeq') ?? '');
		return this.#compose('ACK', sequence.ok ? sequence.value.number : 0, [...credentials, ...headers], body);
	}

	/** Takes in a response to a request of ours in this dialog: state, remote target, route set (§12.1, §12.2.1.2). */
	receiveResponse(response: SipResponse): void {
		const identity = readIdentity(response);
		if (!identity || identity.toTag !== this.id.remoteTag) {
			return;
		}

		const isInvite = identity.sequence.method === 'INVITE';
		if (isInvite && response.status >= 200) {
			this.#isLocalInvitePending = false;
		}

		if (response.status === 481 || response.status === 408) {
			this.#state = 'terminated';
		} else if (isInvite && response.status < 300) {
			this.#remoteTarget = contactUri(response) ?? this.#remoteTarget;
			if (this.#state === 'early' && response.status >= 200) {
				// §13.2.2.4: the route set of a 2xx counts, not that of the provisional response before it.
				this.#routeSet = headerValues(response, 'Record-Route').reverse();
				this.#state = 'confirmed';
			}
		} else if (isInvite && response.status >= 300 && this.#state === 'early') {
			this.#state = 'terminated';
		}
	}

	/** An INVITE of ours will get no final response: it could not be sent. */
	abandonInvite(): void {
		this.#isLocalInvitePending = false;
	}

	/** Takes in the final or provisional response that we give to an INVITE of the peer. */
	answerInvite(status: number): void {
		if (status < 200) {
			return;
		}

		this.#isRemoteInvitePending = false;
		if (this.#state === 'early') {
			this.#state = status < 300 ? 'confirmed' : 'terminated';
		}
	}

	/**
	 * Checks a request that carries a To tag: undefined where it is in this dialog and in order (§12.2.2), else how to
	 * refuse it. ACK and CANCEL number nothing and are not checked here.
	 */
	receiveRequest(request: SipRequest): DialogRefusal | undefined {
		const identity = readIdentity(request);
		if (!identity || !this.matches(identity) || this.#state === 'terminated') {
			return {status: 481, reason: 'Call/Transaction Does Not Exist', headers: []};
		}

		const {number} = identity.sequence;
		if (this.#remoteSequence !== undefined && number <= this.#remoteSequence) {
			return {status: 500, reason: 'Server Internal Error', headers: []};
		}

		this.#remoteSequence = number;
		if (request.method === 'BYE') {
			this.#state = 'terminated';
		}

		return request.method === 'INVITE' || request.method === 'UPDATE' ? this.#receiveInvite(request) : undefined;
	}

	/** How to refuse an offer that comes now, before anything of it is read: one INVITE at a time (§14.2, RFC 3311 §5.2). */
	refuseOffer(): DialogRefusal | undefined {
		if (this.#isLocalInvitePending) {
			return {status: 491, reason: 'Request Pending', headers: []};
		}

		return this.#isRemoteInvitePending
			? {status: 500, reason: 'Server Internal Error', headers: [{name: 'Retry-After', value: '5'}]}
			: undefined;
	}

	/** True for a request of the peer in this dialog, by Call-ID and both tags. */
	matches({callId, fromTag, toTag}: Pick<MessageIdentity, 'callId' | 'fromTag' | 'toTag'>): boolean {
		return callId === this.id.callId && fromTag === this.id.remoteTag && toTag === this.id.localTag;
	}

	#receiveInvite(request: SipRequest): DialogRefusal | undefined {
		const refusal = this.refuseOffer();
		if (refusal === undefined) {
			this.#remoteTarget = contactUri(request) ?? this.#remoteTarget;
			this.#isRemoteInvitePending = request.method === 'INVITE';
		}

		return refusal;
	}

	/** §12.2.1.1: with a strict router (no `lr`) the Request-URI is its, and the peer's own goes to the end of the route. */
	#compose(method: string, sequence: number, headers: readonly SipHeader[], body: Uint8Array): SipRequest {
		const [first] = this.#routeSet;
		const isStrict = first !== undefined && !isLooseRouter(first);
		const route = isStrict ? [...this.#routeSet.slice(1), `<${this.#remoteTarget}>`] : this.#routeSet;
		return {
			kind: 'request',
			method,
			uri: isStrict ? uriOf(first) : this.#remoteTarget,
			headers: [
				...route.map((value) => ({name: 'Route', value})),
				{name: 'Max-Forwards', value: '70'},
				{name: 'From', value: this.#local},
				{name: 'To', value: this.#remote},
				{name: 'Call-ID', value: this.id.callId},
				{name: 'CSeq', value: writeCSeq({number: sequence, method})},
				...headers,
			],
			body,
		};
	}
}

/** URI of the only Contact; undefined where there is none or several. */
function contactUri(message: SipRequest | SipResponse): string | undefined {
	const [value, ...others] = headerValues(message, 'Contact');
	const contact = parseNameAddr(value ?? '');
	return others.length === 0 && contact.ok ? contact.value.uri : undefined;
}

function uriOf(route: string): string {
	const address = parseNameAddr(route);
	return address.ok ? address.value.uri : '';
}

function isLooseRouter(route: string): boolean {
	const uri = parseSipUri(uriOf(route));
	return uri.ok && uri.value.params.some(({name}) => name === 'lr');
}
