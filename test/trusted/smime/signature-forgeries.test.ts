import {createHash, sign} from 'node:crypto';
import test from 'ava';
import {toHex} from '#dist/base/index.js';
import type {CmsProvider} from '#dist/trusted/smime/index.js';
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
import {at, codeOf, edit, makeIdentity, must} from './test-pki.js';

const alice = makeIdentity('p-256', 'alice');
const bob = makeIdentity('p-256', 'bob');
const content = Buffer.from('v=0\r\n');
let provider!: CmsProvider;
let signed!: Uint8Array;

test.before(async () => {
	({provider} = await openCmsProvider({keys: [alice, bob]}));
	signed = must(await provider.sign({content, keyId: alice.keyId, signingTimeMs: 0, detached: false}));
});
test.after.always(() => provider.close());

/** ContentInfo, [0], SignedData, signerInfos, SignerInfo. */
const signerAt = [1, 0, -1, 0] as const;

async function verifyCode(forged: Uint8Array): Promise<string> {
	return codeOf(await provider.verify(forged));
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
function signAttributes(attributes: readonly Uint8Array[]): Uint8Array {
	const toBeSigned = derSetOf(...attributes);
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
		t.is(await verifyCode(signAttributes(attributes)), expected);
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
