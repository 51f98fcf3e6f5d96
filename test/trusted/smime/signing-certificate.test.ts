import {createPrivateKey, createPublicKey} from 'node:crypto';
import test from 'ava';
import type {CmsProvider, ContentCipher} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {derElement} from '#dist/wire/asn1/index.js';
import {codeOf, edit, makeCertificate, makeIdentity, must} from './test-pki.js';

const alice = makeIdentity('p-256', 'alice');
const rsa = makeIdentity('rsa', 'frank');
const content = Buffer.from('v=0\r\n');
const providers: CmsProvider[] = [];

test.before(async () => {
	for (const provider of ['openssl', 'forge'] as const) {
		providers.push((await openCmsProvider({keys: provider === 'forge' ? [rsa] : [alice, rsa], provider})).provider);
	}
});
test.after.always(() => Promise.all(providers.map((provider) => provider.close())));

test('a signature names its certificate: another one of the same key and name is not taken (RFC 5035)', async (t) => {
	const [provider] = providers as [CmsProvider];
	const signed = must(
		await provider.sign({
			content,
			keyId: alice.keyId,
			identifiedBy: 'subject-key-identifier',
			signingTimeMs: 0,
			detached: false,
		}),
	);
	t.true((await provider.verify(signed)).ok);
	const twin = makeCertificate(createPublicKey(createPrivateKey(alice.privateKeyPem)), 'alice');
	const exchanged = edit(signed, [1, 0, 3], () => derElement(0xa0, twin));
	t.is(codeOf(await provider.verify(exchanged)), 'BAD_SIGNATURE');
	const both = edit(signed, [1, 0, 3], () => derElement(0xa0, twin, alice.der));
	t.deepEqual(must(await provider.verify(both)).signers[0]?.certificate, alice.der);
});

test('a signer says which ciphers it opens, best first, by each provider what it can', async (t) => {
	const said: (readonly ContentCipher[] | undefined)[] = [];
	for (const provider of providers) {
		const signed = must(await provider.sign({content, keyId: rsa.keyId, signingTimeMs: 0, detached: false}));
		said.push(must(await (providers[0] as CmsProvider).verify(signed)).signers[0]?.capabilities);
	}

	t.deepEqual(said, [
		['AES-256-GCM', 'AES-128-GCM', 'AES-256-CBC', 'AES-192-CBC', 'AES-128-CBC'],
		['AES-256-CBC', 'AES-192-CBC', 'AES-128-CBC'],
	]);
});
