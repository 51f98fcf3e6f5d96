import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {Worker} from 'node:worker_threads';
import {fc, testProp} from '@fast-check/ava';
import test from 'ava';
import {CertificateAuthority, createRoot, type IssueRequest} from '#dist/trusted/certificates/certificate-authority.js';
import type {CertificateFailureCode} from '#dist/trusted/certificates/certificate-validator.js';
import {parseCredential} from '#dist/trusted/certificates/credential.js';
import {type Aor, certificateSpeaksFor} from '#dist/trusted/certificates/identity.js';
import {NativeCertificateValidator} from '#dist/trusted/certificates/native-certificate-validator.js';
import {derElement, pemToDer} from '#dist/wire/asn1/index.js';
import {runs} from '../../profile.js';
import {sharedPath, testWithShared} from '../../wire/shared-vectors.js';
import {openssl, temporaryFolder} from './openssl.js';

const atMs = Date.UTC(2026, 10, 24, 12, 0, 0);
const dayMs = 86_400_000;

function certificatesOf(pem: string): Uint8Array[] {
	const certificates = pemToDer(pem);
	return certificates.ok ? certificates.value : [];
}

function firstOf(pem: string): Uint8Array {
	return certificatesOf(pem)[0] ?? new Uint8Array();
}

async function makeAuthority(commonName = 'Test Root'): Promise<CertificateAuthority> {
	const root = await createRoot({commonName, nowMs: atMs});
	return new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem));
}

async function issue(authority: CertificateAuthority, request: Partial<IssueRequest> = {}): Promise<Uint8Array> {
	const issued = await authority.issue({uris: ['sip:alice@example.com'], nowMs: atMs, ...request});
	return firstOf(issued.certificatePem);
}

/** The failure code, or `ok`. */
async function verdict(
	validator: NativeCertificateValidator,
	certificate: Uint8Array,
	options: {purpose?: 'sign' | 'encrypt'; atMs?: number; intermediates?: Uint8Array[]} = {},
): Promise<string> {
	const {purpose = 'sign', intermediates = []} = options;
	const result = await validator.validate(certificate, intermediates, {purpose, atMs: options.atMs ?? atMs});
	return result.ok ? 'ok' : result.failure.code;
}

const vectorFolder = sharedPath('sipsmime', 'pki');
const vectorVerdicts: readonly (readonly [name: string, sign: string, encrypt: string])[] = [
	['alice', 'ok', 'ok'],
	['alice-upper', 'ok', 'ok'],
	['alice-emailonly', 'ok', 'ok'],
	['alice-noku', 'KEY_USAGE', 'ok'],
	['alice-badeku', 'EXTENDED_KEY_USAGE', 'KEY_USAGE'],
	['alice-expired', 'EXPIRED', 'EXPIRED'],
	['alice-future', 'NOT_YET_VALID', 'NOT_YET_VALID'],
	['alice-self', 'UNTRUSTED', 'UNTRUSTED'],
	['alice-other', 'UNTRUSTED', 'UNTRUSTED'],
	['alice-rsa1024', 'WEAK_KEY', 'WEAK_KEY'],
	['bob', 'ok', 'ok'],
	['dave', 'ok', 'KEY_USAGE'],
	['erin', 'ok', 'ok'],
	['gw', 'ok', 'ok'],
	['gwrsa', 'ok', 'ok'],
	['gwx', 'KEY_USAGE', 'ok'],
];

// Skipped where the folder is absent: its files are other people's and do not come with the project.
const withVectors = testWithShared(['sipsmime', 'pki']);

for (const [name, sign, encrypt] of vectorVerdicts) {
	withVectors(`the shared vector ${name} is ${sign} for signing and ${encrypt} for encryption`, async (t) => {
		const read = (file: string) => firstOf(readFileSync(path.join(vectorFolder, `${file}.pem`), 'utf8'));
		const validator = new NativeCertificateValidator({anchors: [read('ca')]});
		t.is(await verdict(validator, read(name), {purpose: 'sign'}), sign);
		t.is(await verdict(validator, read(name), {purpose: 'encrypt'}), encrypt);
	});
}

