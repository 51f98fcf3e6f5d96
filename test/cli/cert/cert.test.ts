import {execFile} from 'node:child_process';
import {createPrivateKey, X509Certificate} from 'node:crypto';
import {appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {openssl, temporaryFolder} from '../../trusted/certificates/openssl.js';

const main = fileURLToPath(import.meta.resolve('#dist/cli/main.js'));
const caSecret = 'correct horse battery';
const keySecret = 'staple of the phone';

/** A folder with passphrases in files, and `sallyport cert` in it. */
function makeDesk(t: ExecutionContext) {
	const folder = temporaryFolder(t);
	const at = (name: string) => path.join(folder, name);
	writeFileSync(at('ca.pass'), `${caSecret}\n`);
	writeFileSync(at('key.pass'), `${keySecret}\n`);
	writeFileSync(at('wrong.pass'), 'another passphrase\n');
	const cert = async (...parameters: readonly string[]) => {
		try {
			const {stdout, stderr} = await promisify(execFile)(process.execPath, [main, 'cert', ...parameters], {
				cwd: folder,
				timeout: 60_000,
				env: {...process.env, CA_SECRET: caSecret},
			});
			return {code: 0, stdout, stderr};
		} catch (error) {
			return error as {readonly code: number; readonly stdout: string; readonly stderr: string};
		}
	};
	const locks = ['--passphrase-file', 'ca.pass'];
	const keys = ['--key-passphrase-file', 'key.pass'];
	return {folder, at, cert, locks, keys, read: (name: string) => readFileSync(at(name), 'utf8')};
}

test('an authority issues, lists, renews and revokes, and openssl agrees at every step', async (t) => {
	const {folder, at, cert, locks, keys, read} = makeDesk(t);
	const run = {cwd: folder};
	t.is((await cert('ca', '--name', 'Office CA', ...locks)).code, 0);
	t.regex(read('authority/ca.key'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
	t.is(statSync(at('authority/ca.key')).mode & 0o777, 0o600);

	const issued = await cert('issue', 'sip:alice@example.com', ...locks, ...keys, '--json');
	t.is(issued.code, 0, issued.stderr);
	const {serialNumber} = JSON.parse(issued.stdout) as {serialNumber: string};
	t.true(serialNumber.length > 24);
	const alice = new X509Certificate(read('alice@example.com.pem'));
	t.is(alice.serialNumber, serialNumber);
	t.is(alice.subjectAltName, 'URI:sip:alice@example.com');
	t.is(alice.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
	t.is(Math.round((Date.parse(alice.validTo) - Date.now()) / 86_400_000), 90);
	t.true(alice.checkPrivateKey(createPrivateKey({key: read('alice@example.com.key'), passphrase: keySecret})));

	t.is(
		(await cert('issue', 'sip:gw.example.com', ...locks, '--clear-key', '--out', 'gw', '--key-type', 'rsa-3072')).code,
		0,
	);
	t.regex(read('gw.key'), /^-----BEGIN PRIVATE KEY-----/);
	const verify = [
		'verify',
		'-x509_strict',
		'-CAfile',
		'authority/ca.pem',
		'-CRLfile',
		'authority/ca.crl',
		'-crl_check',
	];
	t.regex(openssl([...verify, 'alice@example.com.pem'], run).toString(), /: OK/);
	t.regex(openssl([...verify, 'gw.pem'], run).toString(), /: OK/);

	t.is((await cert('renew', 'sip:alice@example.com', '-o', 'alice2', '--revoke-old', ...locks, ...keys)).code, 0);
	t.not(new X509Certificate(read('alice2.pem')).serialNumber, serialNumber);
	t.regex(openssl([...verify, 'alice2.pem'], run).toString(), /: OK/);
	t.throws(() => openssl([...verify, 'alice@example.com.pem'], run), {message: /revoked/});

	const revoked = await cert('revoke', 'gw.pem', '--reason', 'key-compromise', '--passphrase-env', 'CA_SECRET');
	t.is(revoked.code, 0, revoked.stderr);
	t.throws(() => openssl([...verify, 'gw.pem'], run), {message: /revoked/});
	const list = openssl(
		['crl', '-in', 'authority/ca.crl', '-noout', '-text', '-CAfile', 'authority/ca.pem'],
		run,
	).toString();
	t.regex(list, /Key Compromise/);
	t.regex(list, /Superseded/);
	t.regex(list, /CRL Number:\s+3/);

	t.is((await cert('crl', '--days', '5', ...locks)).code, 0);
	t.regex(openssl(['crl', '-in', 'authority/ca.crl', '-noout', '-text'], run).toString(), /CRL Number:\s+4/);
	const listed = JSON.parse((await cert('list', '--json')).stdout) as {uris: string[]; revokedAtMs?: number}[];
	t.deepEqual(
		listed.map(({uris, revokedAtMs}) => [uris[0], revokedAtMs !== undefined]),
		[
			['sip:alice@example.com', true],
			['sip:gw.example.com', true],
			['sip:alice@example.com', false],
		],
	);
	t.is(readdirSync(at('authority/certificates')).length, 3);
	t.regex((await cert('revoke', 'authority', ...locks)).stderr, /^sallyport: [^\n]+ \(FILE_UNREADABLE\)\n$/);
});

test('a wrong passphrase is said to be wrong, and nothing more', async (t) => {
	const {cert, locks, keys, at} = makeDesk(t);
	await cert('ca', ...locks);
	const wrong = await cert('issue', 'sip:alice@example.com', '--passphrase-file', 'wrong.pass', ...keys);
	t.is(wrong.code, 1);
	t.is(wrong.stdout, '');
	t.regex(
		wrong.stderr,
		/^sallyport: Expected the passphrase of the private key in [^\n]+, got another\. \(WRONG_PASSPHRASE\)\n$/,
	);
	t.notRegex(wrong.stderr, /another passphrase|BEGIN|error:/);
	const none = await cert('issue', 'sip:alice@example.com', ...keys);
	t.regex(none.stderr, /\(PASSPHRASE_NEEDED\)/);
	const noKey = await cert('issue', 'sip:alice@example.com', ...locks);
	t.regex(noKey.stderr, /--clear-key.*\(BAD_ARGUMENTS\)/);
	t.false(existsSync(at('alice@example.com.pem')));
	t.is(JSON.parse((await cert('list', '--json')).stdout).length, 0);
});

test('PKCS #12 goes to openssl and comes from it, for elliptic curves and RSA', async (t) => {
	const {cert, locks, keys, folder, read} = makeDesk(t);
	const run = {cwd: folder};
	await cert('ca', ...locks);
	for (const type of ['p-256', 'rsa-3072']) {
		await cert('issue', 'sip:bob@example.com', '-o', type, '--key-type', type, ...locks, ...keys);
		const p12 = ['--passphrase-file', 'ca.pass'];
		const exported = await cert(
			'export',
			`${type}.pem`,
			`${type}.key`,
			'authority/ca.pem',
			'-o',
			`${type}.p12`,
			...p12,
			...keys,
		);
		t.is(exported.code, 0, exported.stderr);
		openssl(['pkcs12', '-in', `${type}.p12`, '-passin', 'file:ca.pass', '-nodes', '-out', `${type}.seen`], run);
		t.is(read(`${type}.seen`).match(/-----BEGIN CERTIFICATE-----/g)?.length, 2);

		openssl(
			[
				'pkcs12',
				'-export',
				'-inkey',
				`${type}.key`,
				'-in',
				`${type}.pem`,
				'-certfile',
				'authority/ca.pem',
				'-passin',
				'file:key.pass',
				'-passout',
				'file:ca.pass',
				'-out',
				`${type}-theirs.p12`,
			],
			run,
		);
		const imported = await cert('import', `${type}-theirs.p12`, '-o', `${type}-in`, ...p12, '--clear-key');
		t.is(imported.code, 0, imported.stderr);
		const key = createPrivateKey(read(`${type}-in.key`));
		t.true(new X509Certificate(read(`${type}-in.pem`)).checkPrivateKey(key));

		const wrong = await cert('import', `${type}.p12`, '-o', 'never', '--passphrase-file', 'wrong.pass', '--clear-key');
		t.is(wrong.code, 1);
		t.regex(wrong.stderr, /^[^\n]+ got another in [^\n]+\(WRONG_PASSPHRASE\)\n$/);
	}

	// Keys of the older form say in a header that they are encrypted.
	const key = createPrivateKey({key: read('p-256.key'), passphrase: keySecret});
	const older = key.export({type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: keySecret});
	writeFileSync(path.join(folder, 'older.key'), older);
	t.regex(read('older.key'), /^Proc-Type: 4,ENCRYPTED$/m);
	const older12 = await cert(
		'export',
		'p-256.pem',
		'older.key',
		'-o',
		'o.p12',
		'--passphrase-file',
		'ca.pass',
		...keys,
	);
	t.is(older12.code, 0, older12.stderr);

	writeFileSync(path.join(folder, 'junk.p12'), Buffer.from('3003020103', 'hex'));
	const junk = await cert('import', 'junk.p12', '-o', 'never', '--passphrase-file', 'ca.pass', '--clear-key');
	t.regex(junk.stderr, /\(BAD_PKCS12\)/);
});

test('inspect says what files hold, and of a key only its kind', async (t) => {
	const {cert, locks, keys, folder, read} = makeDesk(t);
	await cert('ca', ...locks);
	await cert('issue', 'sip:alice@example.com', '-o', 'alice', ...locks, ...keys);
	await cert('issue', 'sip:gw.example.com', '-o', 'gw', ...locks, '--clear-key');
	const seen = await cert('inspect', 'alice.pem');
	t.regex(seen.stdout, /^certificate\n {2}subject: CN=alice@example\.com\n/);
	t.regex(seen.stdout, /names: URI:sip:alice@example\.com\n/);
	t.regex(seen.stdout, /key: ec prime256v1\n/);
	t.regex((await cert('inspect', 'alice.key')).stdout, /^private key\n {2}protection: encrypted/);
	const key = await cert('inspect', 'gw.key');
	t.is(key.stdout, 'private key\n  protection: none\n  key: ec prime256v1\n');
	t.regex((await cert('inspect', 'authority/ca.crl')).stdout, /^revocation list\n {2}number: 1\n/);
	openssl(['x509', '-in', 'alice.pem', '-outform', 'DER', '-out', 'alice.der'], {cwd: folder});
	t.is((await cert('inspect', 'alice.der')).stdout, seen.stdout);
	t.regex((await cert('inspect', 'ca.pass')).stderr, /\(NOTHING_KNOWN\)/);
	t.regex((await cert('inspect', 'absent')).stderr, /\(FILE_UNREADABLE\)/);
	t.false(seen.stdout.includes(read('gw.key').split('\n')[1] ?? '-'));
});

test('nothing is written over, and what was cut short by a crash does no harm', async (t) => {
	const {cert, locks, keys, at, read} = makeDesk(t);
	await cert('ca', ...locks);
	const anchor = read('authority/ca.pem');
	t.regex((await cert('ca', ...locks)).stderr, /\(FILE_EXISTS\)/);
	t.is(read('authority/ca.pem'), anchor);
	await cert('issue', 'sip:alice@example.com', '-o', 'alice', ...locks, ...keys);
	t.regex((await cert('issue', 'sip:alice@example.com', '-o', 'alice', ...locks, ...keys)).stderr, /\(FILE_EXISTS\)/);

	appendFileSync(at('authority/issued.jsonl'), '{"event":"revoked","serialNum');
	t.is(JSON.parse((await cert('list', '--json')).stdout).length, 1);
	t.is((await cert('revoke', 'sip:alice@example.com', ...locks)).code, 0);
	t.regex((await cert('list')).stdout, /: revoked /);
	t.regex((await cert('revoke', 'sip:nobody@example.com', ...locks)).stderr, /\(UNKNOWN_CERTIFICATE\)/);
	t.regex(
		(await cert('issue', 'mailto:alice@example.com', '-o', 'mail', ...locks, ...keys)).stderr,
		/\(BAD_ARGUMENTS\)/,
	);

	appendFileSync(at('authority/issued.jsonl'), 'not a line of ours\n');
	t.regex((await cert('list')).stderr, /line 6\. \(AUTHORITY_DAMAGED\)/);
	t.regex((await cert('list', '-d', 'nowhere')).stderr, /\(NO_AUTHORITY\)/);
});
