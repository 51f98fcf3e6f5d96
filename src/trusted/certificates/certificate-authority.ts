import {createHash, generateKeyPair, type KeyObject, randomBytes} from 'node:crypto';
import {isIP} from 'node:net';
import {promisify} from 'node:util';
import {SallyportError} from '../../base/error.js';
import {
	contextPrimitive,
	derBitString,
	derBoolean,
	derContext,
	derContextPrimitive,
	derIa5String,
	derInteger,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	derSetOf,
	derTime,
	derToPem,
	derUtf8String,
	readAsn1,
} from '../../wire/asn1/index.js';
import {readCertificateFields} from './certificate-fields.js';
import type {Credential} from './credential.js';
import {derExtension} from './extensions.js';
import {canonicalAor} from './identity.js';
import {derIssuerAlgorithm, signAsIssuer} from './issuer-signature.js';
import {type RevocationListContent, writeRevocationList} from './revocation-list-writer.js';

/** A new certificate and its private key (PKCS #8), both PEM. The key is in the clear unless a passphrase was given. */
export type IssuedCredential = {readonly certificatePem: string; readonly privateKeyPem: string};

export type KeyType = 'p-256' | 'rsa-3072';

export type ValidityOptions = {
	/** First moment of validity, less five minutes for clocks that are behind. @default now */
	readonly nowMs?: number;
	/** Days from then on. @default 90 for what is issued, 3650 for a root */
	readonly validityDays?: number;
	/** Encrypts the private key with AES-256-CBC under PBKDF2. @default none */
	readonly passphrase?: string;
};

export type IssueRequest = ValidityOptions & {
	/** One or more `sip:user@host`, or `sip:host` for a domain (RFC 5922 §7.1); written as given. */
	readonly uris: readonly string[];
	/** @default the first URI without its scheme */
	readonly commonName?: string;
	/** @default 'p-256' */
	readonly keyType?: KeyType;
	/** HTTP URL under which the authority's revocation list will be found (RFC 5280 §4.2.1.13). @default none is named */
	readonly revocationListUrl?: string;
};

/** Makes a self-signed P-256 root (RFC 5280 §4.2.1.9) that issues end entities only. */
export async function createRoot(options: ValidityOptions & {readonly commonName: string}): Promise<IssuedCredential> {
	const {publicKey, privateKey} = await generate('p-256');
	const name = nameOf(options.commonName);
	const keyIdentifier = keyIdentifierOf(publicKey);
	const certificate = writeCertificate(privateKey, {
		issuer: name,
		subject: name,
		publicKey,
		...validityOf(options, 3650),
		extensions: [
			derExtension(oids.basicConstraints, derSequence(derBoolean(true), derInteger(0)), 'critical'),
			derExtension(oids.keyUsage, derBitString(Uint8Array.of(keyCertSign | crlSign), 1), 'critical'),
			derExtension(oids.subjectKeyIdentifier, derOctetString(keyIdentifier)),
			derExtension(oids.authorityKeyIdentifier, derSequence(derContextPrimitive(0, keyIdentifier))),
		],
	});
	return toPem(certificate, privateKey, options.passphrase);
}

/**
 * A small certificate authority for the users and domains of one operator. It keeps no state: serial numbers are
 * random, and what it issued is not recorded.
 */
export class CertificateAuthority {
	/** DER of the authority's own certificate: the anchor to configure. */
	readonly certificate: Uint8Array;
	readonly #privateKey: KeyObject;
	readonly #subject: Uint8Array;
	readonly #keyIdentifier: Uint8Array;

	/** Throws `SallyportError` `NOT_AN_AUTHORITY` where the credential may not issue, or names no key identifier. */
	constructor(credential: Credential) {
		const authority = readAuthority(credential.certificate);
		if (authority === undefined) {
			throw new SallyportError('NOT_AN_AUTHORITY', 'Expected a CA certificate with a subject key identifier.');
		}

		this.certificate = Uint8Array.from(credential.certificate);
		this.#privateKey = credential.privateKey;
		this.#subject = authority.subject;
		this.#keyIdentifier = authority.keyIdentifier;
	}

