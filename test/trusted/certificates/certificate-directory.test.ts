import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {CertificateAuthority, createRoot} from '#dist/trusted/certificates/certificate-authority.js';
import {CertificateDirectory} from '#dist/trusted/certificates/certificate-directory.js';
import type {ValidatedCertificate} from '#dist/trusted/certificates/certificate-validator.js';
import {parseCredential} from '#dist/trusted/certificates/credential.js';
import type {Aor} from '#dist/trusted/certificates/identity.js';
import {NativeCertificateValidator} from '#dist/trusted/certificates/native-certificate-validator.js';
import {temporaryFolder} from './openssl.js';

const atMs = Date.UTC(2026, 10, 24, 12, 0, 0);
const alice = 'sip:alice@example.com' as Aor;
const bob = 'sip:bob@example.com' as Aor;

function made(fingerprint: string, sipUris: readonly string[], notAfterMs = atMs + 1): ValidatedCertificate {
	return {certificate: new Uint8Array(), fingerprint, subject: '', sipUris, dnsNames: [], notAfterMs};
}

test('a certificate is found under every address that it names, the newest first', (t) => {
	const directory = new CertificateDirectory();
	t.deepEqual(directory.add(made('1', ['sip:alice@EXAMPLE.com', 'sips:bob@example.com'])), [alice, bob]);
	directory.add(made('2', ['sip:alice@example.com']));
	t.deepEqual(
		directory.find(alice, {atMs}).map(({fingerprint}) => fingerprint),
		['2', '1'],
	);
	t.deepEqual(
		directory.find(bob, {atMs}).map(({fingerprint}) => fingerprint),
		['1'],
	);
	t.deepEqual(directory.find('sip:Alice@example.com' as Aor, {atMs}), []);
	t.is(directory.size, 2);
});

test('an expired certificate is not found', (t) => {
	const directory = new CertificateDirectory();
	directory.add(made('1', ['sip:alice@example.com'], atMs));
	t.deepEqual(directory.find(alice, {atMs}), []);
	t.is(directory.find(alice, {atMs: atMs - 1}).length, 1);
});

test("a domain's certificate stands in for a user only where that is accepted", (t) => {
	const directory = new CertificateDirectory();
	directory.add(made('domain', ['sip:example.com']));
	directory.add(made('alice', ['sip:alice@example.com']));
	const accepted = ['user', 'domain'] as const;
	t.deepEqual(directory.find(bob, {atMs}), []);
	t.deepEqual(
		directory.find(bob, {atMs, accepted}).map(({fingerprint}) => fingerprint),
		['domain'],
	);
	t.deepEqual(
		directory.find(alice, {atMs, accepted}).map(({fingerprint}) => fingerprint),
		['alice'],
	);
	t.deepEqual(
		directory.find(alice, {atMs, accepted: ['domain']}).map(({fingerprint}) => fingerprint),
		['domain'],
	);
});

test('the directory holds no more than it was told', (t) => {
	const directory = new CertificateDirectory({maxAddresses: 3, maxCertificatesPerAddress: 2});
	for (let count = 0; count < 10; count++) {
		directory.add(made(`again ${count % 5}`, ['sip:alice@example.com']));
		directory.add(made(`other ${count}`, [`sip:user${count}@example.com`]));
	}

	t.is(directory.size, 3);
	t.is(directory.find(alice, {atMs}).length, 2);
	t.throws(() => new CertificateDirectory({maxAddresses: 0}), {instanceOf: RangeError});
	t.throws(() => new CertificateDirectory({maxCertificatesPerAddress: 0.5}), {instanceOf: RangeError});
});

test('files fill the directory after their certificates were validated', async (t) => {
	const folder = temporaryFolder(t);
	const root = await createRoot({commonName: 'Test Root', nowMs: atMs});
	const authority = new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem));
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const write = async (name: string, uri: string, validityDays: number) => {
		const {certificatePem} = await authority.issue({uris: [uri], nowMs: atMs, validityDays});
		writeFileSync(path.join(folder, name), certificatePem + root.certificatePem);
		return path.join(folder, name);
	};
	const files = [
		await write('alice.pem', 'sip:alice@example.com', 90),
		await write('bob.pem', 'sip:bob@example.com', 2),
	];
	const directory = new CertificateDirectory();
	await directory.addFiles(files, validator, {atMs});
	t.is(directory.size, 2);
	t.is(directory.find(alice, {atMs})[0]?.subject, 'CN=alice@example.com');

	const later = new CertificateDirectory().addFiles(files, validator, {atMs: atMs + 3 * 86_400_000});
	const error = await t.throwsAsync(later, {code: 'CERTIFICATE_REFUSED'});
	t.regex(error?.message ?? '', /bob\.pem/);
	const nameless = path.join(folder, 'root.pem');
	writeFileSync(nameless, root.certificatePem);
	await t.throwsAsync(new CertificateDirectory().addFiles([nameless], validator, {atMs}), {
		code: 'CERTIFICATE_REFUSED',
	});
	await t.throwsAsync(new CertificateDirectory().addFiles([path.join(folder, 'x')], validator, {atMs}), {
		code: 'FILE_UNREADABLE',
	});
});
