import {createCipheriv, createHash, randomBytes} from 'node:crypto';
import type {ExecutionContext} from 'ava';
import test from 'ava';
import {toHex} from '#dist/base/index.js';
import type {CmsProvider, ContentCipher} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import type {Asn1Element} from '#dist/wire/asn1/index.js';
import {
	derContext,
	derElement,
	derInteger,
	derObjectIdentifier,
	derOctetString,
	derSequence,
	derSetOf,
	derUtf8String,
} from '#dist/wire/asn1/index.js';
import type {Identity} from './test-pki.js';
import {at, codeOf, edit, makeIdentity, must} from './test-pki.js';

const alice = makeIdentity('p-256', 'alice');
const bob = makeIdentity('p-256', 'bob');
const frank = makeIdentity('rsa', 'frank');
const content = Buffer.from('v=0\r\n');
let provider!: CmsProvider;
let signed!: Uint8Array;
let sealed!: Uint8Array;
let sealedCbc!: Uint8Array;
let sealedRsa!: Uint8Array;

test.before(async () => {
	({provider} = await openCmsProvider({keys: [alice, bob, frank]}));
	const seal = async (recipient: Identity, cipher: ContentCipher) =>
		must(await provider.encrypt({content: signed, recipients: [recipient.der], cipher}));
	signed = must(await provider.sign({content, keyId: alice.keyId, signingTimeMs: 0, detached: false}));
	sealed = await seal(bob, 'AES-256-GCM');
	sealedCbc = await seal(bob, 'AES-128-CBC');
	sealedRsa = await seal(frank, 'AES-128-GCM');
});
test.after.always(() => provider.close());

/** ContentInfo, [0], AuthEnvelopedData, authEncryptedContentInfo, contentEncryptionAlgorithm. */
const cipherAt = [1, 0, 2, 1] as const;
const tagAt = [1, 0, 3] as const;
const recipientAt = [1, 0, 1, 0] as const;
/** ContentInfo, [0], SignedData, signerInfos, SignerInfo. */
const signerAt = [1, 0, -1, 0] as const;

function gcm(cipherOid: string, nonceBytes: number, tagBytes: number | undefined): Uint8Array {
	const parameters = [derOctetString(new Uint8Array(nonceBytes))];
	if (tagBytes !== undefined) {
		parameters.push(derInteger(tagBytes));
	}

	return derSequence(derObjectIdentifier(cipherOid), derSequence(...parameters));
}

async function decryptCode(forged: Uint8Array): Promise<string> {
	return codeOf(await provider.decrypt(forged));
}

async function verifyCode(forged: Uint8Array): Promise<string> {
	return codeOf(await provider.verify(forged));
}

for (const [name, oid] of [
	['OFB', '2.16.840.1.101.3.4.1.43'],
	['CFB', '2.16.840.1.101.3.4.1.44'],
	['CBC', '2.16.840.1.101.3.4.1.42'],
	['ECB', '2.16.840.1.101.3.4.1.41'],
	['CCM', '2.16.840.1.101.3.4.1.47'],
	['key wrap', '2.16.840.1.101.3.4.1.45'],
] as const) {
	test(`AuthEnvelopedData relabelled to AES-256-${name} is refused by name (V22)`, async (t) => {
		const forged = edit(sealed, cipherAt, () =>
			derSequence(derObjectIdentifier(oid), derOctetString(new Uint8Array(16))),
		);
		t.is(await decryptCode(forged), 'UNSUPPORTED');
	});
}

for (const tagBytes of [0, 1, 4, 8, 12, 15, 17]) {
	test(`an ICV cut or stretched to ${tagBytes} octets is refused (V22)`, async (t) => {
		const cut = (element: Asn1Element) => {
			const tag = new Uint8Array(tagBytes);
			tag.set(element.content.subarray(0, tagBytes));
			return derOctetString(tag);
		};
		t.is(await decryptCode(edit(sealed, tagAt, cut)), 'UNSUPPORTED');
		const said = edit(sealed, [...cipherAt, 1, 1], () => derInteger(tagBytes));
		t.is(await decryptCode(said), 'UNSUPPORTED');
		t.is(await decryptCode(edit(said, tagAt, cut)), 'UNSUPPORTED');
	});
}

