import {createHash, X509Certificate} from 'node:crypto';
import {SallyportError} from '../../../base/error.js';
import {type SrtpSuiteName, srtpSuites} from '../../../wire/sdes/suites.js';
import {type Aor, canonicalAor, domainOf} from '../../certificates/identity.js';
import type {PeerOptions, PeerRules, ToolboxOptions} from './toolbox-options.js';

/** The rules that hold for one party, complete. */
export type Peer = Required<Omit<PeerRules, 'clearSigned' | 'digest'>> & {
	/** Name of the rule that decided; `default` where none did. */
	readonly name: string;
	readonly acceptsVisibleKeys: boolean;
	readonly acceptsMd5: boolean;
	/** DER of who can open what we send. */
	readonly recipient: Uint8Array | undefined;
};

/** Who may do what: the most specific rule wins. */
export class Policy {
	readonly #byCertificate = new Map<string, Peer>();
	readonly #byAor = new Map<string, Peer>();
	readonly #byDomain = new Map<string, Peer>();
	readonly #default: Peer;
	readonly #localDomains: ReadonlySet<string>;

	/** Throws `SallyportError` BAD_OPTIONS where a name or certificate cannot be read. */
	constructor(options: Pick<ToolboxOptions, 'peers' | 'defaults' | 'localDomains'>) {
		const {peers = [], defaults = {}, localDomains} = options;
		this.#default = completed({...defaults, name: 'default', match: {}});
		this.#localDomains = new Set(localDomains.map((domain) => readAor(`sip:${domain}`)));
		for (const options of peers) {
			const peer = completed({...defaults, ...options});
			const {aor, domain, certificate} = options.match;
			// A trunk is known by its certificate, since it speaks for many.
			const signer =
				certificate ?? (peer.kind === 'trunk' && peer.recipient ? fingerprintOf(peer.recipient) : undefined);
			if (signer !== undefined) {
				this.#byCertificate.set(signer, peer);
			}

			if (aor !== undefined) {
				this.#byAor.set(readAor(aor), peer);
			}

			if (domain !== undefined) {
				this.#byDomain.set(readAor(`sip:${domain}`), peer);
			}
		}
	}

	/** The rules for whoever claims, or is called by, one of `aors`; the earlier name is the more specific one. */
	peerFor(aors: readonly Aor[]): Peer {
		const domains = aors.flatMap((aor) => domainOf(aor) ?? []);
		return first(aors, this.#byAor) ?? first(domains, this.#byDomain) ?? this.#default;
	}

	/** The rules for a validated signer, where they name its certificate. */
	peerOfCertificate(fingerprint: string): Peer | undefined {
		return this.#byCertificate.get(fingerprint);
	}

	/** True when users of this address are reached through us. */
	isLocal(aor: Aor): boolean {
		const domain = domainOf(aor);
		return domain !== undefined && this.#localDomains.has(domain);
	}
}

/** Lower-case hexadecimal SHA-256. */
export function fingerprintOf(der: Uint8Array): string {
	return createHash('sha256').update(der).digest('hex');
}

function first(names: readonly string[], peers: ReadonlyMap<string, Peer>): Peer | undefined {
	return names.map((name) => peers.get(name)).find((peer) => peer !== undefined);
}

function completed(options: PeerOptions): Peer {
	const kind = options.kind ?? 'user';
	return {
		name: options.name,
		kind,
		binding: options.binding ?? 'proxy',
		origin: options.origin ?? (kind === 'trunk' ? 'pin' : 'challenge'),
		originScope: options.originScope ?? 'address',
		originEvidence: options.originEvidence ?? 'transport',
		mediaSource: options.mediaSource ?? 'declared',
		addresses: options.addresses ?? [],
		protection: options.protection ?? {inbound: 'sealed', outbound: 'sealed'},
		suites: options.suites ?? (Object.keys(srtpSuites) as SrtpSuiteName[]),
		offerDigest: options.offerDigest ?? 'required',
		bodyless: options.bodyless ?? 'origin',
		cipher: options.cipher ?? 'AES-256-GCM',
		acceptsVisibleKeys: options.clearSigned !== undefined,
		acceptsMd5: options.digest !== undefined,
		recipient: options.certificate === undefined ? undefined : readCertificate(options.certificate, options.name),
	};
}

function readCertificate(pem: string, name: string): Uint8Array {
	try {
		return Uint8Array.from(new X509Certificate(pem).raw);
	} catch (cause) {
		throw new SallyportError('BAD_OPTIONS', `Expected a certificate in PEM for the peer ${name}.`, {cause});
	}
}

function readAor(uri: string): Aor {
	const aor = canonicalAor(uri);
	if (!aor.ok) {
		throw new SallyportError('BAD_OPTIONS', `Expected a SIP address, got ${JSON.stringify(uri)}.`);
	}

	return aor.value;
}