withVectors('the shared vectors speak for the address of their SAN URI and no other', async (t) => {
	const read = (file: string) => firstOf(readFileSync(path.join(vectorFolder, `${file}.pem`), 'utf8'));
	const validator = new NativeCertificateValidator({anchors: [read('ca')]});
	const alice = 'sip:alice@atlanta.example.com' as Aor;
	const speaks: readonly (readonly [name: string, aor: Aor, as: 'user' | 'domain' | undefined])[] = [
		['alice', alice, 'user'],
		['alice-upper', alice, 'user'],
		['alice-emailonly', alice, undefined],
		['mallory', alice, undefined],
		['erin', 'sip:erin@example.com' as Aor, 'user'],
		['gw', 'sip:anyone@gw.example.com' as Aor, 'domain'],
	];
	for (const [name, aor, as] of speaks) {
		const validated = await validator.validate(read(name), [], {purpose: 'sign', atMs});
		t.true(validated.ok, name);
		t.is(validated.ok ? certificateSpeaksFor(validated.value, aor, ['user', 'domain']) : 'none', as, name);
	}
});

test('a certificate that passes tells whom it names and until when', async (t) => {
	const authority = await makeAuthority();
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const certificate = await issue(authority, {
		uris: ['sips:GW.example.com', 'sip:gw.example.com'],
		commonName: 'Gate, Way',
	});
	const result = await validator.validate(certificate, [], {purpose: 'encrypt', atMs});
	t.true(result.ok);
	if (result.ok) {
		t.deepEqual(result.value.certificate, certificate);
		t.regex(result.value.fingerprint, /^[0-9a-f]{64}$/);
		t.is(result.value.subject, 'CN=Gate\\, Way');
		t.deepEqual(result.value.sipUris, ['sips:GW.example.com', 'sip:gw.example.com']);
		t.deepEqual([...new Set(result.value.dnsNames)], ['gw.example.com']);
		t.is(result.value.notAfterMs, atMs + 90 * dayMs);
	}
});

test('the time asked for decides, also for a certificate that has just passed', async (t) => {
	const authority = await makeAuthority();
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const certificate = await issue(authority, {validityDays: 1, nowMs: atMs + 30_000});
	const notAfterMs = atMs + 30_000 + dayMs;
	t.is(await verdict(validator, certificate, {atMs: notAfterMs - 10_000}), 'ok');
	t.is(await verdict(validator, certificate, {atMs: notAfterMs - 9000}), 'ok');
	t.is(await verdict(validator, certificate, {atMs: notAfterMs + 1000}), 'EXPIRED');
	t.is(await verdict(validator, certificate, {atMs: atMs - dayMs}), 'NOT_YET_VALID');
});

test('another root of the same name is not trusted', async (t) => {
	const [ours, theirs] = [await makeAuthority('Same Name'), await makeAuthority('Same Name')];
	const validator = new NativeCertificateValidator({anchors: [ours.certificate]});
	t.is(await verdict(validator, await issue(ours)), 'ok');
	t.is(await verdict(validator, await issue(theirs)), 'UNTRUSTED');
	t.is(await verdict(validator, await issue(theirs), {intermediates: [theirs.certificate]}), 'UNTRUSTED');
});

