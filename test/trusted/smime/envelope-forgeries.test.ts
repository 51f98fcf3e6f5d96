import {constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes} from 'node:crypto';
import test from 'ava';
import type {CmsProvider, ContentCipher} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import type {Asn1Element} from '#dist/wire/asn1/index.js';
import {
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
	t.is(await decryptCode(forged), 'WEAK');
});

test('a key wrap with parameters, another wrap, and static originators are refused', async (t) => {
	const wrapAt = [...recipientAt, 2, 1] as const;
	const withNull = edit(sealed, wrapAt, (element) =>
		derSequence(element.children[0]?.encoded ?? new Uint8Array(), Uint8Array.of(5, 0)),
	);
	t.is(await decryptCode(withNull), 'UNSUPPORTED');
	const tripleDes = edit(sealed, wrapAt, () => derSequence(derObjectIdentifier('1.2.840.113549.1.9.16.3.6')));
	t.is(await decryptCode(tripleDes), 'WEAK');
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
	const wrapped = wrapOaep(key);
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

function wrapOaep(key: Uint8Array): Uint8Array {
	const padding = constants.RSA_PKCS1_OAEP_PADDING;
	return publicEncrypt({key: createPublicKey(frank.key), padding, oaepHash: 'sha256'}, key);
}
