import {X509Certificate} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {CertificateAuthority, createRoot} from '#dist/trusted/certificates/certificate-authority.js';
import {parseCredential} from '#dist/trusted/certificates/credential.js';
import {
	NativeCertificateValidator,
	type NativeCertificateValidatorOptions,
	signedRevocationList,
} from '#dist/trusted/certificates/native-certificate-validator.js';
import {isNewerList, readRevocationList} from '#dist/trusted/certificates/revocation-list.js';
import {pemToDer} from '#dist/wire/asn1/index.js';
import {openssl, temporaryFolder} from './openssl.js';

const dayMs = 86_400_000;
const atMs = Date.UTC(2026, 10, 24, 12);

function firstOf(pem: string): Uint8Array {
	const blocks = pemToDer(pem);
	return (blocks.ok && blocks.value[0]) || new Uint8Array();
}

async function makeAuthority(commonName = 'Root') {
	const root = await createRoot({commonName, nowMs: atMs});
	const authority = new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem));
	const issue = async (options: {nowMs?: number; validityDays?: number} = {}) => {
		const {certificatePem} = await authority.issue({uris: ['sip:alice@example.com'], nowMs: atMs, ...options});
		return {der: firstOf(certificatePem), serialNumber: new X509Certificate(certificatePem).serialNumber};
	};
	const list = (revoked: readonly string[], options: {fromMs?: number; days?: number; number?: number} = {}) => {
		const {fromMs = atMs, days = 7, number = 1} = options;
		return authority.writeRevocationList({
			revoked: revoked.map((serialNumber) => ({serialNumber, revokedAtMs: fromMs})),
			number,
			thisUpdateMs: fromMs,
			nextUpdateMs: fromMs + days * dayMs,
		});
	};
	return {authority, anchor: authority.certificate, issue, list};
}

async function verdict(
	options: NativeCertificateValidatorOptions,
	certificate: Uint8Array,
	at = atMs,
	intermediates: readonly Uint8Array[] = [],
): Promise<string> {
	const validator = new NativeCertificateValidator(options);
	const result = await validator.validate(certificate, intermediates, {purpose: 'sign', atMs: at});
	return result.ok ? 'ok' : result.failure.code;
}

test('a clock skew lengthens certificates and lists at both ends, by as much as was said', async (t) => {
	const {anchor, issue, list} = await makeAuthority();
	const {der} = await issue({validityDays: 1});
	const notBeforeMs = atMs - 300_000;
	const notAfterMs = atMs + dayMs;
	const skewed = {anchors: [anchor], clockSkewSeconds: 60};
	t.is(await verdict({anchors: [anchor]}, der, notAfterMs + 30_000), 'EXPIRED');
	t.is(await verdict(skewed, der, notAfterMs + 30_000), 'ok');
	t.is(await verdict(skewed, der, notAfterMs + 61_000), 'EXPIRED');
	// The anchor begins with it.
	t.is(await verdict({anchors: [anchor]}, der, notBeforeMs - 30_000), 'NOT_YET_VALID');
	t.is(await verdict(skewed, der, notBeforeMs - 30_000), 'ok');
	t.is(await verdict(skewed, der, notBeforeMs - 62_000), 'NOT_YET_VALID');

	const long = (await issue({validityDays: 30})).der;
	const listed = {...skewed, revocationLists: [list([], {days: 2})]};
	t.is(await verdict(listed, long, atMs + 2 * dayMs + 30_000), 'ok');
	t.is(await verdict(listed, long, atMs + 2 * dayMs + 61_000), 'REVOCATION_UNKNOWN');
	t.is(await verdict(listed, long, atMs - 30_000), 'ok');
	t.is(await verdict(listed, long, atMs - 61_000), 'REVOCATION_UNKNOWN');
	for (const clockSkewSeconds of [-1, Number.NaN, 86_401]) {
		t.throws(() => new NativeCertificateValidator({anchors: [anchor], clockSkewSeconds}), {instanceOf: RangeError});
	}
});

