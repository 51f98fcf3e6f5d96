import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import test from 'ava';
import type {CmsProvider, ContentCipher, SignatureScheme} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {codeOf, makeIdentity, must, openProvider} from './test-pki.js';

const identities = {
	'p-256': makeIdentity('p-256', 'alice'),
	'p-384': makeIdentity('p-384', 'bob'),
	'p-521': makeIdentity('p-521', 'carol'),
	ed25519: makeIdentity('ed25519', 'dave'),
	x25519: makeIdentity('x25519', 'erin'),
	rsa: makeIdentity('rsa', 'frank'),
};
const providers = new Map<'openssl' | 'forge', CmsProvider>();
test.before(async () => {
	for (const [provider, keys] of [
		['openssl', Object.values(identities)],
		['forge', [identities.rsa]],
	] as const) {
		providers.set(provider, (await openCmsProvider({keys, provider})).provider);
	}
});
test.after.always(() => Promise.all([...providers.values()].map((provider) => provider.close())));

function shared(name: 'openssl' | 'forge'): CmsProvider {
	return providers.get(name) ?? assert.fail('The provider was opened.');
}

const content = Buffer.from('Content-Type: application/sdp\r\n\r\nv=0\r\n');
const signingTimeMs = Date.UTC(2026, 10, 24, 6, 0, 0);

const schemes: readonly (readonly [SignatureScheme, keyof typeof identities])[] = [
	['ecdsa-sha256', 'p-256'],
	['ecdsa-sha384', 'p-384'],
	['ecdsa-sha512', 'p-521'],
	['ecdsa-sha512', 'p-256'],
	['ed25519', 'ed25519'],
	['rsa-pss-sha256', 'rsa'],
	['rsa-pss-sha384', 'rsa'],
	['rsa-pss-sha512', 'rsa'],
	['rsa-pkcs1-sha256', 'rsa'],
	['rsa-pkcs1-sha384', 'rsa'],
	['rsa-pkcs1-sha512', 'rsa'],
];

