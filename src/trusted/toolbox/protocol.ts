import type {Brand} from '../../base/brand.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import type {SipHeader, SipMessage} from '../../wire/sip/message.js';
import type {SourcePolicy} from '../media/protocol.js';
import type {EngineCounters} from './engine/engine.js';
import type {OriginRecord} from './origin/origin-record.js';

/**
 * What may be said to the toolbox: plain data only, every field checked on arrival. No key bytes cross in either
 * direction; where SDP carries a key, what crosses is `a=crypto:<tag> <suite> handle:<handle>[ <session parameters>]`.
 */

/** A key that a peer sent, for installing in one leg of one call and nothing else. */
export type PeerKeyHandle = Brand<string, 'PeerKeyHandle'>;
/** A key that the toolbox made, for installing in one leg and for sealing once. */
export type OwnKeyHandle = Brand<string, 'OwnKeyHandle'>;
/** Leave to bridge the legs that it names, once. */
export type BridgeTicket = Brand<string, 'BridgeTicket'>;

export type MessageOrigin = {
	readonly transport: 'udp' | 'tcp' | 'tls';
	readonly address: string;
	readonly port: number;
};

/** Filters one SIP message that came from outside. */
export type FilterInbound = {
	readonly kind: 'filter-inbound';
	/** The user domain's name for the call; at most 64 characters. */
	readonly call: string;
	/** Which leg of the call the message belongs to; at most 32 characters. */
	readonly leg: string;
	/** `none`: a request without a body in a dialog (BYE, ACK, CANCEL). */
	readonly role: 'offer' | 'answer' | 'none';
	readonly origin: MessageOrigin;
	readonly message: SipMessage;
};

/** Makes fresh keys for what we send on a leg: one for each suite, all or none. */
export type MintKeys = {
	readonly kind: 'mint-keys';
	readonly call: string;
	readonly leg: string;
	/** 1 to 16; the handles come in this order. */
	readonly suites: readonly SrtpSuiteName[];
};

/**
 * Prepares a SIP message that leaves: replaces every `handle:` of its SDP by the key, and protects the body as
 * policy says for that leg. The recipient is derived here from policy and the call, never named by the caller.
 */
export type FilterOutbound = {
	readonly kind: 'filter-outbound';
	readonly call: string;
	readonly leg: string;
	readonly role: 'offer' | 'answer' | 'none';
	/** With the SDP of handles as its body (Content-Type application/sdp) and all headers that will be sent. */
	readonly message: SipMessage;
};

/** Asks leave to bridge two legs. */
export type AuthorizeBridge = {
	readonly kind: 'authorize-bridge';
	readonly call: string;
	readonly legs: readonly {
		readonly leg: string;
		/** Canonical AOR of the party on this leg, as far as the user domain knows it. */
		readonly identity: string;
	}[];
};

/** The call is over: its peer keys are retired, its own keys and tickets forgotten. */
export type EndCall = {readonly kind: 'end-call'; readonly call: string; readonly reason: string};

/**
 * Leaves what the user domain needs to find a call again when it comes back from the dead: the toolbox keeps the dialog state of
 * calls across a restart of the user domain, as long as it knows the call, and does not read it. Replaces what was left before.
 */
export type KeepCall = {
	readonly kind: 'keep-call';
	/** One that the toolbox knows. */
	readonly call: string;
	/** At most 65536 octets, without keys. */
	readonly snapshot: Uint8Array;
};

/** Asks for the calls that the toolbox knows, in the order of their names, as many as fit a message. */
export type ReadCalls = {
	readonly kind: 'read-calls';
	/** Those after this name; empty: from the first. */
	readonly after: string;
};

/** A call that the toolbox knows, and what was left for it. */
export type KeptCall = {readonly call: string; readonly snapshot?: Uint8Array};

export type ReadAlerts = {readonly kind: 'read-alerts'; readonly afterSequence: number; readonly limit: number};
/** Identities after one by name, with the addresses that are known for them. What is known changes only on the toolbox's own side. */
export type ReadOrigins = {readonly kind: 'read-origins'; readonly after: string; readonly limit: number};
export type ReadLedger = {readonly kind: 'read-ledger'; readonly limit: number};
/** Asks for the counters of public-key work. */
export type ReadWork = {readonly kind: 'read-work'};