test('an ICV length that is left out means 12 and is refused', async (t) => {
	const forged = edit(sealed, cipherAt, () => gcm('2.16.840.1.101.3.4.1.46', 12, undefined));
	t.is(await decryptCode(forged), 'UNSUPPORTED');
});

test('a nonce of another length than 12 is refused', async (t) => {
	for (const nonceBytes of [0, 1, 8, 11, 13, 16, 64]) {
		const forged = edit(sealed, cipherAt, () => gcm('2.16.840.1.101.3.4.1.46', nonceBytes, 16));
		t.is(await decryptCode(forged), 'UNSUPPORTED');
	}
});

test('EnvelopedData relabelled to anything but AES-CBC is refused', async (t) => {
	const iv = derOctetString(new Uint8Array(16));
	const relabel = (oid: string) => edit(sealedCbc, cipherAt, () => derSequence(derObjectIdentifier(oid), iv));
	t.is(await decryptCode(relabel('2.16.840.1.101.3.4.1.3')), 'UNSUPPORTED');
	t.is(await decryptCode(relabel('2.16.840.1.101.3.4.1.6')), 'UNSUPPORTED');
	t.is(await decryptCode(relabel('1.2.840.113549.3.7')), 'WEAK');
	t.is(await decryptCode(relabel('1.2.840.113549.3.2')), 'WEAK');
	t.is(await decryptCode(edit(sealedCbc, [...cipherAt, 1], () => derOctetString(new Uint8Array(8)))), 'UNSUPPORTED');
});

test('GCM under the name of EnvelopedData is refused', async (t) => {
	const forged = edit(sealed, [0], () => derObjectIdentifier('1.2.840.113549.1.7.3'));
	t.is(await decryptCode(forged), 'UNSUPPORTED');
});

test('a recipient without key-encryption parameters is refused', async (t) => {
	const bare = edit(sealed, [...recipientAt, 2], (element) =>
		derSequence(element.children[0]?.encoded ?? new Uint8Array()),
	);
	t.is(await decryptCode(bare), 'UNSUPPORTED');
	const bareRsa = edit(sealedRsa, [...recipientAt, 2], () => derSequence(derObjectIdentifier('1.2.840.113549.1.1.7')));
	t.is(await decryptCode(bareRsa), 'UNSUPPORTED');
});

test('RSA PKCS#1 v1.5 key transport is refused by name', async (t) => {
	const forged = edit(sealedRsa, [...recipientAt, 2], () =>
		derSequence(derObjectIdentifier('1.2.840.113549.1.1.1'), Uint8Array.of(5, 0)),
	);
	t.is(await decryptCode(forged), 'UNSUPPORTED');
});

test('a key wrap with parameters, another wrap, and static originators are refused', async (t) => {
	const wrapAt = [...recipientAt, 2, 1] as const;
	const withNull = edit(sealed, wrapAt, (element) =>
		derSequence(element.children[0]?.encoded ?? new Uint8Array(), Uint8Array.of(5, 0)),
	);
	t.is(await decryptCode(withNull), 'UNSUPPORTED');
	const tripleDes = edit(sealed, wrapAt, () => derSequence(derObjectIdentifier('1.2.840.113549.1.9.16.3.6')));
	t.is(await decryptCode(tripleDes), 'UNSUPPORTED');
	const originatorAt = [...recipientAt, 1, 0] as const;
	const byKeyIdentifier = edit(sealed, originatorAt, () => derElement(0x80, new Uint8Array(20)));
	t.is(await decryptCode(byKeyIdentifier), 'UNSUPPORTED');
});

