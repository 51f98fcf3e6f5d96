import type {EventEmitter} from 'node:events';
import type {CodedFailure, Result} from '../../base/result.js';
import type {SipAddress, SipSource, SipTarget, SipTransportName} from '../../core/sip/hop.js';
import type {SipFailure} from '../../wire/sip/failure.js';
import type {SipMessage} from '../../wire/sip/message.js';

/**
 * Why bytes were not handed to the network. `REFUSED`: the peer's machine refused the connection, so nobody has seen
 * them. `OVERLOADED`: a bound of ours (connections, bytes that wait) was reached.
 */
export type SipTransportFailure = CodedFailure<'REFUSED' | 'UNREACHABLE' | 'TIMEOUT' | 'OVERLOADED' | 'CLOSED'>;

export type SipTransportEvents = {
	message: [message: SipMessage, source: SipSource];
	/** Bytes that are not SIP. */
	malformed: [failure: SipFailure, source: SipSource];
};

/** Counted since the start, over all sockets of one transport. */
export type SipTransportCounters = {
	received: number;
	sent: number;
	failedSends: number;
	malformed: number;
	/** Datagrams, connections and messages that `admit` turned away. */
	refused: number;
	/** Keep-alives of RFC 5626 §3.5.1, and what passes for them over UDP. */
	keepAlives: number;
	/** Connections that were cut for silence, for a message that came too slowly, or for what they made us hold. */
	cut: number;
};

/** Says whether a stranger may be listened to now: where rate limits by source go. */
export type Admit = (
	source: SipAddress & {readonly transport: SipTransportName},
	kind: 'connection' | 'message',
) => boolean;

/** A socket that speaks SIP. Errors are outcomes and counters, never exceptions. */
export interface SipTransport extends EventEmitter<SipTransportEvents> {
	readonly transport: SipTransportName;
	/** Where it listens. */
	readonly local: SipAddress;
	readonly counters: Readonly<SipTransportCounters>;
	/** Connections that are open or opening; none over UDP. */
	readonly connections: number;

	send(bytes: Uint8Array, target: SipTarget): Promise<Result<void, SipTransportFailure>>;
	/** Ends all connections; when it resolves no handle is left. */
	close(): Promise<void>;
}

export function newTransportCounters(): SipTransportCounters {
	return {received: 0, sent: 0, failedSends: 0, malformed: 0, refused: 0, keepAlives: 0, cut: 0};
}