const ciphers: readonly ContentCipher[] = ['AES-128-GCM', 'AES-256-GCM', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC'];

for (const name of ['openssl', 'forge'] as const) {
	for (const [scheme, kind] of schemes.filter(([, kind]) => name === 'openssl' || kind === 'rsa')) {
		test(`${name} verifies what it signed with ${scheme} and ${kind}`, async (t) => {
			const identity = identities[kind];
			const provider = shared(name);
			for (const detached of [false, true]) {
				const signed = must(await provider.sign({content, keyId: identity.keyId, scheme, signingTimeMs, detached}));
				const verified = must(await provider.verify(signed, detached ? content : undefined));
				t.deepEqual(Buffer.from(verified.content), content);
				const [signer] = verified.signers;
				t.is(verified.signers.length, 1);
				t.is(signer?.scheme, scheme);
				t.is(signer?.signingTimeMs, signingTimeMs);
				t.deepEqual(signer?.certificate, identity.der);
				t.deepEqual(verified.certificates, [identity.der]);
			}
		});
	}

	for (const cipher of ciphers.filter((cipher) => name === 'openssl' || cipher.endsWith('CBC'))) {
		for (const kind of name === 'openssl'
			? (['p-256', 'p-384', 'p-521', 'x25519', 'rsa'] as const)
			: (['rsa'] as const)) {
			test(`${name} decrypts what it encrypted with ${cipher} to ${kind}`, async (t) => {
				const identity = identities[kind];
				const provider = shared(name);
				for (const length of [0, 1, 15, 16, 17, 70_000]) {
					const plaintext = new Uint8Array(length).fill(length);
					const sealed = must(await provider.encrypt({content: plaintext, recipients: [identity.der], cipher}));
					const {authenticated, legacy, ...opened} = must(await provider.decrypt(sealed));
					t.deepEqual(opened, {content: plaintext, cipher, keyId: identity.keyId});
					t.is(authenticated, cipher.endsWith('GCM'));
					t.deepEqual(legacy, []);
				}
			});
		}
	}
}

test('each of many recipients opens the message, whichever key they have', async (t) => {
	const recipients = [identities['p-256'], identities['p-384'], identities['p-521'], identities.x25519, identities.rsa];
	const sender = await openProvider(t, []);
	const sealed = must(
		await sender.encrypt({content, recipients: recipients.map(({der}) => der), cipher: 'AES-256-GCM'}),
	);
	for (const recipient of recipients) {
		const opened = must(await (await openProvider(t, [recipient])).decrypt(sealed));
		t.deepEqual(Buffer.from(opened.content), content);
		t.is(opened.keyId, recipient.keyId);
	}
	t.is(codeOf(await sender.decrypt(sealed)), 'NOT_FOR_US');
});

test('openssl and forge open what the other sealed', async (t) => {
	const {rsa} = identities;
	const [openssl, forge] = [await openProvider(t, [rsa]), await openProvider(t, [rsa], 'forge')];
	for (const [sender, receiver] of [
		[openssl, forge],
		[forge, openssl],
	] as const) {
		for (const scheme of ['rsa-pkcs1-sha256', 'rsa-pss-sha384'] as const) {
			const signed = must(await sender.sign({content, keyId: rsa.keyId, scheme, signingTimeMs, detached: false}));
			const sealed = must(await sender.encrypt({content: signed, recipients: [rsa.der], cipher: 'AES-128-CBC'}));
			const opened = must(await receiver.decrypt(sealed));
			t.deepEqual(Buffer.from(must(await receiver.verify(opened.content)).content), content);
		}
	}
});

test('forge refuses by name what it cannot do', async (t) => {
	const {rsa} = identities;
	const [openssl, forge] = [await openProvider(t, [identities['p-256'], rsa]), await openProvider(t, [rsa], 'forge')];
	t.is(codeOf(await forge.encrypt({content, recipients: [rsa.der], cipher: 'AES-128-GCM'})), 'NOT_CAPABLE');
	const toCurve = await forge.encrypt({content, recipients: [identities['p-256'].der], cipher: 'AES-128-CBC'});
	t.is(codeOf(toCurve), 'NOT_CAPABLE');
	const gcm = must(await openssl.encrypt({content, recipients: [rsa.der], cipher: 'AES-128-GCM'}));
	t.is(codeOf(await forge.decrypt(gcm)), 'NOT_CAPABLE');
	const {keyId} = identities['p-256'];
	const ecdsa = must(await openssl.sign({content, keyId, signingTimeMs, detached: false}));
	t.is(codeOf(await forge.verify(ecdsa)), 'NOT_CAPABLE');
	await t.throwsAsync(() => openProvider(t, [identities['p-256']], 'forge'), {code: 'NOT_CAPABLE'});
});

test('without a scheme a key signs in its natural one', async (t) => {
	const keys = [identities['p-256'], identities['p-384'], identities['p-521'], identities.ed25519, identities.rsa];
	const provider = await openProvider(t, keys);
	const natural = [];
	for (const {keyId} of keys) {
		const signed = must(await provider.sign({content, keyId, signingTimeMs, detached: false}));
		natural.push(must(await provider.verify(signed)).signers[0]?.scheme);
	}
	t.deepEqual(natural, ['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'ed25519', 'rsa-pkcs1-sha256']);
});

test('signing with an unknown key, a key that cannot sign, or a scheme of another key is refused', async (t) => {
	const provider = await openProvider(t, [identities.x25519, identities.rsa]);
	const sign = async (keyId: string, scheme?: SignatureScheme) =>
		codeOf(await provider.sign({content, keyId, signingTimeMs, detached: false, ...(scheme && {scheme})}));
	t.is(await sign('00'), 'NOT_CAPABLE');
	t.is(await sign(identities.x25519.keyId), 'NOT_CAPABLE');
	t.is(await sign(identities.rsa.keyId, 'ecdsa-sha256'), 'NOT_CAPABLE');
});

test('recipients that cannot be encrypted to are refused, and their number is bounded', async (t) => {
	const provider = await openProvider(t, []);
	const encrypt = async (...recipients: Uint8Array[]) =>
		codeOf(await provider.encrypt({content, recipients, cipher: 'AES-128-GCM'}));
	t.is(await encrypt(identities.ed25519.der), 'NOT_CAPABLE');
	t.is(await encrypt(makeIdentity('rsa-1024').der), 'WEAK');
	t.is(await encrypt(Uint8Array.of(0x30, 0)), 'MALFORMED');
	await t.throwsAsync(() => encrypt(), {instanceOf: RangeError});
	await t.throwsAsync(() => encrypt(...Array.from({length: 101}, () => identities['p-256'].der)), {
		instanceOf: RangeError,
	});
	t.is(await encrypt(...Array.from({length: 100}, () => identities['p-256'].der)), 'ok');
});

test('several of our keys sign one content, and each signature is verified', async (t) => {
	const [first, ...others] = [identities['p-256'], identities.rsa, identities.ed25519];
	const provider = await openProvider(t, [identities['p-256'], identities.rsa, identities.ed25519]);
	for (const identifiedBy of ['issuer-and-serial', 'subject-key-identifier'] as const) {
		const furtherSigners = [
			{keyId: others[0]?.keyId ?? '', scheme: 'rsa-pss-sha256'} as const,
			{keyId: others[1]?.keyId ?? ''},
		];
		const signed = must(
			await provider.sign({
				content,
				keyId: first?.keyId ?? '',
				furtherSigners,
				identifiedBy,
				signingTimeMs,
				detached: false,
			}),
		);
		const {signers, certificates} = must(await provider.verify(signed));
		t.deepEqual(signers.map(({scheme}) => scheme).toSorted(), ['ecdsa-sha256', 'ed25519', 'rsa-pss-sha256']);
		t.is(certificates.length, 3);
	}

	const furtherSigners = Array.from({length: 16}, () => ({keyId: first?.keyId ?? ''}));
	await t.throwsAsync(
		() => provider.sign({content, keyId: first?.keyId ?? '', furtherSigners, signingTimeMs, detached: false}),
		{instanceOf: RangeError},
	);
	const unknown = await provider.sign({
		content,
		keyId: first?.keyId ?? '',
		furtherSigners: [{keyId: '00'}],
		signingTimeMs,
		detached: false,
	});
	t.is(codeOf(unknown), 'NOT_CAPABLE');
});

test('recipients are named by the identifier of their key where that is asked for', async (t) => {
	const recipients = [identities['p-256'], identities.x25519, identities.rsa];
	const sender = await openProvider(t, []);
	const [named, other] = await Promise.all(
		(['subject-key-identifier', 'issuer-and-serial'] as const).map(async (identifiedBy) =>
			must(
				await sender.encrypt({
					content,
					recipients: recipients.map(({der}) => der),
					cipher: 'AES-128-GCM',
					identifiedBy,
				}),
			),
		),
	);
	t.false(Buffer.from(named ?? []).includes('Test authority'));
	t.true(Buffer.from(other ?? []).includes('Test authority'));
	for (const recipient of recipients) {
		const opened = must(await (await openProvider(t, [recipient])).decrypt(named ?? new Uint8Array()));
		t.deepEqual(Buffer.from(opened.content), content);
	}
});

test('content that is both inside and beside, or nowhere, is refused', async (t) => {
	const {keyId} = identities['p-256'];
	const provider = await openProvider(t, [identities['p-256']]);
	const inside = must(await provider.sign({content, keyId, signingTimeMs, detached: false}));
	const beside = must(await provider.sign({content, keyId, signingTimeMs, detached: true}));
	t.is(codeOf(await provider.verify(inside, content)), 'MALFORMED');
	t.is(codeOf(await provider.verify(beside)), 'MALFORMED');
	t.is(codeOf(await provider.verify(beside, Buffer.from('other'))), 'BAD_SIGNATURE');
});

test('keys with 64 messages in flight give 64 answers', async (t) => {
	const identity = identities['p-256'];
	const provider = await openProvider(t, [identity]);
	const answers = await Promise.all(
		Array.from({length: 64}, async (_, index) => {
			const own = Buffer.from(`message ${index}`);
			const signed = must(await provider.sign({content: own, keyId: identity.keyId, signingTimeMs, detached: false}));
			const sealed = must(await provider.encrypt({content: signed, recipients: [identity.der], cipher: 'AES-128-GCM'}));
			const verified = must(await provider.verify(must(await provider.decrypt(sealed)).content));
			return Buffer.from(verified.content).toString();
		}),
	);
	t.deepEqual(
		answers,
		Array.from({length: 64}, (_, index) => `message ${index}`),
	);
});

test('the message digest that comes out is that of the content', async (t) => {
	const {keyId} = identities['p-256'];
	const provider = await openProvider(t, [identities['p-256']]);
	const verified = must(
		await provider.verify(must(await provider.sign({content, keyId, signingTimeMs, detached: false}))),
	);
	t.deepEqual(Buffer.from(verified.signers[0]?.messageDigest ?? []), createHash('sha256').update(content).digest());
});