export type ToolboxRequest =
	| FilterInbound
	| MintKeys
	| FilterOutbound
	| AuthorizeBridge
	| EndCall
	| KeepCall
	| ReadCalls
	| ReadAlerts
	| ReadOrigins
	| ReadLedger
	| ReadWork;

/** One `a=crypto` line of the released SDP. */
export type ReleasedKey = {
	readonly handle: PeerKeyHandle;
	readonly mediaIndex: number;
	readonly tag: number;
	readonly suite: SrtpSuiteName;
	readonly mki: Uint8Array;
};

/** What the user domain may see of a message that passed. */
export type Release = {
	readonly verdict: 'release';
	readonly protection: 'sealed' | 'sdes' | 'clear';
	/** Redacted SDP with handles; empty where the message has none. */
	readonly sdp: string;
	readonly keys: readonly ReleasedKey[];
	/** Canonical AOR (or trunk name) that the message was proven to come from; empty where nothing was proven. */
	readonly identity: string;
	/** From where the leg may take packets: what the origin monitor and the policy make of it. */
	readonly mediaSource: SourcePolicy;
	readonly template: string;
	/** Sequence number of the audit record. */
	readonly audit: number;
};

/** Why a message was refused. `reason` is one of docs/reason-codes.md. */
export type Denial = {
	readonly verdict: 'denial';
	/** Name of the template step that refused. */
	readonly step: string;
	readonly reason: string;
	/** SIP status to answer a request with. */
	readonly status: number;
	readonly reasonPhrase: string;
	/** Headers that the answer must carry: Accept with 415, our certificate's digest with 493, and so on. */
	readonly headers: readonly SipHeader[];
	readonly audit: number;
};

/** A message that may leave. */
export type Outbound = {
	readonly verdict: 'outbound';
	readonly protection: 'sealed' | 'sdes' | 'clear';
	/** The whole message, body protected and its Content-* headers set. */
	readonly message: SipMessage;
	readonly template: string;
	readonly audit: number;
};

export type Alert = {
	readonly sequence: number;
	/** Wall clock, milliseconds. */
	readonly atMs: number;
	readonly kind: string;
	readonly reason: string;
	readonly identity: string;
	readonly origin: MessageOrigin | null;
	readonly call: string;
	readonly detail: string;
	/** How many of this kind, reason and source were not shown since the last one that was. */
	readonly suppressed: number;
};

/** One identity and from where it has authenticated. */
export type KnownOrigin = {readonly identity: string; readonly records: readonly OriginRecord[]};

export type LedgerEntry = {
	readonly kind: 'message' | 'key';
	/** Hexadecimal fingerprint: SHA-256 of the signed content, or the keyed 16-octet fingerprint of a key. */
	readonly fingerprint: string;
	readonly state: 'reserved' | 'installed' | 'retired';
	readonly callId: string;
	readonly fromTag: string;
	readonly signer: string;
	readonly atMs: number;
};

export type ToolboxReply =
	| Release
	| Denial
	| Outbound
	| {readonly verdict: 'keys'; readonly handles: readonly OwnKeyHandle[]}
	| {readonly verdict: 'ticket'; readonly ticket: BridgeTicket}
	| {readonly verdict: 'done'}
	/** Empty: there are no more. */
	| {readonly verdict: 'calls'; readonly calls: readonly KeptCall[]}
	| {readonly verdict: 'alerts'; readonly alerts: readonly Alert[]}
	| {readonly verdict: 'origins'; readonly origins: readonly KnownOrigin[]}
	| {readonly verdict: 'ledger'; readonly entries: readonly LedgerEntry[]}
	| {readonly verdict: 'work'; readonly counters: EngineCounters}
	/** The request itself was not acceptable: a bug or a hostile user domain. Audited. */
	| {readonly verdict: 'refused'; readonly code: string; readonly message: string};
