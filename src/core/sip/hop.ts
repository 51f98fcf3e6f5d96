import type {MessageOrigin} from '../../trusted/toolbox/protocol.js';

export type SipTransportName = MessageOrigin['transport'];

/** A numeric address with its port. */
export type SipAddress = {readonly address: string; readonly port: number};

/** Where a message goes. */
export type SipTarget = SipAddress & {
	readonly transport: SipTransportName;
	/** Name of the connection to use as long as it lives (RFC 3261 §18.2.2); otherwise one to `address` is made. */
	readonly connection?: string;
	/** Socket to send a datagram from, where we listen on several. */
	readonly local?: SipAddress;
};

/** Where a message came from. */
export type SipSource = SipTarget & {readonly local: SipAddress};

/** True where the transport itself repeats what got lost. */
export function isReliable(transport: SipTransportName): boolean {
	return transport !== 'udp';
}

/** `host:port`, with brackets around IPv6. */
export function formatHostPort(host: string, port: number): string {
	return `${formatHost(host)}:${port}`;
}

/** A host as URIs and Via write it: IPv6 in brackets (RFC 3261 §25.1, IPv6reference). */
export function formatHost(host: string): string {
	return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