/** Everything that goes wrong after a recipient was found gives one failure, and not one word more. */
test('a bad key, a bad point, a bad tag and bad padding have one face', async (t) => {
	const flipLast = (element: Asn1Element) => {
		const octets = element.encoded.slice();
		octets[octets.length - 1] = (octets.at(-1) ?? 0) ^ 1;
		return octets;
	};
	const offCurve = (element: Asn1Element) => {
		const octets = element.encoded.slice();
		octets[10] = (octets[10] ?? 0) ^ 1;
		return octets;
	};
	const pointAt = [...recipientAt, 1, 0, 1] as const;
	const keyAt = [...recipientAt, -1, 0, 1] as const;
	const faces = new Set<string>();
	for (const forged of [
		edit(sealed, tagAt, flipLast),
		edit(sealed, keyAt, flipLast),
		edit(sealed, keyAt, () => derOctetString(new Uint8Array(24))),
		edit(sealed, keyAt, () => derOctetString(new Uint8Array())),
		edit(sealed, pointAt, offCurve),
		edit(sealed, [1, 0, 2, 2], flipLast),
		edit(sealedCbc, keyAt, flipLast),
		edit(sealedCbc, [1, 0, 2, 2], flipLast),
		edit(sealedCbc, [1, 0, 2, 2], (element) => derElement(0x80, element.content.subarray(1))),
		edit(sealedCbc, [1, 0, 2, 2], () => derElement(0x80)),
		edit(sealedRsa, [...recipientAt, 3], flipLast),
		edit(sealedRsa, [...recipientAt, 3], () => derOctetString(new Uint8Array(3))),
		edit(sealedRsa, tagAt, flipLast),
	]) {
		const result = await provider.decrypt(forged);
		t.false(result.ok);
		faces.add(JSON.stringify(result));
	}
	t.deepEqual(
		[...faces],
		[
			'{"ok":false,"failure":{"code":"DECRYPTION_FAILED","message":"Expected a content key and content that decrypt."}}',
		],
	);
});

test('a random key that yields good padding by chance opens nothing', async (t) => {
	const keyAt = [...recipientAt, -1, 0, 1] as const;
	const forged = edit(sealedCbc, keyAt, () => derOctetString(new Uint8Array(24)));
	const codes = new Set<string>();
	for (let index = 0; index < 600; index++) {
		codes.add(await decryptCode(forged));
	}
	t.deepEqual([...codes], ['DECRYPTION_FAILED']);
});

test('authenticated attributes are additional data, in the order of DER', async (t) => {
	// Content encrypted here under attributes; the rest of the envelope is ours.
	const key = randomBytes(32);
	const rsaEnvelope = must(await provider.encrypt({content, recipients: [frank.der], cipher: 'AES-256-GCM'}));
	const wrapped = await wrapOaep(key);
	const attributes = ['one', 'two'].map((text) =>
		derSequence(derObjectIdentifier('1.2.3.4'), derSetOf(derUtf8String(text))),
	);
	const nonce = at(rsaEnvelope, [...cipherAt, 1, 0]).content;
	const cipher = createCipheriv('aes-256-gcm', key, nonce);
	cipher.setAAD(derSetOf(...attributes));
	const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
	const build = (sent: Uint8Array[]) =>
		edit(rsaEnvelope, [1, 0], (data) => {
			const [version, recipients, info] = data.children.map(({encoded}) => encoded);
			return derSequence(
				version ?? key,
				edit(recipients ?? key, [0, 3], () => derOctetString(wrapped)),
				edit(info ?? key, [2], () => derElement(0x80, encrypted)),
				derElement(0xa1, ...sent),
				derOctetString(cipher.getAuthTag()),
			);
		});
	t.is(await decryptCode(build(attributes)), 'ok');
	t.is(await decryptCode(build(attributes.toReversed())), 'ok');
	t.is(await decryptCode(build(attributes.slice(1))), 'DECRYPTION_FAILED');
});

