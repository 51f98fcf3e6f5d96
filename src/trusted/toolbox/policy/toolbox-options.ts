import {isIP} from 'node:net';
import {z} from 'zod';
import {SallyportError} from '../../../base/error.js';
import {isSrtpSuiteName, type SrtpSuiteName} from '../../../wire/sdes/suites.js';
import type {RevocationMode} from '../../certificates/native-certificate-validator.js';
import type {ContentCipher, LegacyAlgorithm} from '../../smime/cms-provider.js';
import type {StorageKeySource} from '../databases/storage-key.js';
import type {TemplateText} from '../engine/template-signers.js';
import type {RedisNodeOptions} from '../ledger/redis-node-options.js';
import {parseNetwork} from '../origin/network.js';
import type {OriginMonitorOptions} from '../origin/origin-monitor.js';
import type {CallRule} from './call-rules.js';

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
	/** Takes MD5 in answers to a challenge, for peers that know nothing better (RFC 8760). @default refused */
	readonly digest?: 'i-accept-md5';
	/** What is one place: an address, or its network (IPv4 /24, IPv6 /64, a range of `origins.carrierNetworks`). @default 'address' */
	readonly originScope?: 'address' | 'network';
	/** What says where the peer is: the source of its messages, or behind proxies its signed Contact and `c=`. @default 'transport' */
	readonly originEvidence?: 'transport' | 'signed';
	/**
	 * Whose packets a leg of this peer takes: those of the address in the SDP, those of the place that its signalling came from (any
	 * port, fixed by the first packet), or whoever authenticates first. @default 'declared'
	 */
	readonly mediaSource?: 'declared' | 'origin' | 'learned';
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
	/** Written in its place, the first that the recipient's SMIMECapabilities name where they do not name `cipher`. @default none */
	readonly otherCiphers?: readonly ContentCipher[];
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
	/** What this peer sends for want of anything better (docs/cms.md). MD5, RC2, DES and RSA below 2048 bits are never taken. @default none */
	readonly legacy?: readonly `i-accept-${LegacyAlgorithm}`[];
};

/** The digest credentials of an identity: H(A1) in place of the password, which is as good as it for its realm. */
export type CredentialsOptions = {
	/** Address of record, or the name of a trunk. */
	readonly identity: string;
	readonly username: string;
	readonly realm: string;
	/** Hexadecimal H(A1) = H(username:realm:password) by algorithm. MD5 serves only peers whose `digest` accepts it. */
	readonly ha1: {readonly 'SHA-512-256'?: string; readonly 'SHA-256'?: string; readonly MD5?: string};
};

/** How certificates of peers are judged. */
export type CertificateRules = {
	/** By how much clocks may differ: certificates and lists are valid so much longer at both ends, 0 to 86400. @default 60 */
	readonly clockSkewSeconds?: number;
	/** Which issuers must have a current revocation list: all, those that have any here, or none. @default 'if-present' */
	readonly revocation?: RevocationMode;
	/** PEM of revocation lists; each may hold several. Read at the start. @default none */
	readonly revocationLists?: readonly string[];
	/** Dotted certificate policies, one of which must hold for the whole chain. @default any */
	readonly policies?: readonly string[];
};

