import {isIP} from 'node:net';
import {z} from 'zod';
import {SallyportError} from '../base/error.js';
import type {SourceBudgetLimits} from '../core/admission/source-budgets.js';
import type {SipListen} from '../io/sip/listeners.js';
import type {MediaPlaneOptions} from '../trusted/media/plane-options.js';
import type {ToolboxOptions} from '../trusted/toolbox/policy/toolbox-options.js';
import {isSrtpSuiteName, type SrtpSuiteName} from '../wire/sdes/suites.js';
import type {LegRules} from './leg-media.js';
import type {RegistrarOptions} from './registrar/registrar.js';
import type {Route} from './routing.js';

/** A listener, and what holds for the callers who come by it. */
export type GatewayListen = SipListen & LegRules;

/** What a gateway is opened with. Unknown names are refused by name. */
export type GatewayOptions = {
	/** TCP should be among them: sealed messages are too long for UDP (RFC 3261 §18.1.1). `udp+tcp` is both on one port. */
	readonly listen: readonly GatewayListen[];
	/** A leg is where its listener or route says, else on the first interface. */
	readonly media: Omit<MediaPlaneOptions, 'maxRelays'>;
	/** Offered and accepted, by preference. @default AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80 */
	readonly suites?: readonly SrtpSuiteName[];
	readonly routes: readonly Route[];
	/** Takes registrations of addresses in its domains; calls to them go where a route says `target: registered`. @default none */
	readonly registrar?: RegistrarOptions;
	readonly toolbox: ToolboxOptions;
	/** Calls at one time. @default 1000 */
	readonly maxCalls?: number;
	/** How long a callee may ring before the caller gets 408. @default 180_000 */
	readonly maxRingingMs?: number;
	/**
	 * Silence on RTP after which a leg that should speak ends its call with `rtp-timeout`, 1000 to 86400000; 0 is never. A leg on
	 * hold may be silent. @default 60_000
	 */
	readonly rtpTimeoutMs?: number;
	/** The same for RTCP, which many peers do not send. @default 0 */
	readonly rtcpTimeoutMs?: number;
	/** What each source may cost before it has proven itself: a message 1, an INVITE 4 more. */
	readonly admission?: Pick<SourceBudgetLimits, 'perSecond' | 'burst'>;
	/** Path of the admin socket. @default none */
	readonly adminSocket?: string;
	/** Where alerts are posted as they are raised. @default nowhere */
	readonly alertWebhook?: AlertWebhookOptions;
	/**
	 * Do toolbox, media and user domain have a process each? `openGateway` knows `none` alone; `sallyport serve` is the toolbox
	 * process and starts the others, under identities of their own where they are named and it is root. @default `process` in
	 * `serve`, `none` embedded
	 */
	readonly isolation?: 'process' | 'none' | ProcessIdentities;
};

/** Alerts by HTTP (docs/alerts.md). */
export type AlertWebhookOptions = {
	/** `https:`, or `http:` to this machine. */
	readonly url: string;
	/** 16 characters or more: each request is signed with it. */
	readonly secret: string;
	/** Time for one try. @default 5000 */
	readonly timeoutMs?: number;
	/** Tries before an alert is dropped, 1 to 20. @default 8 */
	readonly maxAttempts?: number;
};

/** Numbers of users and groups that the processes take on. @default that of the process that starts them */
export type ProcessIdentities = {
	readonly user?: ProcessIdentity;
	readonly media?: ProcessIdentity;
	/** Taken on when all is up. A process that dies after that is not started again: the whole ends. */
	readonly toolbox?: ProcessIdentity;
};

export type ProcessIdentity = {readonly uid: number; readonly gid: number};

export const defaultSuites: readonly SrtpSuiteName[] = [
	'AEAD_AES_256_GCM',
	'AEAD_AES_128_GCM',
	'AES_CM_128_HMAC_SHA1_80',
];

/**
 * Checks options; those of the toolbox are checked by the toolbox. Throws `SallyportError` `BAD_OPTIONS` that names the field.
 */
export function parseGatewayOptions(options: unknown): GatewayOptions {
	const parsed = gatewayOptions.safeParse(options);
	if (!parsed.success) {
		const {issues} = parsed.error;
		// A name that is misspelt is missing, too: the wrong one says more.
		const issue = issues.find(({code}) => code === 'unrecognized_keys') ?? issues[0];
		throw new SallyportError(
			'BAD_OPTIONS',
			`Expected gateway options as documented, got a fault in \`${issue?.path.join('.') ?? ''}\`: ${issue?.message}`,
		);
	}

	return parsed.data as unknown as GatewayOptions;
}

function isWebhookUrl(text: string): boolean {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	const isHere = url !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
	return url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere);
}

