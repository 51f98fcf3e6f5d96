import {execFile, execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import type {CmsProvider, ContentCipher, SignatureScheme} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {testWhere} from '../../support/test-where.js';
import type {Identity} from './test-pki.js';
import {codeOf, makeIdentity, must} from './test-pki.js';

// Both directions with the `openssl` command, which has a reader and a writer of its own.

const version = opensslVersion();
const identities = {
	'p-256': makeIdentity('p-256', 'alice'),
	'p-384': makeIdentity('p-384', 'bob'),
	'p-521': makeIdentity('p-521', 'carol'),
	rsa: makeIdentity('rsa', 'frank'),
};
type Kind = keyof typeof identities;
const content = Buffer.from('Content-Type: application/sdp\r\n\r\nv=0\r\n');
const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-openssl-'));
let provider!: CmsProvider;

test.before(async (t) => {
	t.log(version === undefined ? 'NOT RUN: no openssl command on this machine' : version);
	({provider} = await openCmsProvider({keys: Object.values(identities)}));
	for (const [kind, {certificatePem, privateKeyPem}] of Object.entries(identities)) {
		writeFileSync(file(`${kind}.pem`), certificatePem);
		writeFileSync(file(`${kind}.key`), privateKeyPem);
	}
	writeFileSync(file('content'), content);
});
test.after.always(async () => {
	await provider.close();
	rmSync(folder, {recursive: true});
});

// Where there is no such peer these are reported as skipped; where CI has to provide it, that is a failure.
const peer = testWhere(version !== undefined);

test('the openssl command is there, at least where CI=true', (t) => {
	t.true(version !== undefined || process.env['CI'] !== 'true', 'Expected openssl where CI=true.');
});

for (const [kind, scheme, ...options] of [
	['p-256', 'ecdsa-sha256'],
	['p-384', 'ecdsa-sha384', '-md', 'sha384'],
	['p-521', 'ecdsa-sha512', '-md', 'sha512'],
	['rsa', 'rsa-pkcs1-sha256'],
	['rsa', 'rsa-pkcs1-sha512', '-md', 'sha512'],
	['rsa', 'rsa-pss-sha256', '-keyopt', 'rsa_padding_mode:pss'],
	['rsa', 'rsa-pss-sha384', '-md', 'sha384', '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:-1'],
] as const) {
	peer(`openssl verifies our ${scheme} by ${kind}, and we verify its`, async (t) => {
		for (const detached of [false, true]) {
			const {keyId} = identities[kind];
			const ours = must(await provider.sign({content, keyId, scheme, signingTimeMs: Date.now(), detached}));
			const beside = detached ? ['-content', file('content')] : [];
			t.deepEqual(await openssl(ours, 'cms', '-verify', '-noverify', '-inform', 'DER', '-binary', ...beside), content);

			const how = ['-outform', 'DER', '-binary', ...(detached ? [] : ['-nodetach']), ...options];
			const theirs = await openssl(content, 'cms', '-sign', '-signer', file(`${kind}.pem`), ...keyOf(kind), ...how);
			const verified = must(await provider.verify(theirs, detached ? content : undefined));
			t.deepEqual(Buffer.from(verified.content), content);
			t.is(verified.signers[0]?.scheme, scheme satisfies SignatureScheme);
		}
	});
}

for (const cipher of ['AES-128-GCM', 'AES-256-GCM', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC'] as const) {
	for (const kind of ['p-256', 'p-384', 'p-521', 'rsa'] as const) {
		peer(`openssl decrypts our ${cipher} to ${kind}, and we decrypt its`, async (t) => {
			const {der, keyId} = identities[kind];
			const ours = must(await provider.encrypt({content, recipients: [der], cipher}));
			t.deepEqual(await opensslDecrypt(ours, kind), content);

			for (const options of kind === 'rsa' ? oaepOptions : agreementOptions) {
				const theirs = await opensslEncrypt(cipher, ['-recip', file(`${kind}.pem`), ...options]);
				const opened = must(await provider.decrypt(theirs));
				t.deepEqual([Buffer.from(opened.content), opened.cipher, opened.keyId], [content, cipher, keyId]);
			}
		});
	}
}

peer('openssl checks the certificate that our signature names, and we the one that its does (RFC 5035)', async (t) => {
	for (const kind of ['p-256', 'rsa'] as const) {
		const {keyId} = identities[kind];
		const ours = must(await provider.sign({content, keyId, signingTimeMs: Date.now(), detached: false}));
		const trusted = ['-CAfile', file(`${kind}.pem`), '-partial_chain', '-purpose', 'any'];
		const verifying = ['cms', '-verify', '-cades', '-inform', 'DER', '-binary', ...trusted];
		t.deepEqual(await openssl(ours, ...verifying), content);
		const how = ['-nodetach', '-cades', '-outform', 'DER', '-binary'];
		const theirs = await openssl(content, 'cms', '-sign', '-signer', file(`${kind}.pem`), ...keyOf(kind), ...how);
		const [signer] = must(await provider.verify(theirs)).signers;
		t.deepEqual(signer?.capabilities, ['AES-256-CBC', 'AES-192-CBC', 'AES-128-CBC']);
	}
});

peer('two recipients open what openssl sealed, and what we sealed', async (t) => {
	const theirs = await opensslEncrypt('AES-128-GCM', [
		'-recip',
		file('p-256.pem'),
		'-recip',
		file('rsa.pem'),
		'-keyopt',
		'rsa_padding_mode:oaep',
	]);
	for (const kind of ['p-256', 'rsa'] as const) {
		const {provider: own} = await openOnly(identities[kind]);
		t.deepEqual(Buffer.from(must(await own.decrypt(theirs)).content), content);
		await own.close();
	}

	const recipients = [identities.rsa.der, identities['p-384'].der];
	const ours = must(await provider.encrypt({content, recipients, cipher: 'AES-256-GCM'}));
	t.deepEqual(await opensslDecrypt(ours, 'rsa'), content);
	t.deepEqual(await opensslDecrypt(ours, 'p-384'), content);
});

peer('a recipient known by subject key identifier opens what openssl sealed', async (t) => {
	for (const kind of ['p-256', 'rsa'] as const) {
		const options = kind === 'rsa' ? ['-keyopt', 'rsa_padding_mode:oaep'] : [];
		const theirs = await opensslEncrypt('AES-128-GCM', ['-keyid', '-recip', file(`${kind}.pem`), ...options]);
		t.is(must(await provider.decrypt(theirs)).keyId, identities[kind].keyId);
	}
});

peer('both of two signers of openssl are verified, also by subject key identifier', async (t) => {
	const signers = ['-signer', file('p-256.pem'), ...keyOf('p-256'), '-signer', file('rsa.pem'), ...keyOf('rsa')];
	for (const extra of [[], ['-keyid']]) {
		const theirs = await openssl(
			content,
			'cms',
			'-sign',
			...signers,
			...extra,
			'-nodetach',
			'-outform',
			'DER',
			'-binary',
		);
		const verified = must(await provider.verify(theirs));
		t.deepEqual(verified.signers.map(({scheme}) => scheme).toSorted(), ['ecdsa-sha256', 'rsa-pkcs1-sha256']);
	}
});

peer('BER of indefinite length from openssl is read', async (t) => {
	const signed = await openssl(
		Buffer.alloc(50_000, 'x'),
		...['cms', '-sign', '-signer', file('p-256.pem'), ...keyOf('p-256')],
		...['-nodetach', '-stream', '-indef', '-outform', 'DER', '-binary'],
	);
	t.is(signed[1], 0x80);
	t.is(must(await provider.verify(signed)).content.length, 50_000);
	const sealed = await opensslEncrypt('AES-128-GCM', ['-stream', '-recip', file('p-256.pem')]);
	t.is(sealed[1], 0x80);
	t.deepEqual(Buffer.from(must(await provider.decrypt(sealed)).content), content);
});

peer('what openssl does without being asked for better is refused by name', async (t) => {
	const transport = await opensslEncrypt('AES-128-CBC', ['-recip', file('rsa.pem')]);
	t.is(codeOf(await provider.decrypt(transport)), 'WEAK');
	const permitted = await provider.decrypt(transport, {legacy: ['rsa-pkcs1-key-transport']});
	// Before OpenSSL 3.2 nobody can permit it: a padding that is wrong would show.
	const isCapable = provider.capabilities.legacy.includes('rsa-pkcs1-key-transport');
	t.is(codeOf(permitted), isCapable ? 'ok' : 'NOT_CAPABLE');
	t.deepEqual(permitted.ok && permitted.value.legacy, isCapable && ['rsa-pkcs1-key-transport']);
	const sha1 = await openssl(
		content,
		...['cms', '-sign', '-md', 'sha1', '-signer', file('p-256.pem'), ...keyOf('p-256')],
		...['-nodetach', '-outform', 'DER', '-binary'],
	);
	t.is(codeOf(await provider.verify(sha1)), 'WEAK');
	t.is(codeOf(await provider.verify(sha1, undefined, {legacy: ['3des', 'rsa-pkcs1-key-transport']})), 'WEAK');
	const permittedHash = must(await provider.verify(sha1, undefined, {legacy: ['sha1-signatures']}));
	t.is(permittedHash.signers[0]?.scheme, 'ecdsa-sha1');
	t.deepEqual(permittedHash.legacy, ['sha1-signatures']);
	const bare = await openssl(
		content,
		...['cms', '-sign', '-noattr', '-signer', file('p-256.pem'), ...keyOf('p-256')],
		...['-nodetach', '-outform', 'DER', '-binary'],
	);
	t.is(codeOf(await provider.verify(bare)), 'BAD_ATTRIBUTES');
	const tripleDes = await openssl(
		content,
		...['cms', '-encrypt', '-des3', '-outform', 'DER', '-binary', '-recip', file('p-256.pem')],
	);
	t.is(codeOf(await provider.decrypt(tripleDes)), 'WEAK');
	t.is(codeOf(await provider.decrypt(tripleDes, {legacy: ['sha1-signatures']})), 'WEAK');
	const permittedCipher = must(await provider.decrypt(tripleDes, {legacy: ['3des']}));
	t.deepEqual(Buffer.from(permittedCipher.content), content);
	t.is(permittedCipher.cipher, '3DES-CBC');
	t.false(permittedCipher.authenticated);
});

const agreementOptions = [
	[],
	['-keyopt', 'ecdh_kdf_md:sha256'],
	['-keyopt', 'ecdh_kdf_md:sha384'],
	['-keyopt', 'ecdh_kdf_md:sha512'],
];
const oaepOptions = [
	['-keyopt', 'rsa_padding_mode:oaep'],
	['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256', '-keyopt', 'rsa_mgf1_md:sha256'],
];

function file(name: string): string {
	return path.join(folder, name);
}

function keyOf(kind: Kind): string[] {
	return ['-inkey', file(`${kind}.key`)];
}

async function openOnly(identity: Identity) {
	return openCmsProvider({keys: [identity]});
}

function opensslEncrypt(cipher: ContentCipher, recipients: readonly string[]): Promise<Buffer> {
	const name = `-${cipher.toLowerCase()}`;
	return openssl(content, 'cms', '-encrypt', name, '-outform', 'DER', '-binary', ...recipients);
}

function opensslDecrypt(sealed: Uint8Array, kind: Kind): Promise<Buffer> {
	const recipient = ['-recip', file(`${kind}.pem`), ...keyOf(kind)];
	return openssl(sealed, 'cms', '-decrypt', '-inform', 'DER', '-binary', ...recipient);
}

/** Standard output of a run of openssl; a failure of its own ends the test. */
async function openssl(input: Uint8Array, ...options: readonly string[]): Promise<Buffer> {
	const run = promisify(execFile)('openssl', options, {encoding: 'buffer', timeout: 30_000});
	run.child.stdin?.end(input);
	return (await run).stdout;
}

function opensslVersion(): string | undefined {
	try {
		return execFileSync('openssl', ['version'], {encoding: 'utf8'}).trim();
	} catch {
		return undefined;
	}
}
