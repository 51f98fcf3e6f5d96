import {EventEmitter} from 'node:events';
import {SallyportError} from '../../base/error.js';
import type {Link} from '../../base/link.js';
import {PortRequests} from '../media/port-requests.js';
import type {EngineCounters} from './engine/engine.js';
import type {
	Alert,
	AuthorizeBridge,
	BridgeTicket,
	Denial,
	EndCall,
	FilterInbound,
	FilterOutbound,
	KeptCall,
	KnownOrigin,
	LedgerEntry,
	MintKeys,
	Outbound,
	OwnKeyHandle,
	Release,
	ToolboxReply,
	ToolboxRequest,
} from './protocol.js';
import {parseToolboxEvent, parseToolboxReply} from './toolbox-replies.js';

/**
 * The user domain's side of the toolbox's port. Every method rejects with a `SallyportError` that has the toolbox's code
 * where it refused the request, PORT_CLOSED, or BAD_REPLY. Emits `alert` for each alert as it is raised, and `breach` where
 * something else came than replies and events as agreed: the port is closed then.
 */
export class ToolboxClient extends EventEmitter<{alert: [Alert]; breach: []}> {
	readonly #requests: PortRequests<ToolboxRequest, ToolboxReply>;

	constructor(port: Link) {
		super();
		this.#requests = new PortRequests(port, {
			parseReply: parseToolboxReply,
			onBadReply: () => this.#onBreach(),
			onOther: (message) => this.#onEvent(message),
		});
	}

	/** Filters a message that came from outside. */
	async filterInbound(request: Omit<FilterInbound, 'kind'>): Promise<Release | Denial> {
		const reply = await this.#ask({kind: 'filter-inbound', ...request});
		return reply.verdict === 'release' || reply.verdict === 'denial' ? reply : unexpected();
	}

	/** Prepares a message that leaves. */
	async filterOutbound(request: Omit<FilterOutbound, 'kind'>): Promise<Outbound | Denial> {
		const reply = await this.#ask({kind: 'filter-outbound', ...request});
		return reply.verdict === 'outbound' || reply.verdict === 'denial' ? reply : unexpected();
	}

	/** Makes fresh keys for what we send on a leg, one for each suite, in their order. */
	async mintKeys<const Suites extends MintKeys['suites']>(
		request: Omit<MintKeys, 'kind' | 'suites'> & {readonly suites: Suites},
	): Promise<OwnKeysOf<Suites>> {
		const reply = await this.#ask({kind: 'mint-keys', ...request});
		return reply.verdict === 'keys' && reply.handles.length === request.suites.length
			? (reply.handles as OwnKeysOf<Suites>)
			: unexpected();
	}

	/** Asks leave to bridge legs. */
	async authorizeBridge(request: Omit<AuthorizeBridge, 'kind'>): Promise<BridgeTicket> {
		const reply = await this.#ask({kind: 'authorize-bridge', ...request});
		return reply.verdict === 'ticket' ? reply.ticket : unexpected();
	}

	/** Says that a call is over. */
	async endCall(request: Omit<EndCall, 'kind'>): Promise<void> {
		await this.#ask({kind: 'end-call', ...request});
	}

	/** Leaves what a restarted user domain needs for a call; octets as `KeepCall` says. */
	async keepCall(call: string, snapshot: Uint8Array): Promise<void> {
		await this.#ask({kind: 'keep-call', call, snapshot});
	}

	/** All calls that the toolbox knows, with what was left for them. */
	async readCalls(): Promise<readonly KeptCall[]> {
		const all: KeptCall[] = [];
		for (;;) {
			const reply = await this.#ask({kind: 'read-calls', after: all.at(-1)?.call ?? ''});
			const calls = reply.verdict === 'calls' ? reply.calls : unexpected();
			all.push(...calls);
			if (calls.length === 0) {
				return all;
			}
		}
	}

	/** Alerts after a sequence number, oldest first; at most 1000. */
	async readAlerts(afterSequence: number, limit: number): Promise<readonly Alert[]> {
		const reply = await this.#ask({kind: 'read-alerts', afterSequence, limit});
		return reply.verdict === 'alerts' ? reply.alerts : unexpected();
	}

	/** Identities after one by name, at most 1000, with the addresses that are known for them. */
	async readOrigins(after: string, limit: number): Promise<readonly KnownOrigin[]> {
		const reply = await this.#ask({kind: 'read-origins', after, limit});
		return reply.verdict === 'origins' ? reply.origins : unexpected();
	}

	/** Ledger entries changed last, newest first; at most 1000. */
	async readLedger(limit: number): Promise<readonly LedgerEntry[]> {
		const reply = await this.#ask({kind: 'read-ledger', limit});
		return reply.verdict === 'ledger' ? reply.entries : unexpected();
	}

	/** Public-key work that the toolbox does, was spared and refused. */
	async readWork(): Promise<EngineCounters> {
		const reply = await this.#ask({kind: 'read-work'});
		return reply.verdict === 'work' ? reply.counters : unexpected();
	}

	/** Closes the port; open requests reject. */
	close(): void {
		this.#requests.close();
	}

	#onEvent(message: unknown): void {
		const alert = parseToolboxEvent(message);
		if (alert === undefined) {
			this.#onBreach();
		} else {
			this.emit('alert', alert);
		}
	}

	#onBreach(): void {
		this.#requests.close();
		this.emit('breach');
	}

	async #ask(request: ToolboxRequest): Promise<ToolboxReply> {
		const reply = await this.#requests.ask(request);
		if (reply.verdict === 'refused') {
			throw new SallyportError(reply.code, reply.message);
		}

		return reply;
	}
}

/** A handle for each suite. */
export type OwnKeysOf<Suites extends MintKeys['suites']> = {readonly [Index in keyof Suites]: OwnKeyHandle};

function unexpected(): never {
	throw new SallyportError('BAD_REPLY', 'Expected a reply of the agreed form.');
}
