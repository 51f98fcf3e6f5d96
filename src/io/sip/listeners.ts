import {SallyportError} from '../../base/error.js';
import type {SipAddress} from '../../core/sip/hop.js';
import type {Admit, SipTransport} from './sip-transport.js';
import {TcpTransport, type TcpTransportLimits} from './tcp-transport.js';
import {UdpTransport} from './udp-transport.js';

/** Where to listen. `udp+tcp`: both on one port, as RFC 3261 §18.2.1 wants it of every element; port 0 lets the system choose. */
export type SipListen = SipAddress & {readonly transport: 'udp' | 'tcp' | 'udp+tcp'};

/** Opens all, or none: rejects with `SIP_LISTEN_FAILED`. */
export async function openListeners(
	listen: readonly SipListen[],
	admit: Admit,
	tcp: Partial<TcpTransportLimits> = {},
): Promise<SipTransport[]> {
	const open: SipTransport[] = [];
	try {
		for (const entry of listen) {
			if (entry.transport === 'udp+tcp') {
				open.push(...(await openPair(entry, admit, tcp)));
			} else {
				open.push(
					entry.transport === 'udp'
						? await UdpTransport.open(entry, admit)
						: await TcpTransport.open(entry, admit, tcp),
				);
			}
		}
	} catch (error) {
		await Promise.all(open.map((transport) => transport.close()));
		throw error;
	}

	return open;
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
