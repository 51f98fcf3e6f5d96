import {randomBytes} from 'node:crypto';
import {SallyportError} from '../../../base/error.js';
import {ledgerKey} from '../ledger/ledger-record.js';
import type {CallDecision} from '../policy/call-rules.js';
import type {BridgeTicket, KeptCall, OwnKeyHandle, PeerKeyHandle} from '../protocol.js';
import type {KeyVault} from './key-vault.js';
import {Leg, type OwnKey, type PeerKey} from './leg.js';

/** Leave to bridge, not yet used. */
export type IssuedTicket = {
	readonly call: string;
	readonly legs: readonly {readonly leg: string; readonly clearAllowed: boolean}[];
};

type Call = {
	readonly legs: Map<string, Leg>;
	/** Every identity that the call has claimed, by ledger key. */
	readonly claims: Set<string>;
	readonly tickets: Set<BridgeTicket>;
	/** Peer that a ticket was given for, by leg. */
	readonly ticketPeers: Map<string, string>;
	/** What the user domain left for itself. */
	snapshot?: Uint8Array;
};

/** Calls that live, their legs, and what was handed out for them. Bounded: a full table refuses new calls. */
export class CallTable {
	readonly vault: KeyVault;
	readonly #calls = new Map<string, Call>();
	readonly #peerKeys = new Map<PeerKeyHandle, {readonly leg: Leg; readonly key: PeerKey}>();
	readonly #ownKeys = new Map<OwnKeyHandle, {readonly leg: Leg; readonly key: OwnKey}>();
	readonly #tickets = new Map<BridgeTicket, IssuedTicket>();
	readonly #limit: number;

	constructor(vault: KeyVault, limit = 100_000) {
		this.vault = vault;
		this.#limit = limit;
	}

	get size(): number {
		return this.#calls.size;
	}

	/** Handles and tickets that are out. */
	get issued(): number {
		return this.#peerKeys.size + this.#ownKeys.size + this.#tickets.size;
	}

	/** True when the call is in the table, or may come in. */
	hasRoom(call: string): boolean {
		return this.#calls.has(call) || this.#calls.size < this.#limit;
	}

	/** The leg, or a new one that is not in the table until `keep`. */
	leg(call: string, name: string): Leg {
		return this.#calls.get(call)?.legs.get(name) ?? new Leg(call, name);
	}

	/** Puts a leg into the table. Throws `SallyportError` TOO_MANY_CALLS or TOO_MANY_LEGS. */
	keep(leg: Leg): void {
		const {legs} = this.#open(leg.call);
		if (!legs.has(leg.name) && legs.size >= maxLegs) {
			throw new SallyportError('TOO_MANY_LEGS', `Expected at most ${maxLegs} legs in a call.`);
		}

		legs.set(leg.name, leg);
	}

	/** Notes what the ledger granted to a call, so that its end retires it. */
	noteClaims(call: string, messages: readonly string[], keys: readonly string[]): void {
		const {claims} = this.#open(call);
		for (const fingerprint of messages) {
			claims.add(ledgerKey('message', fingerprint));
		}

		for (const fingerprint of keys) {
			claims.add(ledgerKey('key', fingerprint));
		}
	}

	registerPeerKey(leg: Leg, key: PeerKey): void {
		this.#peerKeys.set(key.handle, {leg, key});
	}

	/** Throws `SallyportError` TOO_MANY_KEYS where a leg has no room for so many more keys of our own. */
	demandRoomForKeys(leg: Leg, count: number): void {
		if (leg.ownKeys.size + count > maxOwnKeys) {
			throw new SallyportError('TOO_MANY_KEYS', `Expected at most ${maxOwnKeys} keys of our own on a leg.`);
		}
	}

	/** There must be room: see `demandRoomForKeys`. */
	registerOwnKey(leg: Leg, key: OwnKey): void {
		leg.ownKeys.set(key.handle, key);
		this.#ownKeys.set(key.handle, {leg, key});
	}

	peerKey(handle: PeerKeyHandle, call: string, leg: string): {readonly leg: Leg; readonly key: PeerKey} | undefined {
		const found = this.#peerKeys.get(handle);
		return found?.leg.call === call && found.leg.name === leg ? found : undefined;
	}