const address = z.string().refine((text) => isIP(text) !== 0, 'Expected a numeric IP address.');
const concreteAddress = address.refine(
	(text) => text !== '0.0.0.0' && text !== '::',
	'Expected the address of one interface, as SDP must name it.',
);
const interfaceName = z.string().regex(/^[\w.-]{1,32}$/);
const port = z.int().min(0).max(65_535);
const silence = z.union([z.literal(0), z.int().min(1000).max(86_400_000)], 'Expected 0, or 1000 to 86400000.');
const listen = z
	.strictObject({
		transport: z.enum(['udp', 'tcp', 'udp+tcp']),
		address,
		port,
		advertisedAddress: concreteAddress.exactOptional(),
		mediaInterface: interfaceName.exactOptional(),
		stun: z.literal('answer').exactOptional(),
	})
	.refine(
		(entry) => concreteAddress.safeParse(entry.address).success || entry.advertisedAddress !== undefined,
		'Expected `advertisedAddress` with an address that stands for all.',
	);
const identity = z.strictObject({
	uid: z.int().min(1).max(4_294_967_293),
	gid: z.int().min(1).max(4_294_967_293),
});
const gatewayOptions = z.strictObject({
	listen: z.array(listen).min(1).max(64),
	media: z.strictObject({
		interfaces: z
			.array(
				z
					.strictObject({
						name: interfaceName,
						address,
						advertisedAddress: concreteAddress.exactOptional(),
						ports: z
							.tuple([port.min(1), port.min(1)])
							.refine(([first, last]) => first <= last, 'Expected the first port not above the last.')
							.exactOptional(),
					})
					.refine(
						(entry) => concreteAddress.safeParse(entry.address).success || entry.advertisedAddress !== undefined,
						'Expected `advertisedAddress` with an address that stands for all.',
					),
			)
			.min(1)
			.max(64),
		workers: z.int().min(1).max(64).exactOptional(),
		poller: z.enum(['auto', 'epoll']).exactOptional(),
		cpus: z.array(z.int().min(0).max(4095)).min(1).max(64).exactOptional(),
		portCoolDownMs: z.int().min(0).max(600_000).exactOptional(),
		dscp: z.int().min(0).max(63).exactOptional(),
	}),
	suites: z
		.array(z.string().refine(isSrtpSuiteName, 'Expected the name of an SRTP suite.'))
		.min(1)
		.max(16)
		.exactOptional(),
	routes: z
		.array(
			z.strictObject({
				to: z.string().min(1).max(1024),
				target: z.union([
					z.literal('registered'),
					z.strictObject({transport: z.enum(['udp', 'tcp']), address, port: port.min(1)}),
				]),
				protection: z.enum(['sealed', 'sdes', 'clear']).exactOptional(),
				mediaInterface: interfaceName.exactOptional(),
				rtcpMux: z.literal('offer').exactOptional(),
				stun: z.literal('answer').exactOptional(),
			}),
		)
		.max(100_000),
	registrar: z
		.strictObject({
			domains: z.array(z.string().min(1).max(255)).min(1).max(1000),
			minExpiresSeconds: z.int().min(1).max(86_400).exactOptional(),
			maxExpiresSeconds: z.int().min(1).max(604_800).exactOptional(),
		})
		.refine(
			({minExpiresSeconds = 60, maxExpiresSeconds = 3600}) => minExpiresSeconds <= maxExpiresSeconds,
			'Expected `minExpiresSeconds` not above `maxExpiresSeconds`.',
		)
		.exactOptional(),
	toolbox: z.unknown(),
	maxCalls: z.int().min(1).max(100_000).exactOptional(),
	maxRingingMs: z.int().min(1000).max(3_600_000).exactOptional(),
	rtpTimeoutMs: silence.exactOptional(),
	rtcpTimeoutMs: silence.exactOptional(),
	admission: z
		.strictObject({perSecond: z.number().positive().exactOptional(), burst: z.number().positive().exactOptional()})
		.exactOptional(),
	adminSocket: z.string().min(1).exactOptional(),
	alertWebhook: z
		.strictObject({
			url: z
				.string()
				.max(2048)
				.refine(isWebhookUrl, 'Expected an https URL, or an http URL to 127.0.0.1, [::1] or localhost.'),
			secret: z.string().min(16).max(1024),
			timeoutMs: z.int().min(100).max(60_000).exactOptional(),
			maxAttempts: z.int().min(1).max(20).exactOptional(),
		})
		.exactOptional(),
	isolation: z
		.union([
			z.enum(['process', 'none']),
			z.strictObject({
				user: identity.exactOptional(),
				media: identity.exactOptional(),
				toolbox: identity.exactOptional(),
			}),
		])
		.exactOptional(),
});
