import {isIP} from 'node:net';
import {z} from 'zod';
import {SallyportError} from '../base/error.js';
import type {SipTransportName} from '../core/sip/hop.js';
import type {ToolboxOptions} from '../trusted/toolbox/policy/toolbox-options.js';
import {isSrtpSuiteName, type SrtpSuiteName} from '../wire/sdes/suites.js';
import type {Route} from './routing.js';

/** What a gateway is opened with. Unknown names are refused by name. */
export type GatewayOptions = {
	/** At least one of TCP and one of UDP is usual: sealed messages are too long for UDP (RFC 3261 §18.1.1). */
	readonly listen: readonly {
		readonly transport: Exclude<SipTransportName, 'tls'>;
		/** Numeric. */
		readonly address: string;
		/** 0 takes a free one. */
		readonly port: number;
	}[];
	readonly media: {
		/** Numeric address of the media sockets, as SDP names it. */
		readonly address: string;
		/** @default [30000, 39999] */
		readonly portRange?: readonly [first: number, last: number];
	};
	/** Offered and accepted, by preference. @default AEAD_AES_256_GCM, AEAD_AES_128_GCM, AES_CM_128_HMAC_SHA1_80 */
	readonly suites?: readonly SrtpSuiteName[];
	readonly routes: readonly Route[];
	readonly toolbox: ToolboxOptions;
	/** Calls at one time. @default 1000 */
	readonly maxCalls?: number;
	/** Path of the admin socket. @default none */
	readonly adminSocket?: string;
};

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
		const [issue] = parsed.error.issues;
		throw new SallyportError(
			'BAD_OPTIONS',
			`Expected gateway options as documented, got a fault in \`${issue?.path.join('.') ?? ''}\`: ${issue?.message}`,
		);
	}

	return parsed.data as unknown as GatewayOptions;
}

const address = z.string().refine((text) => isIP(text) !== 0, 'Expected a numeric IP address.');
const port = z.int().min(0).max(65_535);
const gatewayOptions = z.strictObject({
	listen: z
		.array(z.strictObject({transport: z.enum(['udp', 'tcp']), address, port}))
		.min(1)
		.max(64),
	media: z.strictObject({
		address,
		portRange: z.tuple([port.min(1), port.min(1)]).exactOptional(),
	}),
	suites: z.array(z.string().refine(isSrtpSuiteName, 'Expected the name of an SRTP suite.')).min(1).exactOptional(),
	routes: z
		.array(
			z.strictObject({
				to: z.string().min(1).max(1024),
				target: z.strictObject({transport: z.enum(['udp', 'tcp']), address, port: port.min(1)}),
				protection: z.enum(['sealed', 'sdes', 'clear']).exactOptional(),
			}),
		)
		.max(100_000),
	toolbox: z.unknown(),
	maxCalls: z.int().min(1).max(100_000).exactOptional(),
	adminSocket: z.string().min(1).exactOptional(),
});
