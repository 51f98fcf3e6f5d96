import {SallyportError} from '../../base/error.js';
import type {SipAddress} from '../../core/sip/hop.js';
import type {Admit, SipTransport} from './sip-transport.js';
import {TcpTransport, type TcpTransportLimits} from './tcp-transport.js';
import {UdpTransport} from './udp-transport.js';

/** Where to listen. `udp+tcp`: both on one port, as RFC 3261 §18.2.1 wants it of every element; port 0 lets the system choose. */
export type SipListen = SipAddress & {
	readonly transport: 'udp' | 'tcp' | 'udp+tcp';
	/** How others reach us, for Via and Contact: must be given where `address` is `0.0.0.0` or `::`. @default `address` */
	readonly advertisedAddress?: string;
};

export type SipListener = {readonly transport: SipTransport; readonly advertised: SipAddress};

/** Opens all, or none: rejects with `SIP_LISTEN_FAILED`. */
export async function openListeners(
	listen: readonly SipListen[],
	admit: Admit,
	tcp: Partial<TcpTransportLimits> = {},
): Promise<SipListener[]> {
	for (const {address, advertisedAddress} of listen) {
		if (advertisedAddress === undefined && (address === '0.0.0.0' || address === '::')) {
			throw new RangeError(`Expected \`advertisedAddress\` where \`address\` is ${address}.`);
		}
	}

	const open: SipListener[] = [];
	try {
		for (const entry of listen) {
			for (const transport of await openEntry(entry, admit, tcp)) {
				const address = entry.advertisedAddress ?? transport.local.address;
				open.push({transport, advertised: {address, port: transport.local.port}});
			}
		}
	} catch (error) {
		await Promise.all(open.map(({transport}) => transport.close()));
		throw error;
	}

	return open;
}

async function openEntry(entry: SipListen, admit: Admit, tcp: Partial<TcpTransportLimits>): Promise<SipTransport[]> {
	switch (entry.transport) {
		case 'udp':
			return [await UdpTransport.open(entry, admit)];
		case 'tcp':
			return [await TcpTransport.open(entry, admit, tcp)];
		case 'udp+tcp':
			return openPair(entry, admit, tcp);
	}
}

/** A port that the system chose for one may be taken for the other: then it chooses again. */
async function openPair(
	{address, port}: SipAddress,
	admit: Admit,
	limits: Partial<TcpTransportLimits>,
	attempts = 16,
): Promise<SipTransport[]> {
	const tcp = await TcpTransport.open({address, port}, admit, limits);
	try {
		return [await UdpTransport.open(tcp.local, admit), tcp];
	} catch (error) {
		await tcp.close();
		if (port !== 0 || attempts === 1 || !(error instanceof SallyportError)) {
			throw error;
		}

		return openPair({address, port}, admit, limits, attempts - 1);
	}
}
