import {type Clock, systemClock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';
import {SourceBudgets} from '../core/admission/source-budgets.js';
import type {SipAddress, SipTransportName} from '../core/sip/hop.js';
import {formatHostPort} from '../core/sip/hop.js';
import type {SipTimers} from '../core/sip/timers.js';
import {SipEndpoint} from '../io/sip/sip-endpoint.js';
import type {EngineCounters} from '../trusted/toolbox/engine/engine.js';
import type {Alert, KnownOrigin, LedgerEntry} from '../trusted/toolbox/protocol.js';
import type {SrtpSuiteName} from '../wire/sdes/suites.js';
import {costs} from './admission.js';
import type {CallContext} from './call-context.js';
import {allowedMethods, registrarMethods} from './call-messages.js';
import {Gateway} from './gateway.js';
import {defaultSuites, type GatewayListen, type GatewayOptions, parseGatewayOptions} from './gateway-options.js';
import type {LegRules} from './leg-media.js';
import {Registrar} from './registrar/registrar.js';
import {startTrustedDomains, type TrustedDomains} from './trusted-domains.js';

/** A gateway that runs, and what its operator may look at. */
export type RunningGateway = {
	readonly gateway: Gateway;
	/** Where it listens for SIP, ports resolved. */
	readonly listening: readonly (SipAddress & {readonly transport: SipTransportName})[];
	readonly suites: readonly SrtpSuiteName[];
	/** What the media plane chose at its start and why. */
	readonly mediaReport: TrustedDomains['mediaReport'];
	/** Resolves when toolbox or media domain are gone; the gateway has then ended its calls and takes no more. */
	readonly lost: TrustedDomains['lost'];
	/** Puts templates in force that are not yet; calls go on. */
	readonly reloadTemplates: TrustedDomains['reloadTemplates'];
	readAlerts(afterSequence: number, limit: number): Promise<readonly Alert[]>;
	readLedger(limit: number): Promise<readonly LedgerEntry[]>;
	/** Counters of public-key work. */
	readWork(): Promise<EngineCounters>;
	readOrigins(after: string, limit: number): Promise<readonly KnownOrigin[]>;
	/** What the operator may change of the origin monitor; absent where the toolbox is not in this process. */
	readonly origins: TrustedDomains['origins'];
	/** Of the alerts since the start; absent where the toolbox is not in this process. */
	readonly alertCounters: TrustedDomains['alertCounters'];
	/** Whose arithmetic S/MIME works by; absent where the toolbox is not in this process. */
	readonly cmsProvider: TrustedDomains['cmsProvider'];
	/** Ends calls with BYE, then everything else. Safe twice. */
	close(): Promise<void>;
};

/** What a gateway stands on, in place of the machine's own. */
export type GatewaySurroundings = {
	/** @default the system's */
	readonly clock?: Clock;
	/** Of SIP transactions. @default those of RFC 3261 */
	readonly timers?: Partial<SipTimers>;
	/** @default in this process */
	readonly startDomains?: typeof startTrustedDomains;
};

/**
 * Opens a gateway: toolbox, media plane, SIP. Rejects with a `SallyportError` that says what was wrong: `BAD_OPTIONS`,
 * `STATE_UNAVAILABLE`, `SIP_LISTEN_FAILED`, or what the toolbox says; nothing is then left open.
 */
export async function openGateway(
	options: GatewayOptions,
	{clock = systemClock, timers = {}, startDomains = startTrustedDomains}: GatewaySurroundings = {},
): Promise<RunningGateway> {
	const parsed = parseGatewayOptions(options);
	const {listen, media, suites = defaultSuites, routes, toolbox, maxCalls = 1000, maxRingingMs = 180_000} = parsed;
	const {rtpTimeoutMs = 60_000, rtcpTimeoutMs = 0} = parsed;
	demandInterfaces(parsed);
	demandRegistrar(parsed);
	if (parsed.isolation !== undefined && parsed.isolation !== 'none') {
		throw new SallyportError(
			'BAD_OPTIONS',
			'Expected `isolation: none` of a gateway that shares its process with others.',
		);
	}

	const domains = await startDomains({toolbox, media, maxCalls, clock});
	const sources = new SourceBudgets(parsed.admission);
	let endpoint: SipEndpoint;
	try {
		endpoint = await SipEndpoint.open({
			listen: listen.map(({mediaInterface: _, stun: __, ...address}) => address),
			clock,
			timers,
			role: 'intermediary',
			abilities: {
				methods: parsed.registrar ? registrarMethods : allowedMethods,
				extensions: [],
				schemes: ['sip', 'sips', 'urn'],
			},
			admit: (source) => sources.spend(source, costs.message, clock.monotonicMs()),
		});
	} catch (error) {
		await domains.close();
		throw error;
	}

	const {transports} = endpoint.counters;
	const registrar = parsed.registrar && new Registrar(parsed.registrar, {toolbox: domains.toolbox, clock, sources});
	const gateway = new Gateway({
		endpoint,
		...(registrar && {registrar, locations: registrar.locationService}),
		toolbox: domains.toolbox,
		media: domains.media,
		clock,
		sources,
		suites,
		routes,
		contact: contactOf(endpoint),
		silence: {rtpTimeoutMs, rtcpTimeoutMs},
		callerRules: rulesByListener(listen, transports),
		maxCalls,
		maxRingingMs,
	});
	domains.toolbox.on('alert', (alert) => gateway.emit('alert', alert));
	let closing: Promise<void> | undefined;
	return {
		gateway,
		listening: transports.map(({transport, address, port}) => ({transport, address, port})),
		suites,
		mediaReport: domains.mediaReport,
		lost: domains.lost.then(async (domain) => {
			await gateway.close(`${domain}-lost`);
			return domain;
		}),
		reloadTemplates: domains.reloadTemplates,
		readAlerts: (afterSequence, limit) => domains.toolbox.readAlerts(afterSequence, limit),
		readOrigins: (after, limit) => domains.toolbox.readOrigins(after, limit),
		readLedger: (limit) => domains.toolbox.readLedger(limit),
		readWork: () => domains.toolbox.readWork(),
		origins: domains.origins,
		alertCounters: domains.alertCounters,
		cmsProvider: domains.cmsProvider,
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

/** A misspelt name is found at the start, not by the first call. */
function demandInterfaces({media: {interfaces}, routes, listen}: GatewayOptions): void {
	const names = new Set(interfaces.map(({name}) => name));
	const deaf = listen.find(({mediaInterface}) => mediaInterface !== undefined && !names.has(mediaInterface));
	if (deaf !== undefined) {
		throw new SallyportError(
			'BAD_OPTIONS',
			`Expected the name of one of \`media.interfaces\` for \`mediaInterface\` of the listener on ${deaf.address}, got ${deaf.mediaInterface}.`,
		);
	}

	const lost = routes.find(({mediaInterface}) => mediaInterface !== undefined && !names.has(mediaInterface));
	if (lost !== undefined) {
		throw new SallyportError(
			'BAD_OPTIONS',
			`Expected the name of one of \`media.interfaces\` for \`mediaInterface\` of the route to ${lost.to}, got ${lost.mediaInterface}.`,
		);
	}
}

/** Who is called where he has registered must be able to register. */
function demandRegistrar({registrar, routes}: GatewayOptions): void {
	const route = routes.find(({target}) => target === 'registered');
	if (route !== undefined && registrar === undefined) {
		throw new SallyportError(
			'BAD_OPTIONS',
			`Expected \`registrar\` beside the route to ${route.to} whose target is \`registered\`, got none.`,
		);
	}
}

/** The rules of each listener's callers, found again by the socket that a message came to. */
function rulesByListener(
	listen: readonly GatewayListen[],
	transports: readonly (SipAddress & {readonly transport: SipTransportName})[],
): CallContext['callerRules'] {
	// Listeners are open in the order asked, two where one entry is for both transports.
	const entries = listen.flatMap((entry) => (entry.transport === 'udp+tcp' ? [entry, entry] : [entry]));
	const key = (transport: string, {address, port}: SipAddress) => `${transport} ${formatHostPort(address, port)}`;
	const rules = new Map(
		transports.map((local, index): [string, LegRules] => {
			const {mediaInterface, stun} = entries[index] ?? {};
			return [
				key(local.transport, local),
				{...(mediaInterface === undefined ? {} : {mediaInterface}), ...(stun === undefined ? {} : {stun})},
			];
		}),
	);
	return ({transport, local}) => rules.get(key(transport, local)) ?? {};
}

/** Sealed messages do not fit a datagram: TCP where there is any. */
function contactOf(endpoint: SipEndpoint): string {
	const transports = endpoint.counters.transports.map(({transport}) => transport);
	const transport = transports.includes('tcp') ? 'tcp' : 'udp';
	const {address, port} = endpoint.localAddress(transport);
	return `sip:sallyport@${formatHostPort(address, port)};transport=${transport}`;
}
