import type {KeyObject} from 'node:crypto';
import {createHash, generateKeyPairSync, randomBytes, sign} from 'node:crypto';
import type {ExecutionContext} from 'ava';
import type {CmsProvider, PemKeyPair} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import type {Asn1Element} from '#dist/wire/asn1/index.js';
import {
	derBitString,
	derBoolean,
	derContext,
	derElement,
	derInteger,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	derSetOf,
	derTime,
	derToPem,
	derUtf8String,
	readAsn1,
} from '#dist/wire/asn1/index.js';

export type KeyKind = 'p-256' | 'p-384' | 'p-521' | 'ed25519' | 'x25519' | 'rsa' | 'rsa-1024';

export type Identity = PemKeyPair & {readonly der: Uint8Array; readonly keyId: string; readonly key: KeyObject};

/** A key of its own and a certificate by an authority that nobody trusts: CMS does not ask for more. */
export function makeIdentity(kind: KeyKind, name = 'test'): Identity {
	const {publicKey, privateKey} = makeKeyPair(kind);
	const der = makeCertificate(publicKey, name);
	return {
		der,
		key: privateKey,
		keyId: createHash('sha256').update(der).digest('hex'),
		certificatePem: derToPem(der),
		privateKeyPem: privateKey.export({type: 'pkcs8', format: 'pem'}) as string,
	};
}

/** A certificate (RFC 5280 §4.1) for any key, signed by the test's authority. */
export function makeCertificate(publicKey: KeyObject, name: string): Uint8Array {
	const spki = new Uint8Array(publicKey.export({type: 'spki', format: 'der'}));
	return makeCertificateFromSpki(spki, name);
}

export function makeCertificateFromSpki(spki: Uint8Array, name: string): Uint8Array {
	const signatureAlgorithm = derSequence(derObjectIdentifier('1.2.840.10045.4.3.2'));
	const subjectKeyIdentifier = createHash('sha1').update(spki).digest();
	const fields = derSequence(
		derContext(0, derInteger(2)),
		derInteger(randomBytes(16)),
		signatureAlgorithm,
		makeName('Test authority'),
		derSequence(derTime(Date.UTC(2026, 0, 1)), derTime(Date.UTC(2056, 0, 1))),
		makeName(name),
		spki,
		derContext(
			3,
			derSequence(
				derSequence(derObjectIdentifier('2.5.29.19'), derBoolean(true), derOctetString(derSequence())),
				derSequence(derObjectIdentifier('2.5.29.14'), derOctetString(derOctetString(subjectKeyIdentifier))),
			),
		),
	);
	return derSequence(fields, signatureAlgorithm, derBitString(sign('sha256', fields, authority.privateKey)));
}

/** A provider over some identities, closed with the test. */
export async function openProvider(
	t: ExecutionContext,
	keys: readonly Identity[],
	provider: 'openssl' | 'forge' = 'openssl',
): Promise<CmsProvider> {
	const opened = await openCmsProvider({keys, provider});
	t.teardown(() => opened.provider.close());
	return opened.provider;
}

/** Value of a success, or the end of the test. */
export function must<Value>(
	result: {readonly ok: true; readonly value: Value} | {readonly ok: false; readonly failure: unknown},
): Value {
	if (!result.ok) {
		throw new Error(`Expected a success, got ${JSON.stringify(result.failure)}.`);
	}

	return result.value;
}

/** Code of a failure, or `ok`. */
export function codeOf(
	result: {readonly ok: true} | {readonly ok: false; readonly failure: {readonly code: string}},
): string {
	return result.ok ? 'ok' : result.failure.code;
}

/** Writes an encoding anew with the element at `path` (indices of children) replaced. */
export function edit(
	encoding: Uint8Array,
	path: readonly number[],
	replace: (element: Asn1Element) => Uint8Array,
): Uint8Array {
	const rebuild = (element: Asn1Element, [index, ...rest]: readonly number[]): Uint8Array =>
		index === undefined
			? replace(element)
			: derElement(
					element.tag,
					...element.children.map((child, at) =>
						at === (index < 0 ? element.children.length + index : index) ? rebuild(child, rest) : child.encoded,
					),
				);
	return must(
		readAsn1(encoding, 'ber', (root) => rebuild(root, path), {maxElements: 1_000_000, maxBytes: 100_000_000}),
	);
}

/** The element at `path`. */
export function at(encoding: Uint8Array, path: readonly number[]): Asn1Element {
	return must(
		readAsn1(encoding, 'ber', (root) =>
			path.reduce((element: Asn1Element, index) => element.children.at(index) ?? element, root),
		),
	);
}

function makeKeyPair(kind: KeyKind): {publicKey: KeyObject; privateKey: KeyObject} {
	switch (kind) {
		case 'ed25519':
			return generateKeyPairSync('ed25519');
		case 'x25519':
			return generateKeyPairSync('x25519');
		case 'rsa':
		case 'rsa-1024':
			return generateKeyPairSync('rsa', {modulusLength: kind === 'rsa' ? 2048 : 1024});
		default:
			return generateKeyPairSync('ec', {namedCurve: kind.toUpperCase()});
	}
}

function makeName(commonName: string): Uint8Array {
	return derSequence(derSetOf(derSequence(derObjectIdentifier('2.5.4.3'), derUtf8String(commonName))));
}

const authority = generateKeyPairSync('ec', {namedCurve: 'P-256'});
