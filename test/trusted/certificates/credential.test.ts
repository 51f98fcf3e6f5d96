import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {SallyportError} from '#dist/base/error.js';
import {
	CertificateAuthority,
	createRoot,
	type IssuedCredential,
} from '#dist/trusted/certificates/certificate-authority.js';
import {parseCredential, readCertificates, readCredential} from '#dist/trusted/certificates/credential.js';
import {openssl, temporaryFolder} from './openssl.js';

async function issue(passphrase?: string): Promise<{root: IssuedCredential; leaf: IssuedCredential}> {
	const root = await createRoot({commonName: 'Test Root'});
	const authority = new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem));
	const leaf = await authority.issue({
		uris: ['sip:alice@example.com'],
		...(passphrase === undefined ? {} : {passphrase}),
	});
	return {root, leaf};
}

test('a credential comes from one file or from two, with its intermediates', async (t) => {
	const folder = temporaryFolder(t);
	const {root, leaf} = await issue();
	const [all, certificates, key] = ['all.pem', 'certificates.pem', 'key.pem'].map((name) => path.join(folder, name));
	if (all === undefined || certificates === undefined || key === undefined) {
		return t.fail();
	}

	writeFileSync(all, `Made for a test\n${leaf.certificatePem}${leaf.privateKeyPem}${root.certificatePem}`);
	writeFileSync(certificates, leaf.certificatePem + root.certificatePem);
	writeFileSync(key, leaf.privateKeyPem);
	const fromOne = await readCredential([all]);
	const fromTwo = await readCredential([certificates, key]);
	t.deepEqual(fromOne.certificate, fromTwo.certificate);
	t.deepEqual(fromOne.chain, fromTwo.chain);
	t.is(fromOne.chain.length, 1);
	t.is(fromOne.privateKey.asymmetricKeyType, 'ec');
	t.deepEqual(await readCertificates([certificates, all]), [
		fromOne.certificate,
		...fromOne.chain,
		fromOne.certificate,
		...fromOne.chain,
	]);
});

test('an encrypted key opens with its passphrase only, and errors tell nothing more', async (t) => {
	const {leaf} = await issue('open sesame');
	const pem = leaf.certificatePem + leaf.privateKeyPem;
	t.is(parseCredential(pem, {passphrase: 'open sesame'}).privateKey.type, 'private');
	const none = t.throws(() => parseCredential(pem, {source: 'alice.pem'}), {
		instanceOf: SallyportError,
		code: 'PASSPHRASE_NEEDED',
	});
	const wrong = t.throws(() => parseCredential(pem, {source: 'alice.pem', passphrase: 'open barley'}), {
		instanceOf: SallyportError,
		code: 'WRONG_PASSPHRASE',
	});
	t.is(none?.message, 'Expected a passphrase for the private key in alice.pem, got none.');
	t.is(wrong?.message, 'Expected the passphrase of the private key in alice.pem, got another.');
	t.is(wrong?.cause, undefined);
});

test('keys in the older forms open too, encrypted or not', async (t) => {
	const {leaf} = await issue();
	const input = Buffer.from(leaf.privateKeyPem);
	const sec1 = openssl(['ec'], {input}).toString();
	const encrypted = openssl(['ec', '-aes128', '-passout', 'pass:x1y2'], {input}).toString();
	t.regex(encrypted, /Proc-Type: 4,ENCRYPTED/);
	t.is(parseCredential(leaf.certificatePem + sec1).privateKey.asymmetricKeyType, 'ec');
	t.is(parseCredential(leaf.certificatePem + encrypted, {passphrase: 'x1y2'}).privateKey.asymmetricKeyType, 'ec');
	t.throws(() => parseCredential(leaf.certificatePem + encrypted), {code: 'PASSPHRASE_NEEDED'});
	t.throws(() => parseCredential(leaf.certificatePem + encrypted, {passphrase: 'x1y3'}), {code: 'WRONG_PASSPHRASE'});
});

test('each way in which a credential can be wrong has a code of its own', async (t) => {
	const {root, leaf} = await issue();
	const body = /-\n([\s\S]*?)\n-/.exec(leaf.privateKeyPem)?.[1] ?? '';
	const cases: readonly (readonly [pem: string, code: string])[] = [
		['', 'NO_CERTIFICATE'],
		[leaf.privateKeyPem, 'NO_CERTIFICATE'],
		[leaf.certificatePem, 'NO_PRIVATE_KEY'],
		[leaf.certificatePem + leaf.privateKeyPem + root.privateKeyPem, 'NO_PRIVATE_KEY'],
		[root.certificatePem + leaf.privateKeyPem, 'KEY_MISMATCH'],
		[leaf.certificatePem + leaf.privateKeyPem.replace(body, body.slice(8)), 'BAD_PRIVATE_KEY'],
		[leaf.certificatePem.replace('MII', 'M?I') + leaf.privateKeyPem, 'BAD_PEM'],
	];
	for (const [pem, code] of cases) {
		const error = t.throws(() => parseCredential(pem), {instanceOf: SallyportError, code}, code);
		t.false(error?.message.includes(body.slice(0, 20)));
	}
});

test('a file that is not there is named', async (t) => {
	const missing = path.join(temporaryFolder(t), 'absent.pem');
	const error = await t.throwsAsync(readCredential([missing]), {instanceOf: SallyportError, code: 'FILE_UNREADABLE'});
	t.true(error?.message.includes(missing));
	await t.throwsAsync(readCertificates([missing]), {code: 'FILE_UNREADABLE'});
});
