import {isIP} from 'node:net';
import {z} from 'zod';
import {SallyportError} from '../../../base/error.js';
import {isSrtpSuiteName, type SrtpSuiteName} from '../../../wire/sdes/suites.js';
import type {ContentCipher} from '../../smime/cms-provider.js';
import type {TemplateText} from '../engine/template-signers.js';

/** How a body must travel: sealed (S/MIME), with its SDES keys in the open, or without keys. */
export type Protection = 'sealed' | 'sdes' | 'clear';

/** What holds for a peer where nothing more specific is said. */
export type PeerRules = {
	/** `user`: the certificate names the From. `domain`: or its domain. `trunk`: may speak for any From. @default 'user' */
	readonly kind?: 'user' | 'domain' | 'trunk';
	/**
	 * What the signed part must say of its message. `proxy`: From, To, Call-ID, CSeq, Date and Contact as outside.
	 * `b2bua`: From and To as addresses of record, and Date. `none`: nothing. @default 'proxy'
	 */
	readonly binding?: 'none' | 'proxy' | 'b2bua';
	/** A new address is denied, must prove itself (refused with ORIGIN_CHALLENGE), or raises an alert. @default 'challenge', of trunks 'pin' */
	readonly origin?: 'pin' | 'challenge' | 'observe';
	/** Addresses known beforehand. @default none */
	readonly addresses?: readonly string[];
	/** @default sealed both ways */
	readonly protection?: {readonly inbound: Protection; readonly outbound: Protection};
	/** Suites taken, best first. @default all */
	readonly suites?: readonly SrtpSuiteName[];
	/** Must a signed answer carry the digest of the offer that it answers? Asked only where `binding` is not `none`. @default 'required' */
	readonly offerDigest?: 'required' | 'if-present';
	/** Signed but not encrypted bodies show their keys to every proxy. @default refused */
	readonly clearSigned?: 'i-accept-visible-keys';
	/**
	 * Requests that describe no session in a sealed dialog: from the dialog's own address only, with signed headers (both ways; ACK and
	 * CANCEL cannot have them), or from anywhere. @default 'origin'
	 */
	readonly bodyless?: 'origin' | 'signed' | 'any';
	/** @default 'AES-256-GCM' */
	readonly cipher?: ContentCipher;
};

export type PeerOptions = PeerRules & {
	readonly name: string;
	/** The most specific wins: certificate, then address of record, then domain. */
	readonly match: {
		/** `sip:user@host` */
		readonly aor?: string;
		readonly domain?: string;
		/** Hexadecimal SHA-256 of the signer's certificate. */
		readonly certificate?: string;
	};
	/** PEM: who can open what we send; of a trunk also who may sign. Needed for sealed offers. */
	readonly certificate?: string;
};

/** What a toolbox is opened with. */
export type ToolboxOptions = {
	/** Folder of the ledger, the databases and the audit log; made where it is not there. */
	readonly directory: string;
	/** PEM of certificate (intermediates may follow it) and private key. The first one signs. */
	readonly identities: readonly {readonly certificate: string; readonly privateKey: string}[];
	/** PEM of the certificates that are trusted; each may hold several. */
	readonly trustAnchors: readonly string[];
	/** Domains whose users are reached through us. */
	readonly localDomains: readonly string[];
	/** @default 300 s old, 60 s ahead */
	readonly freshness?: {readonly maxAgeSeconds: number; readonly maxFutureSeconds: number};
	/** @default none */
	readonly peers?: readonly PeerOptions[];
	/** What holds for everybody else, and for peers where they say nothing. */
	readonly defaults?: PeerRules;
	readonly ledger?: {
		/** @default 730 */
		readonly peerKeyRetentionDays?: number;
		/** @default 24 */
		readonly ownKeyRetentionHours?: number;
		/** @default 1_000_000 */
		readonly recordsPerSigner?: number;
		/** Of a peer of kind `trunk`. @default 500_000_000 */
		readonly recordsPerTrunk?: number;
		/** Of all keys together that came unsigned. @default 100_000_000 */
		readonly recordsUnproven?: number;
		/** @default 1_000_000_000 */
		readonly records?: number;
	};
	/** More templates, as YAML, with their signatures where policy demands them. @default none */
	readonly templates?: readonly (string | TemplateText)[];
	/** PEM of the certificates that may sign templates, or whose holders certify who may; unsigned ones are then refused. @default none */
	readonly templateSigners?: readonly string[];
	/** A message that fails before its signature verified is answered at the next multiple of this, in milliseconds. @default 20 */
	readonly uniformFailureMs?: number;
};

