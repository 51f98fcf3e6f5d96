import {createHash, X509Certificate} from 'node:crypto';
import {SallyportError} from '../../../base/error.js';
import {type SrtpSuiteName, srtpSuites} from '../../../wire/sdes/suites.js';
import {type Aor, canonicalAor, domainOf} from '../../certificates/identity.js';
import type {LegacyAlgorithm} from '../../smime/cms-provider.js';
import {type AskedCall, type CallDecision, CallRules, type RuleVerdict} from './call-rules.js';
import {isEmergency} from './emergency.js';
import type {PeerOptions, PeerRules, ToolboxOptions} from './toolbox-options.js';

/** The rules that hold for one party, complete. */
export type Peer = Required<Omit<PeerRules, 'clearSigned' | 'digest'>> & {
	/** Name of the rule that decided; `default` where none did. */
	readonly name: string;
	readonly acceptsVisibleKeys: boolean;
	readonly acceptsMd5: boolean;
	readonly legacy: readonly LegacyAlgorithm[];
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
	readonly #emergencyNumbers: readonly string[];
	readonly #calls: CallRules;
	/** What peers that are known by their certificates are allowed: a message may be from any of them, whatever it claims. */
	readonly certifiedLegacy: readonly LegacyAlgorithm[];

	/** Throws `SallyportError` BAD_OPTIONS where a name or certificate cannot be read. */
	constructor(options: Pick<ToolboxOptions, 'peers' | 'defaults' | 'localDomains' | 'calls' | 'emergencyNumbers'>) {
		const {peers = [], defaults = {}, localDomains} = options;
		this.#emergencyNumbers = options.emergencyNumbers ?? [];
		const trunks = peers.filter(({kind}) => (kind ?? defaults.kind) === 'trunk').map(({name}) => name);
		this.#calls = new CallRules(options.calls ?? [], trunks);
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

		this.certifiedLegacy = [...new Set([...this.#byCertificate.values()].flatMap(({legacy}) => legacy))];
	}

	/** The rules for whoever claims, or is called by, one of `aors`; the earlier name is the more specific one. */
	peerFor(aors: readonly Aor[]): Peer {
		const domains = aors.flatMap((aor) => domainOf(aor) ?? []);
		return first(aors, this.#byAor) ?? first(domains, this.#byDomain) ?? this.#default;
	}

	/** The rules of a trunk by its name. */
	peerNamed(name: string): Peer | undefined {
		return [...this.#byCertificate.values(), ...this.#byDomain.values(), ...this.#byAor.values()].find(
			(peer) => peer.name === name && peer.kind === 'trunk',
		);
	}

	/** The rules for a validated signer, where they name its certificate. */
	peerOfCertificate(fingerprint: string): Peer | undefined {
		return this.#byCertificate.get(fingerprint);
	}

	/** All rules, the default ones too. */
	get peers(): readonly Peer[] {
		return [this.#default, ...this.#byCertificate.values(), ...this.#byAor.values(), ...this.#byDomain.values()];
	}

	/** True for a call for help: it is never refused for lack of protection. */
	isEmergency(aor: Aor): boolean {
		return isEmergency(aor, this.#emergencyNumbers);
	}

	/**
	 * May this call be made, and with what? Asked for the party that To names, and for the one that the Request-URI names: both
	 * must be allowed, and the stricter protection holds.
	 */
	decide(call: AskedCall & {readonly uri?: string}, isEmergencyCall: boolean): CallDecision {
		if (isEmergencyCall) {
			return emergencyDecision;
		}

		const named = this.#calls.decide(call);
		const uri = call.uri === undefined ? undefined : canonicalAor(call.uri);
		if (!named.allow || !uri?.ok || uri.value === call.to) {
			return named;
		}

		const called = this.#calls.decide({...call, to: uri.value});
		const isStricter = strictestFirst.indexOf(named.protection) < strictestFirst.indexOf(called.protection);
		return isStricter ? {...called, protection: named.protection} : called;
	}

	/** Every call rule and how it fared, the one that decides first. */
	explain(call: AskedCall): readonly RuleVerdict[] {
		return this.#calls.explain(call);
	}

	/** The rules of a peer as far as a decision leaves them. */
	narrowed(peer: Peer, {suites, origin}: CallDecision): Peer {
		return {
			...peer,
			suites: suites === undefined ? peer.suites : peer.suites.filter((suite) => suites.includes(suite)),
			origin: origin ?? peer.origin,
		};
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
		otherCiphers: options.otherCiphers ?? [],
		acceptsVisibleKeys: options.clearSigned !== undefined,
		acceptsMd5: options.digest !== undefined,
		legacy: (options.legacy ?? []).map((word) => word.slice('i-accept-'.length) as LegacyAlgorithm),
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

/** Who calls for help is heard from wherever he is and however he is protected. */
const emergencyDecision: CallDecision = {
	rule: 'emergency',
	allow: true,
	protection: 'preferred',
	suites: undefined,
	cipher: undefined,
	templates: undefined,
	origin: 'observe',
};
const strictestFirst: readonly CallDecision['protection'][] = ['required', 'preferred', 'off'];
