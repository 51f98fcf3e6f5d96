import {execFile, execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import type {CmsProvider} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {serialWhere, testWhere} from '../support/test-where.js';
import {codeOf, makeIdentity, must} from '../trusted/smime/test-pki.js';

// `certtool` of GnuTLS and `gpgsm` of GnuPG, both directions, with what each of them can do.

const content = Buffer.from('Content-Type: application/sdp\r\n\r\nv=0\r\n');
const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-gnu-'));
const home = path.join(folder, 'gnupg');
const hasCerttool = isInstalled('certtool');
const hasGpgsm = isInstalled('gpgsm') && isInstalled('gpg-agent');
writeFileSync(file('content'), content);
test.after.always(async () => {
	if (hasGpgsm) {
		await run('', 'gpgconf', '--kill', 'all').catch(() => {});
	}

	rmSync(folder, {recursive: true, force: true});
});

const certtool = testWhere(hasCerttool);
for (const [kind, scheme] of [
	['p-256', 'ecdsa-sha256'],
	['p-384', 'ecdsa-sha384'],
	['p-521', 'ecdsa-sha512'],
	['ed25519', 'ed25519'],
	['rsa', 'rsa-pkcs1-sha256'],
] as const) {
	certtool(`certtool verifies our ${scheme}, and we verify its`, async (t) => {
		const identity = makeIdentity(kind, kind);
		const {provider} = await openCmsProvider({keys: [identity]});
		t.teardown(() => provider.close());
		const [certificate, key] = [`${kind}.crt`, `${kind}.key`].map(file) as [string, string];
		writeFileSync(certificate, identity.certificatePem);
		writeFileSync(key, identity.privateKeyPem);
		const own = ['--load-privkey', key, '--load-certificate', certificate];
		for (const detached of [false, true]) {
			const {keyId} = identity;
			const ours = must(await provider.sign({content, keyId, signingTimeMs: Date.now(), detached}));
			const name = file(`${kind}-${detached}`);
			writeFileSync(name, ours);
			const beside = detached ? ['--load-data', file('content')] : [];
			const verify = ['--p7-verify', '--inder', '--load-certificate', certificate, ...beside, '--infile'];
			const {stderr} = await run('', 'certtool', ...verify, name);
			t.regex(stderr.toString(), /Signature status: ok/);

			const spoilt = Buffer.from(ours);
			spoilt[spoilt.length - 4] = (spoilt.at(-4) ?? 0) ^ 1;
			writeFileSync(name, spoilt);
			await t.throwsAsync(() => run('', 'certtool', ...verify, name));

			const sign = [detached ? '--p7-detached-sign' : '--p7-sign', '--p7-time', '--outder', ...own];
			const theirs = await run('', 'certtool', ...sign, '--infile', file('content'));
			const verified = must(await provider.verify(theirs.stdout, detached ? content : undefined));
			t.deepEqual(Buffer.from(verified.content), content);
			t.is(verified.signers[0]?.scheme, scheme);
		}
	});
}

const gpgsm = serialWhere(hasGpgsm);
const passphrase = 'a passphrase of the test';
let provider!: CmsProvider;
const keyIds = new Map<string, string>();

gpgsm('gpgsm takes certificates and a key', async (t) => {
	t.timeout(60_000);
	mkdirSync(home, {mode: 0o700});
	const request = ['req', '-nodes', '-newkey'];
	const usage = 'keyUsage=critical,keyCertSign,cRLSign';
	const root = ['-x509', '-days', '300', '-subj', '/CN=Peer root', '-addext', usage, '-keyout', file('ca.key')];
	await run('', 'openssl', ...request, 'rsa:2048', ...root, '-out', file('ca.crt'));
	const keys = [];
	for (const [kind, ...how] of [
		['rsa', 'rsa:2048'],
		['p-256', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
	] as const) {
		const names = ['-subj', `/CN=Gina/emailAddress=${kind}@g.example`, '-keyout', file(`g-${kind}.key`)];
		await run('', 'openssl', ...request, ...how, ...names, '-out', file(`g-${kind}.csr`));
		const uses = 'digitalSignature,nonRepudiation,keyEncipherment';
		writeFileSync(
			file('extensions'),
			`basicConstraints=CA:FALSE\nkeyUsage=${uses}\nextendedKeyUsage=emailProtection\nsubjectAltName=email:${kind}@g.example\n`,
		);
		const issue = ['x509', '-req', '-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '200'];
		const out = ['-extfile', file('extensions'), '-in', file(`g-${kind}.csr`), '-out', file(`g-${kind}.crt`)];
		await run('', 'openssl', ...issue, ...out);
		const [certificatePem, privateKeyPem] = ['crt', 'key'].map((end) => readFileSync(file(`g-${kind}.${end}`), 'utf8'));
		keys.push({certificatePem: certificatePem ?? '', privateKeyPem: privateKeyPem ?? ''});
	}

	const opened = await openCmsProvider({keys});
	provider = opened.provider;
	keyIds.set('rsa', opened.privateKeys.keys[0]?.keyId ?? '').set('p-256', opened.privateKeys.keys[1]?.keyId ?? '');
	const {stdout} = await run('', 'openssl', 'x509', '-in', file('ca.crt'), '-noout', '-fingerprint', '-sha1');
	writeFileSync(path.join(home, 'trustlist.txt'), `${stdout.toString().split('=')[1]?.trim()} S relax\n`);
	writeFileSync(path.join(home, 'gpgsm.conf'), 'disable-crl-checks\n');
	writeFileSync(path.join(home, 'gpg-agent.conf'), 'allow-loopback-pinentry\n');
	const bundle = ['-in', file('g-rsa.crt'), '-inkey', file('g-rsa.key'), '-passout', `pass:${passphrase}`];
	await run('', 'openssl', 'pkcs12', '-export', '-legacy', ...bundle, '-out', file('rsa.p12'));
	await run('', 'gpgsm', '--batch', '--import', file('ca.crt'), file('g-p-256.crt'));
	const {stderr} = await run(`${passphrase}\n`, 'gpgsm', ...unattended, '--import', file('rsa.p12'));
	t.regex(stderr.toString(), /secret keys imported: 1/);
});

for (const kind of ['p-256', 'rsa'] as const) {
	gpgsm(`gpgsm verifies our signatures by ${kind}`, async (t) => {
		for (const detached of [false, true]) {
			const keyId = keyIds.get(kind) ?? '';
			const ours = must(await provider.sign({content, keyId, signingTimeMs: Date.now(), detached}));
			writeFileSync(file('ours'), ours);
			const {stderr} = await run(
				'',
				'gpgsm',
				'--batch',
				'--verify',
				file('ours'),
				...(detached ? [file('content')] : []),
			);
			t.regex(stderr.toString(), /Good signature from /);
		}
	});
}

gpgsm('we verify what gpgsm signs, and open what it encrypts where its old key transport may be taken', async (t) => {
	for (const how of ['--sign', '--detach-sign']) {
		const sign = [...unattended, '-u', 'rsa@g.example', how, file('content')];
		const {stdout} = await run(`${passphrase}\n`, 'gpgsm', ...sign);
		const verified = must(await provider.verify(stdout, how === '--sign' ? undefined : content));
		t.deepEqual(Buffer.from(verified.content), content);
		t.is(verified.signers[0]?.scheme, 'rsa-pkcs1-sha256');
	}

	const {stdout} = await run('', 'gpgsm', '--batch', '--encrypt', '-r', 'rsa@g.example', file('content'));
	t.not(codeOf(await provider.decrypt(stdout)), 'ok', 'RSA PKCS#1 v1.5 is taken from a named peer only');
	const permitted = await provider.decrypt(stdout, {legacy: ['rsa-pkcs1-key-transport']});
	const isCapable = provider.capabilities.legacy.includes('rsa-pkcs1-key-transport');
	t.is(codeOf(permitted), isCapable ? 'ok' : 'NOT_CAPABLE');
	t.true(!permitted.ok || Buffer.compare(permitted.value.content, content) === 0);
});

test.after.always(() => provider?.close());

test('certtool and gpgsm are there, at least where CI=true', (t) => {
	t.true((hasCerttool && hasGpgsm) || process.env['CI'] !== 'true', 'Expected certtool and gpgsm where CI=true.');
	t.log(hasCerttool ? 'certtool is there' : 'NOT RUN: no certtool', hasGpgsm ? 'gpgsm is there' : 'NOT RUN: no gpgsm');
});

const unattended = ['--batch', '--pinentry-mode', 'loopback', '--passphrase-fd', '0'];

function file(name: string): string {
	return path.join(folder, name);
}

/** Output of a command; a failure of its own ends the test. */
async function run(input: string, command: string, ...parameters: readonly string[]) {
	const environment = {...process.env, GNUPGHOME: home, LC_ALL: 'C'};
	const running = promisify(execFile)(command, parameters, {encoding: 'buffer', timeout: 30_000, env: environment});
	running.child.stdin?.on('error', () => {});
	running.child.stdin?.end(input);
	return running;
}

function isInstalled(command: string): boolean {
	try {
		execFileSync(command, ['--version'], {stdio: 'ignore'});
		return true;
	} catch {
		return false;
	}
}
