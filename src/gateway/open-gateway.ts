import {systemClock} from '../base/clock.js';
import type {SipAddress, SipTransportName} from '../core/sip/hop.js';
import {SipEndpoint} from '../io/sip/sip-endpoint.js';
import type {Alert, LedgerEntry} from '../trusted/toolbox/protocol.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {Gateway} from './gateway.js';
import {defaultSuites, type GatewayOptions, parseGatewayOptions} from './gateway-options.js';
import {startTrustedDomains} from './trusted-domains.js';

/** A gateway that runs, and what its operator may look at. */
export type RunningGateway = {
	readonly gateway: Gateway;
	/** Where it listens for SIP, ports resolved. */
	readonly listening: readonly (SipAddress & {readonly transport: SipTransportName})[];
	readonly suites: readonly SrtpSuiteName[];
	readAlerts(afterSequence: number, limit: number): Promise<readonly Alert[]>;
	readLedger(limit: number): Promise<readonly LedgerEntry[]>;
	/** Ends calls with BYE, then everything else. Safe twice. */
	close(): Promise<void>;
};

/**
 * Opens a gateway: toolbox, media plane, SIP. Rejects with a `SallyportError` that says what was wrong: `BAD_OPTIONS`,
 * `SIP_LISTEN_FAILED`, or what the toolbox says; nothing is then left open.
 */
export async function openGateway(options: GatewayOptions): Promise<RunningGateway> {
	const {listen, media, suites = defaultSuites, routes, toolbox, maxCalls = 1000} = parseGatewayOptions(options);
	const domains = await startTrustedDomains({
		toolbox,
		media: media.portRange === undefined ? {} : {portRange: media.portRange},
		maxCalls,
	});
	let endpoint: SipEndpoint;
	try {
		endpoint = await SipEndpoint.open({listen});
	} catch (error) {
		await domains.close();
		throw error;
	}

	const {transports} = endpoint.counters;
	const listening = transports.map(({transport, address, port}) => ({transport, address, port}));
	const gateway = new Gateway({
		endpoint,
		toolbox: domains.toolbox,
		media: domains.media,
		clock: systemClock,
		mediaAddress: media.address,
		suites,
		routes,
		contact: contactOf(listening),
		maxCalls,
	});
	let closing: Promise<void> | undefined;
	return {
		gateway,
		listening,
		suites,
		readAlerts: (afterSequence, limit) => domains.toolbox.readAlerts(afterSequence, limit),
		readLedger: (limit) => domains.toolbox.readLedger(limit),
		close() {
			closing ??= (async () => {
				await gateway.close();
				await endpoint.close();
				await domains.close();
			})();
			return closing;
		},
	};
}

/** Sealed messages do not fit a datagram: TCP where there is any. */
function contactOf(listening: RunningGateway['listening']): string {
	const chosen = listening.find(({transport}) => transport === 'tcp') ?? listening[0];
	if (chosen === undefined) {
		throw new RangeError('Expected at least one listening address, got none.');
	}

	const host = chosen.address.includes(':') ? `[${chosen.address}]` : chosen.address;
	return `sip:sallyport@${host}:${chosen.port};transport=${chosen.transport}`;
}