async function wrapOaep(key: Uint8Array): Promise<Uint8Array> {
	const {constants, publicEncrypt, createPublicKey} = await import('node:crypto');
	const padding = constants.RSA_PKCS1_OAEP_PADDING;
	return publicEncrypt({key: createPublicKey(frank.key), padding, oaepHash: 'sha256'}, key);
}

// Malleability (V7d): what changes nothing about the signed content may pass, for a message is known by the digest of
// its content and by nothing else of the SignerInfo.

test('(r, n-s) verifies as (r, s) does, with the same content digest (V7d)', async (t) => {
	const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
	const forged = edit(signed, [...signerAt, -1], (element) =>
		derOctetString(
			edit(element.content, [1], (s) => derInteger(order - BigInt(`0x${Buffer.from(s.content).toString('hex')}`))),
		),
	);
	t.notDeepEqual(forged, signed);
	const [original, malleated] = [must(await provider.verify(signed)), must(await provider.verify(forged))];
	t.deepEqual(malleated.content, original.content);
	t.deepEqual(malleated.signers[0]?.messageDigest, original.signers[0]?.messageDigest);
});

test('another encoding in BER, extra certificates and unsigned attributes leave the content digest alone (V7d)', async (t) => {
	const original = must(await provider.verify(signed));
	const unsigned = derSequence(derObjectIdentifier('1.2.3'), derSetOf(derUtf8String('anything')));
	for (const forged of [
		toIndefinite(signed),
		edit(signed, [1, 0, 2, 1, 0], (element) => cutIntoSegments(element)),
		edit(signed, [1, 0, 3], (element) => derElement(0xa0, ...element.children.map(({encoded}) => encoded), bob.der)),
		edit(signed, signerAt, (element) =>
			derSequence(...element.children.map(({encoded}) => encoded), derContext(1, unsigned)),
		),
	]) {
		const malleated = must(await provider.verify(forged));
		t.deepEqual(malleated.content, original.content);
		t.deepEqual(malleated.signers[0]?.messageDigest, original.signers[0]?.messageDigest);
		t.deepEqual(malleated.signers[0]?.certificate, alice.der);
	}
	t.is(await decryptCode(toIndefinite(sealed)), 'ok');
});

function cutIntoSegments(element: Asn1Element): Uint8Array {
	const {content: octets} = element;
	return derElement(0x24, derOctetString(octets.subarray(0, 2)), derOctetString(octets.subarray(2)));
}

/** Every element down to the signed attributes with an indefinite length. */
function toIndefinite(encoding: Uint8Array, depth = 0): Uint8Array {
	const element = at(encoding, []);
	const inner = element.children.map((child) =>
		depth < 3 && child.children.length > 0 ? toIndefinite(child.encoded, depth + 1) : child.encoded,
	);
	return element.children.length > 0
		? new Uint8Array(Buffer.concat([Uint8Array.of(element.tag, 0x80), ...inner, Uint8Array.of(0, 0)]))
		: encoding;
}

test('of two signers each must verify; with one stripped the content digest stays (V21)', async (t) => {
	const second = must(await provider.sign({content, keyId: bob.keyId, signingTimeMs: 1, detached: false}));
	const both = combine(second);
	const verified = must(await provider.verify(both));
	t.deepEqual(
		verified.signers.map(({certificate}) => toHex(certificate)).toSorted(),
		[alice.der, bob.der].map(toHex).toSorted(),
	);
	t.deepEqual(must(await provider.verify(signed)).content, verified.content);

	for (const index of [0, 1]) {
		const forged = edit(both, [1, 0, -1, index, -1], (element) => {
			const signature = element.content.slice();
			signature[20] = (signature[20] ?? 0) ^ 1;
			return derOctetString(signature);
		});
		t.is(await verifyCode(forged), 'BAD_SIGNATURE');
	}
});