	ownKey(handle: OwnKeyHandle, call: string, leg: string): {readonly leg: Leg; readonly key: OwnKey} | undefined {
		const found = this.#ownKeys.get(handle);
		return found?.leg.call === call && found.leg.name === leg ? found : undefined;
	}

	retirePeerKey(key: PeerKey): void {
		key.state = 'retired';
		key.held.destroy();
		this.#peerKeys.delete(key.handle);
	}

	issueTicket(ticket: IssuedTicket, peers: ReadonlyMap<string, string>): BridgeTicket {
		const call = this.#open(ticket.call);
		if (call.tickets.size >= maxTickets) {
			throw new SallyportError('TOO_MANY_TICKETS', `Expected at most ${maxTickets} unused tickets in a call.`);
		}

		const name = newHandle() as BridgeTicket;
		this.#tickets.set(name, ticket);
		call.tickets.add(name);
		for (const [leg, peer] of peers) {
			call.ticketPeers.set(leg, peer);
		}

		return name;
	}

	/** What policy decided of a call when its offer passed. */
	decisionOf(call: string): CallDecision | undefined {
		const legs = this.#calls.get(call)?.legs.values() ?? [];
		return [...legs].find(({decision}) => decision !== undefined)?.decision;
	}

	/** The peer for whom leave to bridge a leg was given. */
	ticketPeer(call: string, leg: string): string | undefined {
		return this.#calls.get(call)?.ticketPeers.get(leg);
	}

	/** Takes a ticket out, so that it serves once. */
	takeTicket(name: BridgeTicket): IssuedTicket | undefined {
		const ticket = this.#tickets.get(name);
		this.#tickets.delete(name);
		if (ticket) {
			this.#calls.get(ticket.call)?.tickets.delete(name);
		}

		return ticket;
	}

	/** Keeps what the user domain left. Throws `SallyportError` UNKNOWN_CALL. */
	keepSnapshot(name: string, snapshot: Uint8Array): void {
		const call = this.#calls.get(name);
		if (call === undefined) {
			throw new SallyportError('UNKNOWN_CALL', 'Expected a call that the toolbox knows.');
		}

		call.snapshot = Uint8Array.from(snapshot);
	}

	/** Calls with what was left for them, by name from the first after `after`: one at least, and no more than a message holds. */
	kept(after: string): readonly KeptCall[] {
		const names = [...this.#calls.keys()].filter((name) => name > after).sort();
		const kept: KeptCall[] = [];
		let octets = 0;
		for (const name of names) {
			const snapshot = this.#calls.get(name)?.snapshot;
			octets += 128 + (snapshot?.length ?? 0);
			if (kept.length > 0 && octets > maxKeptOctets) {
				break;
			}

			kept.push({call: name, ...(snapshot && {snapshot})});
		}

		return kept;
	}

	/** Forgets a call and returns what it had claimed. */
	end(name: string): readonly string[] {
		const call = this.#calls.get(name);
		if (!call) {
			return [];
		}

		for (const leg of call.legs.values()) {
			for (const {handle} of leg.peerKeys) {
				this.#peerKeys.delete(handle);
			}

			for (const handle of leg.ownKeys.keys()) {
				this.#ownKeys.delete(handle);
			}

			leg.destroy();
		}

		for (const ticket of call.tickets) {
			this.#tickets.delete(ticket);
		}

		this.#calls.delete(name);
		return [...call.claims];
	}

	names(): readonly string[] {
		return [...this.#calls.keys()];
	}

	#open(name: string): Call {
		const present = this.#calls.get(name);
		if (present) {
			return present;
		}

		if (this.#calls.size >= this.#limit) {
			throw new SallyportError('TOO_MANY_CALLS', `Expected at most ${this.#limit} calls at once.`);
		}

		const call = {legs: new Map(), claims: new Set<string>(), tickets: new Set<BridgeTicket>(), ticketPeers: new Map()};
		this.#calls.set(name, call);
		return call;
	}
}

/** 128 random bits, hexadecimal: nobody guesses one. */
export function newHandle(): string {
	return randomBytes(16).toString('hex');
}

const maxLegs = 16;
const maxOwnKeys = 256;
const maxTickets = 16;
/** Of what the user domain may leave for a call. */
export const maxSnapshotOctets = 65_536;
const maxKeptOctets = 1_048_576;