	/**
	 * Makes a key and issues a certificate for signing and for being encrypted to (RFC 8550 §4.4, RFC 5922 §7).
	 * Throws `RangeError` on a URI that is not a SIP address.
	 */
	async issue(request: IssueRequest): Promise<IssuedCredential> {
		const domains = checkUris(request.uris);
		const keyType = request.keyType ?? 'p-256';
		const {publicKey, privateKey} = await generate(keyType);
		const usage = digitalSignature | (keyType === 'p-256' ? keyAgreement : keyEncipherment);
		const certificate = writeCertificate(this.#privateKey, {
			issuer: this.#subject,
			subject: nameOf(request.commonName ?? request.uris[0]?.replace(/^sips?:/i, '') ?? ''),
			publicKey,
			...validityOf(request, 90),
			extensions: [
				derExtension(oids.basicConstraints, derSequence(), 'critical'),
				derExtension(oids.keyUsage, derBitString(Uint8Array.of(usage), keyType === 'p-256' ? 3 : 5), 'critical'),
				derExtension(oids.extendedKeyUsage, extendedKeyUsage(domains.length > 0)),
				derExtension(oids.subjectAlternativeName, alternativeNames(request.uris, domains)),
				derExtension(oids.subjectKeyIdentifier, derOctetString(keyIdentifierOf(publicKey))),
				derExtension(oids.authorityKeyIdentifier, derSequence(derContextPrimitive(0, this.#keyIdentifier))),
				...distributionPoints(request.revocationListUrl),
			],
		});
		return toPem(certificate, privateKey, request.passphrase);
	}

	/** Signs a complete revocation list (RFC 5280 §5), DER. */
	writeRevocationList(content: RevocationListContent): Uint8Array {
		const issuer = {privateKey: this.#privateKey, subject: this.#subject, keyIdentifier: this.#keyIdentifier};
		return writeRevocationList(issuer, content);
	}

	toString(): string {
		return '[CertificateAuthority]';
	}
}

/** Name and key identifier of a CA certificate (RFC 5280 §4.2.1.2, §4.2.1.9). */
function readAuthority(der: Uint8Array): {subject: Uint8Array; keyIdentifier: Uint8Array} | undefined {
	const fields = readCertificateFields(der);
	const extensions = fields.ok ? fields.value.extensions : new Map<string, Uint8Array>();
	const isAuthority = readAsn1(extensions.get(oids.basicConstraints) ?? nothing, 'der', (root) =>
		root.sequence().next().boolean(),
	);
	const keyIdentifier = readAsn1(extensions.get(oids.subjectKeyIdentifier) ?? nothing, 'der', (root) =>
		root.octetString(),
	);
	return fields.ok && isAuthority.ok && isAuthority.value && keyIdentifier.ok
		? {subject: fields.value.subject, keyIdentifier: keyIdentifier.value}
		: undefined;
}

/** Checks the URIs; returns the hosts of those that name domains. */
function checkUris(uris: readonly string[]): readonly string[] {
	if (uris.length === 0 || uris.length > maxUris) {
		throw new RangeError(`Expected 1 to ${maxUris} URIs for \`uris\`, got ${uris.length}.`);
	}

	return uris.flatMap((uri) => {
		const aor = canonicalAor(uri);
		if (!aor.ok || !aor.value.startsWith('sip:')) {
			throw new RangeError(`Expected SIP addresses for \`uris\`, got ${JSON.stringify(uri.slice(0, 100))}.`);
		}

		return aor.value.includes('@') ? [] : [aor.value.slice('sip:'.length)];
	});
}

function alternativeNames(uris: readonly string[], domains: readonly string[]): Uint8Array {
	const dnsNames = domains.filter((domain) => !domain.startsWith('[') && isIP(domain) === 0);
	return derSequence(
		...uris.map((uri) => derIa5String(uri, contextPrimitive(6))),
		...dnsNames.map((name) => derIa5String(name, contextPrimitive(2))),
	);
}

/** One distribution point with a full name. Throws `RangeError` on what is no HTTP URL. */
function distributionPoints(url: string | undefined): readonly Uint8Array[] {
	if (url === undefined) {
		return [];
	}

	if (!/^https?:\/\/[!-~]{1,1000}$/.test(url)) {
		throw new RangeError(`Expected an HTTP URL for \`revocationListUrl\`, got ${JSON.stringify(url.slice(0, 100))}.`);
	}

	const fullName = derContext(0, derContext(0, derIa5String(url, contextPrimitive(6))));
	return [derExtension(oids.revocationListDistribution, derSequence(derSequence(fullName)))];
}

function extendedKeyUsage(isDomain: boolean): Uint8Array {
	const usages = isDomain ? [oids.emailProtection, oids.sipDomain] : [oids.emailProtection];
	return derSequence(...usages.map(derObjectIdentifier));
}

function validityOf(options: ValidityOptions, defaultDays: number): {notBeforeMs: number; notAfterMs: number} {
	const nowMs = options.nowMs ?? Date.now();
	const days = options.validityDays ?? defaultDays;
	if (!Number.isFinite(nowMs) || !Number.isInteger(days) || days < 1 || days > maxValidityDays) {
		throw new RangeError(`Expected an integer from 1 to ${maxValidityDays} for \`validityDays\`, got ${days}.`);
	}

	return {notBeforeMs: nowMs - clockAllowanceMs, notAfterMs: nowMs + days * dayMs};
}

type CertificateContent = {
	readonly issuer: Uint8Array;
	readonly subject: Uint8Array;
	readonly publicKey: KeyObject;
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
	readonly extensions: readonly Uint8Array[];
};

/** RFC 5280 §4.1. */
function writeCertificate(issuerKey: KeyObject, content: CertificateContent): Uint8Array {
	const toBeSigned = derSequence(
		derContext(0, derInteger(2)),
		derInteger(randomBytes(16)),
		derIssuerAlgorithm(issuerKey),
		content.issuer,
		derSequence(derTime(content.notBeforeMs), derTime(content.notAfterMs)),
		content.subject,
		content.publicKey.export({type: 'spki', format: 'der'}),
		derContext(3, derSequence(...content.extensions)),
	);
	return signAsIssuer(issuerKey, toBeSigned);
}

/** A Name of one common name, cut to the 64 characters of RFC 5280 App. A (ub-common-name). */
function nameOf(commonName: string): Uint8Array {
	const text = [...commonName].slice(0, 64).join('');
	return derSequence(derSetOf(derSequence(derObjectIdentifier(oids.commonName), derUtf8String(text))));
}

/** The leftmost 160 bits of the SHA-256 of the subjectPublicKey's bits (RFC 7093 §2, method 1). */
function keyIdentifierOf(publicKey: KeyObject): Uint8Array {
	const info = publicKey.export({type: 'spki', format: 'der'});
	const bits = readAsn1(info, 'der', (root) => {
		const fields = root.sequence();
		fields.next();
		return fields.next().bitStringOctets();
	});
	return createHash('sha256')
		.update(bits.ok ? bits.value : info)
		.digest()
		.subarray(0, 20);
}

function generate(keyType: KeyType): Promise<{publicKey: KeyObject; privateKey: KeyObject}> {
	return keyType === 'p-256'
		? generateKeys('ec', {namedCurve: 'P-256'})
		: generateKeys('rsa', {modulusLength: 3072, publicExponent: 65_537});
}

function toPem(certificate: Uint8Array, privateKey: KeyObject, passphrase: string | undefined): IssuedCredential {
	const encryption = passphrase === undefined ? {} : {cipher: 'aes-256-cbc', passphrase};
	return {
		certificatePem: derToPem(certificate),
		privateKeyPem: privateKey.export({type: 'pkcs8', format: 'pem', ...encryption}).toString(),
	};
}

const generateKeys = promisify(generateKeyPair);

const nothing = new Uint8Array();
const maxUris = 16;
const maxValidityDays = 36_500;
const dayMs = 86_400_000;
const clockAllowanceMs = 300_000;

/** Bits of KeyUsage (RFC 5280 §4.2.1.3), first octet. */
const digitalSignature = 0x80;
const keyEncipherment = 0x20;
const keyAgreement = 0x08;
const keyCertSign = 0x04;
const crlSign = 0x02;

const oids = {
	commonName: '2.5.4.3',
	subjectKeyIdentifier: '2.5.29.14',
	keyUsage: '2.5.29.15',
	subjectAlternativeName: '2.5.29.17',
	basicConstraints: '2.5.29.19',
	revocationListDistribution: '2.5.29.31',
	authorityKeyIdentifier: '2.5.29.35',
	extendedKeyUsage: '2.5.29.37',
	emailProtection: '1.3.6.1.5.5.7.3.4',
	/** RFC 5924 §3. */
	sipDomain: '1.3.6.1.5.5.7.3.20',
} as const;