function combine(second: Uint8Array): Uint8Array {
	const certificates = edit(signed, [1, 0, 3], (element) =>
		derElement(0xa0, ...element.children.map(({encoded}) => encoded), bob.der),
	);
	return edit(certificates, [1, 0, -1], (element) =>
		derSetOf(...element.children.map(({encoded}) => encoded), at(second, signerAt).encoded),
	);
}

/** Signs attributes of the test's choice with Alice's key. */
async function signAttributes(t: ExecutionContext, attributes: readonly Uint8Array[]): Promise<Uint8Array> {
	const {sign} = await import('node:crypto');
	const toBeSigned = derSetOf(...attributes);
	t.truthy(toBeSigned.length);
	return edit(signed, signerAt, (element) => {
		const [version, identifier, digest, , algorithm] = element.children.map(({encoded}) => encoded);
		const implicit = toBeSigned.slice();
		implicit[0] = 0xa0;
		const signature = derOctetString(sign('sha256', toBeSigned, alice.key));
		return derSequence(
			...[version, identifier, digest, implicit, algorithm, signature].filter((part) => part !== undefined),
		);
	});
}

const attribute = (oid: string, ...values: Uint8Array[]) => derSequence(derObjectIdentifier(oid), derSetOf(...values));
const contentType = attribute('1.2.840.113549.1.9.3', derObjectIdentifier('1.2.840.113549.1.7.1'));
const digest = derOctetString(createHash('sha256').update(content).digest());
const messageDigest = attribute('1.2.840.113549.1.9.4', digest);
const time = (text: string) => derElement(0x17, Buffer.from(text));
const signingTime = attribute('1.2.840.113549.1.9.5', time('261124060000Z'));
const sha256 = derSequence(derObjectIdentifier('2.16.840.1.101.3.4.2.1'));
const protection = (hash: Uint8Array, signatureOid: string) =>
	attribute('1.2.840.113549.1.9.52', derSequence(hash, derElement(0xa1, derObjectIdentifier(signatureOid))));

for (const [title, attributes, expected] of [
	['the two that must be there', [contentType, messageDigest], 'ok'],
	['no content-type', [messageDigest], 'BAD_ATTRIBUTES'],
	['no message-digest', [contentType], 'BAD_ATTRIBUTES'],
	['content-type twice', [contentType, contentType, messageDigest], 'BAD_ATTRIBUTES'],
	['message-digest twice', [contentType, messageDigest, messageDigest], 'BAD_ATTRIBUTES'],
	[
		'message-digest with two values',
		[contentType, attribute('1.2.840.113549.1.9.4', digest, derOctetString(new Uint8Array(32)))],
		'BAD_ATTRIBUTES',
	],
	['message-digest without a value', [contentType, attribute('1.2.840.113549.1.9.4')], 'BAD_ATTRIBUTES'],
	['signing-time twice', [contentType, messageDigest, signingTime, signingTime], 'BAD_ATTRIBUTES'],
	[
		'a signing-time that is no time',
		[contentType, messageDigest, attribute('1.2.840.113549.1.9.5', derInteger(1))],
		'BAD_ATTRIBUTES',
	],
	[
		'a signing-time in the 13th month',
		[contentType, messageDigest, attribute('1.2.840.113549.1.9.5', time('261324060000Z'))],
		'MALFORMED',
	],
	[
		'a content-type other than the content',
		[attribute('1.2.840.113549.1.9.3', derObjectIdentifier('1.2.840.113549.1.7.2')), messageDigest],
		'BAD_ATTRIBUTES',
	],
	[
		'a message-digest of other content',
		[contentType, attribute('1.2.840.113549.1.9.4', derOctetString(new Uint8Array(32)))],
		'BAD_SIGNATURE',
	],
	['the algorithms protected', [contentType, messageDigest, protection(sha256, '1.2.840.10045.4.3.2')], 'ok'],
	[
		'another signature algorithm protected',
		[contentType, messageDigest, protection(sha256, '1.2.840.10045.4.3.3')],
		'BAD_ATTRIBUTES',
	],
	[
		'another digest protected',
		[
			contentType,
			messageDigest,
			protection(derSequence(derObjectIdentifier('2.16.840.1.101.3.4.2.2')), '1.2.840.10045.4.3.2'),
		],
		'BAD_ATTRIBUTES',
	],
	['an attribute that we do not know', [contentType, messageDigest, attribute('1.2.3.4', derInteger(1))], 'ok'],
] as const) {
	test(`signed attributes with ${title}: ${expected}`, async (t) => {
		t.is(await verifyCode(await signAttributes(t, attributes)), expected);
	});
}

