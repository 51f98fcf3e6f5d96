import {execFile} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import type {CmsProvider, ContentCipher, SignatureScheme} from '#dist/trusted/smime/index.js';
import {openCmsProvider} from '#dist/trusted/smime/index.js';
import {testWhere} from '../support/test-where.js';
import {makeIdentity, must} from '../trusted/smime/test-pki.js';

// BouncyCastle (Debian's libbcpkix-java) in both directions: all that it opens and makes, in one start of its virtual machine.

const jars = ['bcprov', 'bcutil', 'bcpkix'].map((name) => `/usr/share/java/${name}.jar`);
const isThere = jars.every((jar) => existsSync(jar)) && existsSync('/usr/bin/java');
const peer = testWhere(isThere);
const program = fileURLToPath(new URL('../../../test/interop/bouncy-castle-peer.java', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-bouncy-castle-'));
const content = Buffer.from('Content-Type: application/sdp\r\n\r\nv=0\r\n');

const identities = {
	'p-256': makeIdentity('p-256', 'alice'),
	'p-384': makeIdentity('p-384', 'bob'),
	'p-521': makeIdentity('p-521', 'carol'),
	ed25519: makeIdentity('ed25519', 'dave'),
	rsa: makeIdentity('rsa', 'frank'),
};
type Kind = keyof typeof identities;

const signatures: readonly (readonly [SignatureScheme, Kind, string])[] = [
	['ecdsa-sha256', 'p-256', 'SHA256withECDSA'],
	['ecdsa-sha384', 'p-384', 'SHA384withECDSA'],
	['ecdsa-sha512', 'p-521', 'SHA512withECDSA'],
	['ed25519', 'ed25519', 'Ed25519'],
	['rsa-pkcs1-sha256', 'rsa', 'SHA256withRSA'],
	['rsa-pkcs1-sha384', 'rsa', 'SHA384withRSA'],
	['rsa-pkcs1-sha512', 'rsa', 'SHA512withRSA'],
	['rsa-pss-sha256', 'rsa', 'SHA256withRSAandMGF1'],
	['rsa-pss-sha384', 'rsa', 'SHA384withRSAandMGF1'],
	['rsa-pss-sha512', 'rsa', 'SHA512withRSAandMGF1'],
];
const ciphers: readonly ContentCipher[] = ['AES-128-GCM', 'AES-256-GCM', 'AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC'];
const managements: readonly (readonly [Kind, readonly string[]])[] = [
	['p-256', ['SHA256', 'SHA384', 'SHA512']],
	['p-384', ['SHA256', 'SHA384']],
	['p-521', ['SHA512']],
	['rsa', ['OAEP-SHA-1', 'OAEP-SHA-256', 'OAEP-SHA-512']],
];

const jobs: string[] = [];
let results: ReadonlyMap<string, string> = new Map();
let provider!: CmsProvider;

function file(name: string): string {
	return path.join(folder, name);
}

function add(...job: readonly string[]): void {
	jobs.push(job.join('\t'));
}

test.before(async (t) => {
	({provider} = await openCmsProvider({keys: Object.values(identities)}));
	if (!isThere) {
		t.log('NOT RUN: no libbcpkix-java, or no java, on this machine');
		return;
	}

	t.timeout(120_000);
	writeFileSync(file('content'), content);
	for (const [kind, {der, key}] of Object.entries(identities)) {
		writeFileSync(file(`${kind}.crt`), der);
		writeFileSync(file(`${kind}.key`), key.export({type: 'pkcs8', format: 'der'}));
	}

	for (const [scheme, kind, name] of signatures) {
		const {keyId} = identities[kind];
		for (const detached of [false, true]) {
			const ours = `ours-${scheme}-${detached}`;
			const signed = await provider.sign({content, keyId, scheme, signingTimeMs: Date.now(), detached});
			writeFileSync(file(ours), must(signed));
			add(`verified-${ours}`, 'verify', ours, ...(detached ? ['content'] : []));
			add(`theirs-${scheme}-${detached}`, 'sign', 'content', kind, name, String(!detached));
		}
	}

	for (const cipher of ciphers) {
		for (const [kind, hows] of managements) {
			const ours = `ours-${cipher}-${kind}`;
			writeFileSync(file(ours), must(await provider.encrypt({content, recipients: [identities[kind].der], cipher})));
			add(`opened-${ours}`, 'decrypt', ours, kind);
			for (const how of hows) {
				add(`theirs-${cipher}-${kind}-${how}`, 'encrypt', 'content', kind, cipher, how);
			}
		}
	}

	writeFileSync(file('jobs'), jobs.map((job) => `${job}\n`).join(''));
	await promisify(execFile)('java', ['-cp', jars.join(':'), program, folder], {timeout: 110_000});
	const lines = readFileSync(file('results'), 'utf8').trimEnd().split('\n');
	results = new Map(lines.map((line) => line.split('\t') as [string, string]));
});
test.after.always(async () => {
	await provider.close();
	rmSync(folder, {recursive: true});
});

for (const [scheme] of signatures) {
	peer(`BouncyCastle verifies our ${scheme}, and we verify its`, async (t) => {
		for (const detached of [false, true]) {
			t.is(results.get(`verified-ours-${scheme}-${detached}`), 'ok');
			const name = `theirs-${scheme}-${detached}`;
			t.is(results.get(name), 'ok');
			const verified = must(await provider.verify(readFileSync(file(name)), detached ? content : undefined));
			t.deepEqual(Buffer.from(verified.content), content);
			t.is(verified.signers[0]?.scheme, scheme);
		}
	});
}

for (const cipher of ciphers) {
	for (const [kind, hows] of managements) {
		peer(`BouncyCastle opens our ${cipher} to ${kind}, and we open its`, async (t) => {
			t.is(results.get(`opened-ours-${cipher}-${kind}`), 'ok');
			t.deepEqual(readFileSync(file(`opened-ours-${cipher}-${kind}`)), content);
			for (const how of hows) {
				const name = `theirs-${cipher}-${kind}-${how}`;
				t.is(results.get(name), 'ok', how);
				const opened = must(await provider.decrypt(readFileSync(file(name))));
				t.deepEqual([Buffer.from(opened.content), opened.cipher], [content, cipher], how);
			}
		});
	}
}

test('libbcpkix-java is there, at least where CI=true', (t) => {
	t.true(isThere || process.env['CI'] !== 'true', 'Expected java and libbcpkix-java where CI=true.');
});