/** What a toolbox is opened with. */
export type ToolboxOptions = {
	/** Folder of the ledger, the databases and the audit log; made where it is not there. */
	readonly directory: string;
	/**
	 * PEM of certificate (intermediates may follow it) and private key. The first one signs. With a `storageKey` they are kept in the
	 * database too, and may be left out afterwards.
	 */
	readonly identities: readonly {readonly certificate: string; readonly privateKey: string}[];
	/** Under what our private keys lie in the database. @default none: they are not kept */
	readonly storageKey?: StorageKeySource;
	/** PEM of the certificates that are trusted; each may hold several. */
	readonly trustAnchors: readonly string[];
	/** How certificates of peers are judged, beside `trustAnchors` (docs/certificates.md). */
	readonly certificates?: CertificateRules;
	/** Domains whose users are reached through us. */
	readonly localDomains: readonly string[];
	/** Whose arithmetic S/MIME is worked out with; what it cannot do of these options it refuses at once. @default 'auto': OpenSSL, forge where this Node lacks it */
	readonly cmsProvider?: 'auto' | 'openssl' | 'forge';
	/** @default 300 s old, 60 s ahead */
	readonly freshness?: {readonly maxAgeSeconds: number; readonly maxFutureSeconds: number};
	/** @default none */
	readonly peers?: readonly PeerOptions[];
	/** What holds for everybody else, and for peers where they say nothing. */
	readonly defaults?: PeerRules;
	/** Who may call whom, and how; the most specific wins (docs/policies.md). @default everybody everybody, as the peers' rules say */
	readonly calls?: readonly CallRule[];
	/** Numbers that are called for help, beside `urn:service:sos`: never refused for lack of protection. @default none */
	readonly emergencyNumbers?: readonly string[];
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
		/** Where several gateways share the ledger. @default the ledger lies in `directory` */
		readonly redis?: {
			/** Stores that know nothing of each other, best three or five; or one set behind Sentinels. */
			readonly nodes: readonly RedisNodeOptions[];
			/** Fingerprint secret of the ledger: 64 hexadecimal digits, the same on every gateway. */
			readonly secret: string;
			/** Begins the names of all keys. @default 'sallyport' */
			readonly prefix?: string;
		};
	};
	/** More templates, as YAML, with their signatures where policy demands them. @default none */
	readonly templates?: readonly (string | TemplateText)[];
	/** PEM of the certificates that may sign templates, or whose holders certify who may; unsigned ones are then refused. @default none */
	readonly templateSigners?: readonly string[];
	/** With what identities answer a challenge (RFC 8760). @default none: they can but sign our nonce */
	readonly credentials?: readonly CredentialsOptions[];
	/** How long the answer to a challenge is taken, 5 to 600. @default 60 */
	readonly challengeSeconds?: number;
	readonly audit?: {
		/** Octets after which the audit log goes on in a new file, 65536 or more. @default 67_108_864 */
		readonly maxFileOctets?: number;
	};
	/** What the origin monitor remembers. */
	readonly origins?: OriginMonitorOptions & {
		/** Time that it takes at least to get to another place: who is faster raises an alert. @default 60 */
		readonly travelSeconds?: number;
	};
	/** A message that fails before its signature verified is answered at the next multiple of this, in milliseconds. @default 20 */
	readonly uniformFailureMs?: number;
	/** Messages that are opened and verified: sources take turns, and who has too many open is refused with `OVERLOADED`. */
	readonly publicKeyWork?: {
		/** Messages of one source (a transport with an IPv4 address or an IPv6 /64) that may be open. @default 64 */
		readonly perSource?: number;
		/** Messages that are worked on at once. @default 16 */
		readonly atOnce?: number;
		/** Messages of all sources that may wait. @default 1024 */
		readonly waiting?: number;
	};
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
const contentCipher = z.enum(['AES-128-GCM', 'AES-256-GCM', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC']);
const rules = {
	kind: z.enum(['user', 'domain', 'trunk']).exactOptional(),
	binding: z.enum(['none', 'proxy', 'b2bua']).exactOptional(),
	origin: z.enum(['pin', 'challenge', 'observe']).exactOptional(),
	digest: z.literal('i-accept-md5').exactOptional(),
	originScope: z.enum(['address', 'network']).exactOptional(),
	originEvidence: z.enum(['transport', 'signed']).exactOptional(),
	mediaSource: z.enum(['declared', 'origin', 'learned']).exactOptional(),
	addresses: z
		.array(z.string().refine((text) => isIP(text) !== 0, 'Expected an IP address.'))
		.max(1000)
		.exactOptional(),
	protection: z.strictObject({inbound: protection, outbound: protection}).exactOptional(),
	suites: z.array(z.string().refine(isSrtpSuiteName, 'Expected an SRTP suite.')).min(1).exactOptional(),
	offerDigest: z.enum(['required', 'if-present']).exactOptional(),
	clearSigned: z.literal('i-accept-visible-keys').exactOptional(),
	bodyless: z.enum(['origin', 'signed', 'any']).exactOptional(),
	cipher: contentCipher.exactOptional(),
	otherCiphers: z.array(contentCipher).max(5).exactOptional(),
};
/** Its faults say nothing of what stood there. */
function hexadecimal(digits: number) {
	return z
		.string()
		.refine((text) => /^[\da-f]+$/.test(text) && text.length === digits, `Expected ${digits} hexadecimal digits.`);
}

const pem = z.string().includes('-----BEGIN ');
const toolboxOptions = z.strictObject({
	directory: z.string().min(1),
	identities: z.array(z.strictObject({certificate: pem, privateKey: pem})),
	storageKey: z
		.union([
			z.strictObject({file: z.string().min(1)}),
			z.strictObject({environment: z.string().min(1)}),
			z.strictObject({credential: z.string().regex(/^[\w.-]{1,255}$/)}),
		])
		.exactOptional(),
	trustAnchors: z.array(pem).min(1),
	certificates: z
		.strictObject({
			clockSkewSeconds: z.number().min(0).max(86_400).exactOptional(),
			revocation: z.enum(['off', 'if-present', 'required']).exactOptional(),
			revocationLists: z.array(pem).max(256).exactOptional(),
			policies: z
				.array(z.string().regex(/^[012](?:\.\d{1,20}){1,30}$/))
				.max(64)
				.exactOptional(),
		})
		.exactOptional(),
	localDomains: z.array(z.string().min(1)),
	cmsProvider: z.enum(['auto', 'openssl', 'forge']).exactOptional(),
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
				legacy: z
					.array(z.enum(['i-accept-sha1-signatures', 'i-accept-3des', 'i-accept-rsa-pkcs1-key-transport']))
					.exactOptional(),
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
			redis: z
				.strictObject({
					nodes: z
						.array(
							z.union([
								z.string().regex(/^rediss?:\/\//),
								z.strictObject({
									sentinels: z
										.array(z.strictObject({host: z.string().min(1), port: z.int().min(1).max(65_535)}))
										.min(1),
									name: z.string().min(1),
								}),
							]),
						)
						.min(1)
						.max(9),
					secret: z.string().regex(/^[\da-f]{64}$/),
					prefix: z.string().min(1).max(64).exactOptional(),
				})
				.exactOptional(),
		})
		.exactOptional(),
	templates: z
		.array(z.union([z.string(), z.strictObject({yaml: z.string(), signature: z.string().exactOptional()})]))
		.exactOptional(),
	templateSigners: z.array(pem).min(1).exactOptional(),
	calls: z
		.array(
			z.strictObject({
				name: z.string().min(1).max(64),
				from: z
					.strictObject({
						aor: z.string().exactOptional(),
						domain: z.string().exactOptional(),
						trunk: z.string().exactOptional(),
					})
					.exactOptional(),
				to: z
					.strictObject({
						aor: z.string().exactOptional(),
						domain: z.string().exactOptional(),
						number: z
							.string()
							.regex(/^\+?[\d*#]{1,32}$/)
							.exactOptional(),
					})
					.exactOptional(),
				allow: z.boolean().exactOptional(),
				protection: z.enum(['required', 'preferred', 'off']).exactOptional(),
				suites: rules.suites,
				cipher: rules.cipher,
				templates: z.array(z.string()).min(1).exactOptional(),
				origin: rules.origin,
			}),
		)
		.max(100_000)
		.exactOptional(),
	emergencyNumbers: z
		.array(z.string().regex(/^\+?[\d*#]{1,32}$/))
		.max(1000)
		.exactOptional(),
	credentials: z
		.array(
			z.strictObject({
				identity: z.string().min(1).max(1024),
				username: z.string().min(1).max(256),
				realm: z.string().min(1).max(256),
				ha1: z
					.strictObject({
						'SHA-512-256': hexadecimal(64).exactOptional(),
						'SHA-256': hexadecimal(64).exactOptional(),
						MD5: hexadecimal(32).exactOptional(),
					})
					.refine((secrets) => Object.keys(secrets).length > 0, 'Expected H(A1) for an algorithm.'),
			}),
		)
		.max(1_000_000)
		.exactOptional(),
	audit: z.strictObject({maxFileOctets: z.int().min(65_536).exactOptional()}).exactOptional(),
	challengeSeconds: z.number().min(5).max(600).exactOptional(),
	origins: z
		.strictObject({
			expiryDays: z.number().positive().max(3650).exactOptional(),
			maxIdentities: z.int().min(1).max(10_000_000).exactOptional(),
			addressesPerIdentity: z.int().min(1).max(1000).exactOptional(),
			carrierNetworks: z
				.array(
					z.string().refine((text) => parseNetwork(text) !== undefined, 'Expected a network such as 100.64.0.0/10.'),
				)
				.max(1000)
				.exactOptional(),
			travelSeconds: z.number().min(0).max(86_400).exactOptional(),
		})
		.exactOptional(),
	uniformFailureMs: z.number().min(1).max(1000).exactOptional(),
	publicKeyWork: z
		.strictObject({
			perSource: z.int().min(1).max(100_000).exactOptional(),
			atOnce: z.int().min(1).max(1024).exactOptional(),
			waiting: z.int().min(1).max(100_000).exactOptional(),
		})
		.exactOptional(),
});