/** Checks options. Throws `SallyportError` BAD_OPTIONS that names what is wrong, unknown names included. */
export function parseToolboxOptions(options: ToolboxOptions): ToolboxOptions {
	const parsed = toolboxOptions.safeParse(options);
	if (!parsed.success) {
		const {issues} = parsed.error;
		// A name that is misspelt is missing, too: the wrong one says more.
		const issue = issues.find(({code}) => code === 'unrecognized_keys') ?? issues[0];
		throw new SallyportError(
			'BAD_OPTIONS',
			`Expected toolbox options as documented, got a fault in \`${issue?.path.join('.') ?? ''}\`: ${issue?.message}`,
		);
	}

	return parsed.data as ToolboxOptions;
}

const protection = z.enum(['sealed', 'sdes', 'clear']);
const rules = {
	kind: z.enum(['user', 'domain', 'trunk']).exactOptional(),
	binding: z.enum(['none', 'proxy', 'b2bua']).exactOptional(),
	origin: z.enum(['pin', 'challenge', 'observe']).exactOptional(),
	addresses: z
		.array(z.string().refine((text) => isIP(text) !== 0, 'Expected an IP address.'))
		.max(1000)
		.exactOptional(),
	protection: z.strictObject({inbound: protection, outbound: protection}).exactOptional(),
	suites: z.array(z.string().refine(isSrtpSuiteName, 'Expected an SRTP suite.')).min(1).exactOptional(),
	offerDigest: z.enum(['required', 'if-present']).exactOptional(),
	clearSigned: z.literal('i-accept-visible-keys').exactOptional(),
	bodyless: z.enum(['origin', 'signed', 'any']).exactOptional(),
	cipher: z.enum(['AES-128-GCM', 'AES-256-GCM', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC']).exactOptional(),
};
const pem = z.string().includes('-----BEGIN ');
const toolboxOptions = z.strictObject({
	directory: z.string().min(1),
	identities: z.array(z.strictObject({certificate: pem, privateKey: pem})).min(1),
	trustAnchors: z.array(pem).min(1),
	localDomains: z.array(z.string().min(1)),
	freshness: z
		.strictObject({maxAgeSeconds: z.number().min(1).max(86_400), maxFutureSeconds: z.number().min(0).max(3600)})
		.exactOptional(),
	peers: z
		.array(
			z.strictObject({
				...rules,
				name: z.string().min(1).max(64),
				match: z.strictObject({
					aor: z.string().exactOptional(),
					domain: z.string().exactOptional(),
					certificate: z
						.string()
						.regex(/^[\da-f]{64}$/)
						.exactOptional(),
				}),
				certificate: pem.exactOptional(),
			}),
		)
		.exactOptional(),
	defaults: z.strictObject(rules).exactOptional(),
	ledger: z
		.strictObject({
			peerKeyRetentionDays: z.number().min(1).max(3650).exactOptional(),
			ownKeyRetentionHours: z.number().min(1).exactOptional(),
			recordsPerSigner: z.int().min(1).exactOptional(),
			recordsPerTrunk: z.int().min(1).exactOptional(),
			recordsUnproven: z.int().min(1).exactOptional(),
			records: z.int().min(1).exactOptional(),
		})
		.exactOptional(),
	templates: z
		.array(z.union([z.string(), z.strictObject({yaml: z.string(), signature: z.string().exactOptional()})]))
		.exactOptional(),
	templateSigners: z.array(pem).min(1).exactOptional(),
	uniformFailureMs: z.number().min(1).max(1000).exactOptional(),
});