test('what is absent, stale or a revocation is refused as policy says', async (t) => {
	const {anchor, issue, list} = await makeAuthority();
	const [good, bad] = [await issue(), await issue()];
	const current = list([bad.serialNumber]);
	const stale = list([bad.serialNumber], {fromMs: atMs - 9 * dayMs});
	const none: Uint8Array[] = [];
	const expected = [
		['required', none, good.der, 'REVOCATION_UNKNOWN'],
		['required', [stale], good.der, 'REVOCATION_UNKNOWN'],
		['required', [current], good.der, 'ok'],
		['required', [stale, current], good.der, 'ok'],
		['required', [current], bad.der, 'REVOKED'],
		['if-present', none, good.der, 'ok'],
		['if-present', [stale], good.der, 'REVOCATION_UNKNOWN'],
		['if-present', [current], good.der, 'ok'],
		['if-present', [current], bad.der, 'REVOKED'],
		['off', [current], bad.der, 'ok'],
		['off', none, bad.der, 'ok'],
	] as const;
	for (const [revocation, revocationLists, certificate, code] of expected) {
		t.is(await verdict({anchors: [anchor], revocation, revocationLists}, certificate), code);
	}

	const other = await makeAuthority('Root');
	const forged = other.list([good.serialNumber]);
	// Of an issuer with the same name and another key it is no list at all.
	t.is(await verdict({anchors: [anchor], revocationLists: [forged]}, good.der), 'ok');
	t.is(
		await verdict({anchors: [anchor], revocationLists: [forged], revocation: 'required'}, good.der),
		'REVOCATION_UNKNOWN',
	);
	const changed = Uint8Array.from(current);
	changed[changed.length - 5] = (changed[changed.length - 5] ?? 0) ^ 1;
	t.is(await verdict({anchors: [anchor], revocationLists: [changed]}, good.der), 'REVOCATION_UNKNOWN');
	t.true(signedRevocationList(anchor, current));
	t.false(signedRevocationList(anchor, forged));
	t.false(signedRevocationList(anchor, current.subarray(1)));
	t.false(signedRevocationList(new Uint8Array(), current));
});

test('lists that are replaced count at once, and one that runs out is not covered by what was remembered', async (t) => {
	const {anchor, issue, list} = await makeAuthority();
	const {der, serialNumber} = await issue();
	const validator = new NativeCertificateValidator({anchors: [anchor], revocationLists: [list([], {days: 1})]});
	const at = async (atMs: number) => {
		const result = await validator.validate(der, [], {purpose: 'sign', atMs});
		return result.ok ? 'ok' : result.failure.code;
	};
	t.is(await at(atMs + dayMs - 1000), 'ok');
	t.is(await at(atMs + dayMs + 1000), 'REVOCATION_UNKNOWN');
	t.is(await at(atMs), 'ok');
	validator.replaceRevocationLists([list([serialNumber], {number: 2})]);
	t.is(await at(atMs), 'REVOKED');
	t.throws(() => validator.replaceRevocationLists([der]), {instanceOf: RangeError, message: /revocationLists\[0\]/});
	t.is(await at(atMs), 'REVOKED');
});

test('a revocation list is read strictly, and says which of two is newer', async (t) => {
	const {list} = await makeAuthority();
	const first = readRevocationList(list(['0A', 'FF01'], {number: 255}));
	t.true(first.ok);
	if (first.ok) {
		t.like(first.value, {number: '00ff', thisUpdateMs: atMs, nextUpdateMs: atMs + 7 * dayMs, isDelta: false});
		t.deepEqual(
			first.value.revoked.map(({serialNumber}) => serialNumber),
			['0a', 'ff01'],
		);
		const next = readRevocationList(list([], {number: 256, fromMs: atMs - dayMs}));
		t.true(next.ok && next.value.scope === first.value.scope && isNewerList(next.value, first.value));
		t.false(next.ok && isNewerList(first.value, next.value));
	}

	const octets = list([]);
	for (const wrong of [octets.subarray(1), octets.subarray(0, -1), new Uint8Array(), new Uint8Array(1_048_577)]) {
		const read = readRevocationList(wrong);
		t.is(read.ok ? 'ok' : read.failure.code, 'MALFORMED');
	}
});

