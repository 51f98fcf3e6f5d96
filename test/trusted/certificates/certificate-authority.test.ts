import {X509Certificate} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {
	CertificateAuthority,
	createRoot,
	type IssuedCredential,
	type IssueRequest,
} from '#dist/trusted/certificates/certificate-authority.js';
import {parseCredential} from '#dist/trusted/certificates/credential.js';
import {openssl, temporaryFolder} from './openssl.js';

type Pki = {readonly folder: string; readonly root: IssuedCredential; readonly authority: CertificateAuthority};

async function makePki(t: ExecutionContext): Promise<Pki> {
	const folder = temporaryFolder(t);
	const root = await createRoot({commonName: 'Test Root'});
	writeFileSync(path.join(folder, 'root.pem'), root.certificatePem);
	return {folder, root, authority: new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem))};
}

async function issueInto(pki: Pki, name: string, request: IssueRequest): Promise<X509Certificate> {
	const issued = await pki.authority.issue(request);
	writeFileSync(path.join(pki.folder, `${name}.pem`), issued.certificatePem);
	writeFileSync(path.join(pki.folder, `${name}.key`), issued.privateKeyPem);
	return new X509Certificate(issued.certificatePem);
}

const requests: readonly (readonly [name: string, request: IssueRequest])[] = [
	['a user with P-256', {uris: ['sip:alice@example.com']}],
	['a user with RSA', {uris: ['sip:alice@example.com', 'sips:alice@example.com'], keyType: 'rsa-3072'}],
	['a domain', {uris: ['sip:gw.example.com']}],
	['a user until after 2050', {uris: ['sip:alice@example.com'], validityDays: 12_000}],
];

for (const [name, request] of requests) {
	test(`openssl verifies the certificate of ${name} strictly`, async (t) => {
		const pki = await makePki(t);
		await issueInto(pki, 'leaf', request);
		const args = ['verify', '-x509_strict', '-auth_level', '2', '-purpose', 'smimesign', '-CAfile', 'root.pem'];
		t.regex(openssl([...args, 'leaf.pem'], {cwd: pki.folder}).toString(), /leaf\.pem: OK/);
	});

	test(`openssl cms signs and encrypts with the certificate of ${name}`, async (t) => {
		const pki = await makePki(t);
		await issueInto(pki, 'leaf', request);
		const options = {cwd: pki.folder, input: Buffer.from('Content-Type: text/plain\r\n\r\nhello\r\n')};
		const signed = openssl(
			['cms', '-sign', '-binary', '-nodetach', '-signer', 'leaf.pem', '-inkey', 'leaf.key', '-outform', 'DER'],
			options,
		);
		const verified = openssl(['cms', '-verify', '-inform', 'DER', '-binary', '-CAfile', 'root.pem'], {
			...options,
			input: signed,
		});
		t.deepEqual(verified, options.input);
		const sealed = openssl(['cms', '-encrypt', '-binary', '-aes-256-gcm', '-outform', 'DER', 'leaf.pem'], options);
		const opened = openssl(['cms', '-decrypt', '-inform', 'DER', '-recip', 'leaf.pem', '-inkey', 'leaf.key'], {
			...options,
			input: sealed,
		});
		t.deepEqual(opened, options.input);
	});
}

test('a certificate says what RFC 5280 and RFC 5922 ask of it', async (t) => {
	const pki = await makePki(t);
	const nowMs = Date.UTC(2026, 10, 24, 6, 0, 0);
	const user = await issueInto(pki, 'user', {uris: ['sip:alice@example.com'], nowMs});
	const domain = await issueInto(pki, 'domain', {uris: ['sip:gw.example.com'], nowMs, validityDays: 7});
	const address = await issueInto(pki, 'address', {uris: ['sip:192.0.2.1'], nowMs});
	t.is(user.subject, 'CN=alice@example.com');
	t.is(user.issuer, 'CN=Test Root');
	t.is(user.subjectAltName, 'URI:sip:alice@example.com');
	t.deepEqual(user.keyUsage, ['1.3.6.1.5.5.7.3.4']);
	t.false(user.ca);
	t.is(new Date(user.validFrom).getTime(), nowMs - 300_000);
	t.is(new Date(user.validTo).getTime(), nowMs + 90 * 86_400_000);
	t.is(domain.subjectAltName, 'URI:sip:gw.example.com, DNS:gw.example.com');
	t.deepEqual(domain.keyUsage, ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.20']);
	t.is(new Date(domain.validTo).getTime(), nowMs + 7 * 86_400_000);
	t.is(address.subjectAltName, 'URI:sip:192.0.2.1');
});

test('serial numbers are positive, random, and at most 20 octets', async (t) => {
	const pki = await makePki(t);
	const serials = new Set<string>();
	for (let count = 0; count < 20; count++) {
		const {serialNumber} = await issueInto(pki, 'leaf', {uris: ['sip:alice@example.com']});
		t.regex(serialNumber, /^[0-9A-F]{8,40}$/);
		serials.add(serialNumber);
	}

	t.is(serials.size, 20);
});

test('a long name is cut in the subject and whole in the alternative name', async (t) => {
	const pki = await makePki(t);
	const uri = `sip:${'a'.repeat(100)}@example.com`;
	const certificate = await issueInto(pki, 'leaf', {uris: [uri]});
	t.is(certificate.subject, `CN=${'a'.repeat(64)}`);
	t.is(certificate.subjectAltName, `URI:${uri}`);
});

test('what is not a SIP address is not certified', async (t) => {
	const {authority} = await makePki(t);
	for (const uris of [[], ['alice@example.com'], ['tel:+12015550123'], ['sip:a@b@c'], ['sip:alice@example.com\r\n']]) {
		await t.throwsAsync(authority.issue({uris}), {instanceOf: RangeError});
	}

	for (const validityDays of [0, -1, 1.5, Number.NaN, 1e9]) {
		await t.throwsAsync(authority.issue({uris: ['sip:alice@example.com'], validityDays}), {instanceOf: RangeError});
	}
});

test('an end entity is no authority', async (t) => {
	const {authority} = await makePki(t);
	const leaf = await authority.issue({uris: ['sip:alice@example.com']});
	const credential = parseCredential(leaf.certificatePem + leaf.privateKeyPem);
	t.throws(() => new CertificateAuthority(credential), {code: 'NOT_AN_AUTHORITY'});
});

test('an authority made by openssl, with RSA, issues certificates that openssl verifies', async (t) => {
	const folder = temporaryFolder(t);
	const options = {cwd: folder};
	openssl(
		[
			'req',
			'-x509',
			'-newkey',
			'rsa:3072',
			'-nodes',
			'-keyout',
			'root.key',
			'-out',
			'root.pem',
			'-subj',
			'/O=Other/CN=Root',
			'-days',
			'10',
		],
		options,
	);
	const credential = parseCredential(
		openssl(['x509', '-in', 'root.pem'], options).toString() + openssl(['pkey', '-in', 'root.key'], options).toString(),
	);
	const pki = {folder, root: {certificatePem: '', privateKeyPem: ''}, authority: new CertificateAuthority(credential)};
	await issueInto(pki, 'leaf', {uris: ['sip:alice@example.com']});
	t.regex(openssl(['verify', '-CAfile', 'root.pem', 'leaf.pem'], options).toString(), /OK/);
});

test('an authority shows no key', async (t) => {
	const {authority} = await makePki(t);
	t.is(String(authority), '[CertificateAuthority]');
	t.false(JSON.stringify(authority).includes('PRIVATE'));
});