/** Makes a certificate with openssl: what our own authority would not issue. */
function makeWithOpenssl(
	folder: string,
	name: string,
	options: {issuer?: string; extensions?: string; key?: readonly string[]; digest?: string},
): Uint8Array {
	const key = options.key ?? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
	const run = {cwd: folder};
	openssl(
		['req', '-new', ...key, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
		run,
	);
	writeFileSync(path.join(folder, `${name}.cnf`), `${options.extensions ?? ''}\n`);
	const signer =
		options.issuer === undefined
			? ['-signkey', `${name}.key`]
			: ['-CA', `${options.issuer}.pem`, '-CAkey', `${options.issuer}.key`];
	const serial = ['-set_serial', String(Math.floor(Math.random() * 1e9) + 1)];
	const digest = [`-${options.digest ?? 'sha256'}`, '-days', '30', '-extfile', `${name}.cnf`];
	openssl(['x509', '-req', '-in', `${name}.csr`, ...signer, ...serial, ...digest, '-out', `${name}.pem`], run);
	return firstOf(readFileSync(path.join(folder, `${name}.pem`), 'utf8'));
}

const authorityExtensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign';
const leafExtensions = 'subjectAltName=URI:sip:alice@example.com';

test('a chain over intermediates holds where every issuer may issue what it issued', async (t) => {
	const folder = temporaryFolder(t);
	const now = Date.now() + 86_400_000;
	const root = makeWithOpenssl(folder, 'root', {extensions: authorityExtensions});
	const middle = makeWithOpenssl(folder, 'middle', {
		issuer: 'root',
		extensions: `${authorityExtensions}\nextendedKeyUsage=emailProtection`,
	});
	const leaf = makeWithOpenssl(folder, 'leaf', {issuer: 'middle', extensions: leafExtensions});
	const validator = new NativeCertificateValidator({anchors: [root]});
	t.is(await verdict(validator, leaf, {atMs: now, intermediates: [middle]}), 'ok');
	t.is(await verdict(validator, leaf, {atMs: now, intermediates: [root, leaf, middle, middle]}), 'ok');
	t.is(await verdict(validator, leaf, {atMs: now}), 'UNTRUSTED');
	t.is(await verdict(new NativeCertificateValidator({anchors: [middle]}), leaf, {atMs: now}), 'ok');

	const refused: readonly (readonly [issuer: string, extensions: string, code: CertificateFailureCode])[] = [
		['no-ca', 'basicConstraints=critical,CA:FALSE', 'CONSTRAINTS'],
		['no-signing', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign', 'CONSTRAINTS'],
		['tls-only', `${authorityExtensions}\nextendedKeyUsage=serverAuth`, 'EXTENDED_KEY_USAGE'],
		['elsewhere', `${authorityExtensions}\nnameConstraints=critical,permitted;URI:.example.net`, 'CONSTRAINTS'],
		['unknown-critical', `${authorityExtensions}\n1.2.3.4=critical,ASN1:NULL`, 'CONSTRAINTS'],
	];
	for (const [name, extensions, code] of refused) {
		const issuer = makeWithOpenssl(folder, name, {issuer: 'root', extensions});
		const issued = makeWithOpenssl(folder, `${name}-leaf`, {issuer: name, extensions: leafExtensions});
		t.is(await verdict(validator, issued, {atMs: now, intermediates: [issuer]}), code, name);
	}

	const flat = makeWithOpenssl(folder, 'flat', {
		extensions: 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign',
	});
	const below = makeWithOpenssl(folder, 'below', {issuer: 'flat', extensions: authorityExtensions});
	const tooDeep = makeWithOpenssl(folder, 'too-deep', {issuer: 'below', extensions: leafExtensions});
	t.is(
		await verdict(new NativeCertificateValidator({anchors: [flat]}), tooDeep, {atMs: now, intermediates: [below]}),
		'CONSTRAINTS',
	);
});

test('an anchor as `openssl req -x509` makes it, without key usage, is one', async (t) => {
	const folder = temporaryFolder(t);
	const options = {cwd: folder};
	openssl(
		[
			'req',
			'-x509',
			'-newkey',
			'ec',
			'-pkeyopt',
			'ec_paramgen_curve:P-256',
			'-nodes',
			'-keyout',
			'root.key',
			'-out',
			'root.pem',
			'-subj',
			'/CN=Root',
		],
		options,
	);
	const root = firstOf(readFileSync(path.join(folder, 'root.pem'), 'utf8'));
	const leaf = makeWithOpenssl(folder, 'leaf', {issuer: 'root', extensions: leafExtensions});
	t.is(await verdict(new NativeCertificateValidator({anchors: [root]}), leaf, {atMs: Date.now()}), 'ok');
});

test('weak keys and digests, odd curves and costly exponents are refused', async (t) => {
	const folder = temporaryFolder(t);
	const root = makeWithOpenssl(folder, 'root', {extensions: authorityExtensions});
	const validator = new NativeCertificateValidator({anchors: [root]});
	const cases: readonly (readonly [name: string, options: {key?: string[]; digest?: string}, expected: string])[] = [
		['rsa-2048', {key: ['-newkey', 'rsa:2048']}, 'ok'],
		['ed25519', {key: ['-newkey', 'ed25519']}, 'ok'],
		['sha-1', {digest: 'sha1'}, 'WEAK_KEY'],
		['secp256k1', {key: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']}, 'WEAK_KEY'],
		[
			'explicit',
			{key: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit']},
			'WEAK_KEY',
		],
		['exponent', {key: ['-newkey', 'rsa:2048', '-pkeyopt', `rsa_keygen_pubexp:${2n ** 65n + 1n}`]}, 'WEAK_KEY'],
	];
	for (const [name, options, expected] of cases) {
		const leaf = makeWithOpenssl(folder, name, {issuer: 'root', extensions: leafExtensions, ...options});
		t.is(await verdict(validator, leaf, {atMs: Date.now()}), expected, name);
	}
});

test('extended key usage passes for e-mail protection, SIP domain and any, and for nothing else', async (t) => {
	const folder = temporaryFolder(t);
	const root = makeWithOpenssl(folder, 'root', {extensions: authorityExtensions});
	const validator = new NativeCertificateValidator({anchors: [root]});
	const cases: readonly (readonly [name: string, usage: string, expected: string])[] = [
		['email', 'emailProtection', 'ok'],
		['sip', '1.3.6.1.5.5.7.3.20', 'ok'],
		['any', 'anyExtendedKeyUsage', 'ok'],
		['both', 'serverAuth,emailProtection', 'ok'],
		['server', 'serverAuth', 'EXTENDED_KEY_USAGE'],
		['client', 'clientAuth,critical', 'EXTENDED_KEY_USAGE'],
	];
	for (const [name, usage, expected] of cases) {
		const value = usage.endsWith(',critical') ? `critical,${usage.replace(',critical', '')}` : usage;
		const leaf = makeWithOpenssl(folder, name, {
			issuer: 'root',
			extensions: `${leafExtensions}\nextendedKeyUsage=${value}`,
		});
		t.is(await verdict(validator, leaf, {atMs: Date.now()}), expected, name);
	}
});

test('a certificate on a revocation list is refused, and a list that ran out refuses all of its issuer', async (t) => {
	const folder = temporaryFolder(t);
	const run = {cwd: folder};
	const root = makeWithOpenssl(folder, 'root', {extensions: authorityExtensions});
	const other = makeWithOpenssl(folder, 'other', {extensions: authorityExtensions});
	const good = makeWithOpenssl(folder, 'good', {issuer: 'root', extensions: leafExtensions});
	const bad = makeWithOpenssl(folder, 'bad', {issuer: 'root', extensions: leafExtensions});
	const foreign = makeWithOpenssl(folder, 'foreign', {issuer: 'other', extensions: leafExtensions});
	writeFileSync(path.join(folder, 'index.txt'), '');
	writeFileSync(path.join(folder, 'ca.cnf'), '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\n');
	const ca = ['ca', '-config', 'ca.cnf', '-cert', 'root.pem', '-keyfile', 'root.key'];
	openssl([...ca, '-revoke', 'bad.pem'], run);
	openssl([...ca, '-gencrl', '-crldays', '5', '-out', 'root.crl'], run);
	const list = pemToDer(readFileSync(path.join(folder, 'root.crl'), 'utf8'), 'X509 CRL');
	const revocationLists = list.ok ? list.value : [];
	t.is(revocationLists.length, 1);

	const validator = new NativeCertificateValidator({anchors: [root, other], revocationLists});
	const now = Date.now();
	t.is(await verdict(validator, good, {atMs: now}), 'ok');
	t.is(await verdict(validator, bad, {atMs: now}), 'REVOKED');
	t.is(await verdict(validator, foreign, {atMs: now}), 'ok');
	t.is(await verdict(validator, good, {atMs: now + 6 * dayMs}), 'REVOCATION_UNKNOWN');
	t.is(await verdict(validator, foreign, {atMs: now + 6 * dayMs}), 'ok');
	t.is(await verdict(new NativeCertificateValidator({anchors: [root]}), bad, {atMs: now}), 'ok');
});

const rootForProperties = createRoot({commonName: 'Property Root', nowMs: atMs});

testProp(
	'a certificate that was changed anywhere never passes and never throws',
	[fc.nat(), fc.integer({min: 1, max: 255}), fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'as intermediate')],
	async (t, position, change, how) => {
		const root = await rootForProperties;
		const authority = new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem));
		leafForProperties ??= issue(authority);
		validatorForProperties ??= new NativeCertificateValidator({anchors: [authority.certificate]});
		const leaf = await leafForProperties;
		const at = position % leaf.length;
		const bytes = [...leaf];
		if (how === 'cut') {
			bytes.splice(at, change);
		} else if (how === 'insert') {
			bytes.splice(at, 0, change);
		} else if (how === 'repeat') {
			bytes.splice(at, 0, ...bytes.slice(at, at + change));
		} else {
			bytes[at] = (bytes[at] ?? 0) ^ change;
		}

		const changed = Uint8Array.from(bytes);
		if (how === 'as intermediate') {
			const result = await validatorForProperties.validate(leaf, [changed], {purpose: 'sign', atMs});
			t.true(result.ok || ['MALFORMED', 'WEAK_KEY'].includes(result.failure.code));
		} else {
			const result = await validatorForProperties.validate(changed, [], {purpose: 'sign', atMs});
			t.false(result.ok);
		}
	},
	runs(5000),
);

let leafForProperties: Promise<Uint8Array> | undefined;
let validatorForProperties: NativeCertificateValidator | undefined;

testProp(
	'whatever octets come as a certificate, the answer is MALFORMED',
	[fc.uint8Array({maxLength: 2000})],
	async (t, bytes) => {
		const root = await rootForProperties;
		const validator = new NativeCertificateValidator({anchors: certificatesOf(root.certificatePem)});
		t.is(await verdict(validator, bytes), 'MALFORMED');
		t.is(await verdict(validator, derElement(0x30, bytes)), 'MALFORMED');
	},
);

test('what is over a bound is refused before it is parsed', async (t) => {
	const authority = await makeAuthority();
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const leaf = await issue(authority);
	t.is(await verdict(validator, derElement(0x30, new Uint8Array(16 * 1024))), 'MALFORMED');
	t.is(await verdict(validator, leaf, {intermediates: Array.from({length: 16}, () => leaf)}), 'ok');
	t.is(await verdict(validator, leaf, {intermediates: Array.from({length: 17}, () => leaf)}), 'MALFORMED');
});

test('a caller who asks wrongly is told so at once', async (t) => {
	const authority = await makeAuthority();
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const leaf = await issue(authority);
	t.throws(() => new NativeCertificateValidator({anchors: []}), {instanceOf: RangeError});
	t.throws(() => new NativeCertificateValidator({anchors: [leaf.subarray(1)]}), {
		instanceOf: RangeError,
		message: /anchors\[0\]/,
	});
	t.throws(() => new NativeCertificateValidator({anchors: [leaf], revocationLists: [leaf]}), {
		instanceOf: RangeError,
		message: /revocationLists\[0\]/,
	});
	for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
		await t.throwsAsync(verdict(validator, leaf, {atMs: wrong}), {instanceOf: RangeError});
	}
});

test('shared, offset and empty memory is taken for what it holds, detached memory is a mistake', async (t) => {
	const authority = await makeAuthority();
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const leaf = await issue(authority);
	const shared = new Uint8Array(new SharedArrayBuffer(leaf.length));
	shared.set(leaf);
	const offset = new Uint8Array(leaf.length + 8).subarray(3, 3 + leaf.length);
	offset.set(leaf);
	const detached = Uint8Array.from(leaf);
	structuredClone(detached.buffer, {transfer: [detached.buffer]});
	t.is(await verdict(validator, shared), 'ok');
	t.is(await verdict(validator, offset), 'ok');
	await t.throwsAsync(verdict(validator, detached), {instanceOf: TypeError});
	t.is(await verdict(validator, new Uint8Array()), 'MALFORMED');
});

test("what was handed out does not change with the caller's buffer", async (t) => {
	const authority = await makeAuthority();
	const validator = new NativeCertificateValidator({anchors: [authority.certificate]});
	const leaf = await issue(authority);
	const mine = Uint8Array.from(leaf);
	const first = await validator.validate(mine, [], {purpose: 'sign', atMs});
	mine.fill(0);
	const second = await validator.validate(leaf, [], {purpose: 'sign', atMs});
	t.deepEqual(first.ok && first.value.certificate, leaf);
	t.deepEqual(second.ok && second.value.certificate, leaf);
});

test('worker threads validate at the same time, and end while they do', async (t) => {
	const authority = await makeAuthority();
	const leaf = await issue(authority);
	const source = `
		import {parentPort, workerData} from 'node:worker_threads';
		const {NativeCertificateValidator} = await import(workerData.module);
		const validator = new NativeCertificateValidator({anchors: [workerData.anchor]});
		let passed = 0;
		for (let minute = 0; minute < 50; minute++) {
			const result = await validator.validate(workerData.leaf, [], {purpose: 'sign', atMs: workerData.atMs + minute * 60_000});
			passed += result.ok ? 1 : 0;
		}
		parentPort.postMessage(passed);
		setInterval(() => validator.validate(workerData.leaf, [], {purpose: 'encrypt', atMs: workerData.atMs}), 0);
	`;
	const module = new URL('../../../../dist/trusted/certificates/native-certificate-validator.js', import.meta.url).href;
	const passed = await Promise.all(
		Array.from({length: 3}, async () => {
			const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
				workerData: {module, anchor: authority.certificate, leaf, atMs},
			});
			const count = await new Promise((resolve, reject) => {
				worker.once('message', resolve);
				worker.once('error', reject);
			});
			await worker.terminate();
			return count;
		}),
	);
	t.deepEqual(passed, [50, 50, 50]);
	t.is(await verdict(new NativeCertificateValidator({anchors: [authority.certificate]}), leaf), 'ok');
});