/** Certificates by openssl, of keys that may serve several: cross-certificates and loops. */
function makePki(t: ExecutionContext) {
	const folder = temporaryFolder(t);
	const run = {cwd: folder};
	const makeKey = (name: string) =>
		openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`], run);
	const certify = (
		name: string,
		subject: string,
		issuer: {file: string; key: string} | undefined,
		extensions: string,
	) => {
		const [key = ''] = name.split('@');
		openssl(['req', '-new', '-key', `${key}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`], run);
		writeFileSync(path.join(folder, `${name}.cnf`), `${extensions}\n`);
		const signer = issuer ? ['-CA', `${issuer.file}.pem`, '-CAkey', `${issuer.key}.key`] : ['-signkey', `${key}.key`];
		const serial = ['-set_serial', String(Math.floor(Math.random() * 1e9) + 1)];
		openssl(
			[
				'x509',
				'-req',
				'-in',
				`${name}.csr`,
				...signer,
				...serial,
				'-days',
				'30',
				'-extfile',
				`${name}.cnf`,
				'-out',
				`${name}.pem`,
			],
			run,
		);
		return firstOf(readFileSync(path.join(folder, `${name}.pem`), 'utf8'));
	};
	return {makeKey, certify};
}

// Without key identifiers nothing but names says who issued what.
const authority =
	'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none';
const userExtensions =
	'subjectAltName=URI:sip:alice@example.com\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none';

test('several intermediates hold in whatever order, also where a CA has certificates of several issuers', async (t) => {
	const {makeKey, certify} = makePki(t);
	for (const name of ['root', 'stranger', 'middle', 'low', 'leaf']) {
		makeKey(name);
	}

	const root = certify('root', 'Root', undefined, authority);
	certify('stranger', 'Stranger', undefined, authority);
	const middle = certify('middle', 'Middle', {file: 'root', key: 'root'}, authority);
	const crossed = certify('middle@stranger', 'Middle', {file: 'stranger', key: 'stranger'}, authority);
	const low = certify('low', 'Low', {file: 'middle', key: 'middle'}, authority);
	const leaf = certify('leaf', 'Leaf', {file: 'low', key: 'low'}, userExtensions);
	const now = Date.now();
	const certificates = [middle, crossed, low];
	const orders = [
		[0, 1, 2],
		[0, 2, 1],
		[1, 0, 2],
		[1, 2, 0],
		[2, 0, 1],
		[2, 1, 0],
	];
	for (const order of orders) {
		const intermediates = order.map((index) => certificates[index] ?? leaf);
		t.is(await verdict({anchors: [root]}, leaf, now, intermediates), 'ok', order.join(' '));
	}

	t.is(await verdict({anchors: [root]}, leaf, now, [crossed, low]), 'UNTRUSTED');
});

// By itself: what its neighbours cost is not counted.
test.serial('chains that loop end, without a verdict for them', async (t) => {
	const {makeKey, certify} = makePki(t);
	for (const name of ['root', 'a', 'b', 'leaf']) {
		makeKey(name);
	}

	const root = certify('root', 'Root', undefined, authority);
	certify('a', 'A', undefined, authority);
	certify('b', 'B', undefined, authority);
	const loop = [
		certify('a@b', 'A', {file: 'b', key: 'b'}, authority),
		certify('b@a', 'B', {file: 'a', key: 'a'}, authority),
	];
	const leaf = certify('leaf', 'Leaf', {file: 'a', key: 'a'}, userExtensions);
	const before = process.cpuUsage();
	t.is(await verdict({anchors: [root]}, leaf, Date.now(), loop), 'UNTRUSTED');
	t.is(
		await verdict(
			{anchors: [root]},
			leaf,
			Date.now(),
			Array.from({length: 16}, (_, i) => loop[i % 2] ?? leaf),
		),
		'UNTRUSTED',
	);
	const {user: microseconds} = process.cpuUsage(before);
	t.log(`${microseconds} µs`);
	t.true(microseconds < 500_000, `${microseconds} µs`);
	const way = certify('a@root', 'A', {file: 'root', key: 'root'}, authority);
	t.is(await verdict({anchors: [root]}, leaf, Date.now(), [...loop, way]), 'ok');
});

test('policies hold for the whole chain where some are asked for, and constraints of a CA where none are', async (t) => {
	const {makeKey, certify} = makePki(t);
	for (const name of ['root', 'middle', 'strict', 'leaf', 'plain']) {
		makeKey(name);
	}

	const root = certify('root', 'Root', undefined, authority);
	const middle = certify('middle', 'Middle', {file: 'root', key: 'root'}, `${authority}\ncertificatePolicies=1.2.3.4`);
	const leaf = certify(
		'leaf',
		'Leaf',
		{file: 'middle', key: 'middle'},
		`${userExtensions}\ncertificatePolicies=1.2.3.4`,
	);
	const plain = certify('plain', 'Plain', {file: 'middle', key: 'middle'}, userExtensions);
	let now = Date.now();
	t.is(await verdict({anchors: [root], policies: ['1.2.3.4']}, leaf, now, [middle]), 'ok');
	t.is(await verdict({anchors: [root], policies: ['1.2.3.5']}, leaf, now, [middle]), 'CONSTRAINTS');
	t.is(await verdict({anchors: [root], policies: ['1.2.3.4']}, plain, now, [middle]), 'CONSTRAINTS');
	t.is(await verdict({anchors: [root]}, plain, now, [middle]), 'ok');

	const demanding = `${authority}\ncertificatePolicies=1.2.3.4\npolicyConstraints=critical,requireExplicitPolicy:0`;
	const strict = certify('strict', 'Strict', {file: 'root', key: 'root'}, demanding);
	const under = certify('plain@strict', 'Plain', {file: 'strict', key: 'strict'}, userExtensions);
	const within = certify(
		'leaf@strict',
		'Leaf',
		{file: 'strict', key: 'strict'},
		`${userExtensions}\ncertificatePolicies=1.2.3.4`,
	);
	now = Date.now();
	t.is(await verdict({anchors: [root]}, under, now, [strict]), 'CONSTRAINTS');
	t.is(await verdict({anchors: [root]}, within, now, [strict]), 'ok');
	t.throws(() => new NativeCertificateValidator({anchors: [root], policies: ['nonsense']}), {instanceOf: RangeError});
});