test('signed attributes out of order are put in order before they are verified', async (t) => {
	const forged = edit(signed, [...signerAt, 3], (element) =>
		derElement(0xa0, ...element.children.map(({encoded}) => encoded).toReversed()),
	);
	t.is(await verifyCode(forged), 'ok');
});

test('a signature over anything else does not verify', async (t) => {
	const flip = (element: Asn1Element) => {
		const octets = element.encoded.slice();
		octets[octets.length - 1] = (octets.at(-1) ?? 0) ^ 1;
		return octets;
	};
	t.is(await verifyCode(edit(signed, [1, 0, 2, 1, 0], flip)), 'BAD_SIGNATURE');
	t.is(await verifyCode(edit(signed, [...signerAt, -1], flip)), 'BAD_SIGNATURE');
	t.is(await verifyCode(edit(signed, [...signerAt, -1], () => derOctetString(new Uint8Array()))), 'BAD_SIGNATURE');
	t.is(await verifyCode(edit(signed, [1, 0, 3], () => derElement(0xa0))), 'NO_SIGNER_CERTIFICATE');
	t.is(await verifyCode(edit(signed, [1, 0, -1], () => derSetOf())), 'UNSUPPORTED');
	t.is(await verifyCode(edit(signed, [...signerAt, 3], () => derElement(0xa0))), 'BAD_ATTRIBUTES');
});

test('attributes that must be signed are refused among the unsigned ones', async (t) => {
	for (const misplaced of [contentType, messageDigest, signingTime]) {
		const forged = edit(signed, signerAt, (element) =>
			derSequence(...element.children.map(({encoded}) => encoded), derContext(1, misplaced)),
		);
		t.is(await verifyCode(forged), 'BAD_ATTRIBUTES');
	}
});

test('signatures with MD5 and SHA-1 are named weak, others unknown', async (t) => {
	const digestAt = [...signerAt, 2] as const;
	const algorithm = (oid: string) => () => derSequence(derObjectIdentifier(oid));
	t.is(await verifyCode(edit(signed, digestAt, algorithm('1.3.14.3.2.26'))), 'WEAK');
	t.is(await verifyCode(edit(signed, digestAt, algorithm('1.2.840.113549.2.5'))), 'WEAK');
	t.is(await verifyCode(edit(signed, digestAt, algorithm('2.16.840.1.101.3.4.2.4'))), 'UNSUPPORTED');
	const signatureAt = [...signerAt, 4] as const;
	t.is(await verifyCode(edit(signed, signatureAt, algorithm('1.2.840.113549.1.1.5'))), 'WEAK');
	t.is(await verifyCode(edit(signed, signatureAt, algorithm('1.2.840.10045.4.1'))), 'WEAK');
	t.is(await verifyCode(edit(signed, signatureAt, algorithm('1.2.840.10045.4.3.4'))), 'UNSUPPORTED');
	t.is(await verifyCode(edit(signed, signatureAt, algorithm('1.2.840.10045.2.1'))), 'UNSUPPORTED');
	t.is(await verifyCode(edit(signed, signatureAt, algorithm('1.2.840.113549.1.1.11'))), 'BAD_ATTRIBUTES');
});
