import {spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {Command} from 'commander';
import {SallyportError} from '#dist/base/error.js';
import {readOctets} from '#dist/cli/smime/read-input.js';
import {registerSmimeCommand} from '#dist/cli/smime/smime-command.js';
import {CertificateAuthority, createRoot, parseCredential} from '#dist/trusted/certificates/index.js';
import {makeIdentity} from '../trusted/smime/test-pki.js';

const main = fileURLToPath(import.meta.resolve('#dist/cli/main.js'));
const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-smime-'));
const sdp = 'v=0\r\ns=-\r\n';
const passphrase = 'a passphrase of the test';
const marker = makeIdentity('rsa', 'Rita');

test.before(async () => {
	const root = await createRoot({commonName: 'Test root'});
	const other = await createRoot({commonName: 'Other root'});
	const authority = new CertificateAuthority(parseCredential(`${root.certificatePem}\n${root.privateKeyPem}`));
	const [alice, bob] = [
		await authority.issue({uris: ['sip:alice@a.example']}),
		await authority.issue({uris: ['sip:bob@b.example']}),
	];
	put('root.pem', root.certificatePem);
	put('other.pem', other.certificatePem);
	put('alice.pem', `${alice.certificatePem}\n${alice.privateKeyPem}`);
	put('alice.crt', alice.certificatePem);
	put('bob.pem', `${bob.certificatePem}\n${bob.privateKeyPem}`);
	put('bob.crt', bob.certificatePem);
	put('rita.pem', `${marker.certificatePem}\n${marker.privateKeyPem}`);
	const locked = marker.key.export({type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase});
	put('locked.pem', `${marker.certificatePem}\n${locked}`);
	put('passphrase', `${passphrase}\n`);
	put('sdp', sdp.replaceAll('\r\n', '\n'));
});
test.after.always(() => rmSync(folder, {recursive: true}));

function put(name: string, content: string | Uint8Array): string {
	writeFileSync(file(name), content);
	return file(name);
}

function file(name: string): string {
	return path.join(folder, name);
}

function split(line: string): string[] {
	return line
		.split(' ')
		.map((word) => (/^[a-z-]+\.(?:pem|crt|eml|der|txt|sip)$|^sdp$|^passphrase$/.test(word) ? file(word) : word));
}

/** Runs `sallyport smime` in this process; names of files are those of the folder. */
async function smime(line: string, input: string | Uint8Array = '') {
	const [stdout, stderr]: [Buffer[], string[]] = [[], []];
	let code = 0;
	const program = new Command().exitOverride();
	registerSmimeCommand(program, {
		read: (name) => (name === '-' ? Buffer.from(input) : readOctets(name)),
		stdout: (octets) => void stdout.push(Buffer.from(octets)),
		stderr: (text) => void stderr.push(text),
		exit: (outcome) => {
			code = outcome;
		},
	});
	try {
		await program.parseAsync(['node', 'sallyport', 'smime', ...split(line)]);
	} catch (error) {
		// As `main` does.
		if (!(error instanceof SallyportError)) {
			throw error;
		}

		stderr.push(`sallyport: ${error.message} (${error.code})\n`);
		code = 1;
	}

	return {code, stdout: Buffer.concat(stdout), stderr: stderr.join('')};
}

/** Runs it as a process of its own. */
async function smimeProcess(line: string, input: string | Uint8Array = '', environment: NodeJS.ProcessEnv = {}) {
	const child = spawn(process.execPath, [main, 'smime', ...split(line)], {
		cwd: folder,
		env: {...process.env, ...environment},
		timeout: 60_000,
	});
	const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
	child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
	child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
	return {code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString()};
}

test('what was sealed in a pipe is opened in a pipe, and it is told who signed for whom', async (t) => {
	const sealed = await smimeProcess('seal - --type application/sdp --key alice.pem --to bob.crt', sdp);
	t.is(sealed.code, 0, sealed.stderr);
	t.regex(sealed.stdout.toString(), /^Content-Type: application\/pkcs7-mime;smime-type=authEnveloped-data/);
	t.regex(sealed.stderr, /^seal: done for 1 recipient, \d+ octets, by openssl \(this Node has all that it needs\)\n$/);

	const opened = await smimeProcess('open - --key bob.pem --trust root.pem --from sip:alice@a.example', sealed.stdout);
	t.is(opened.code, 0, opened.stderr);
	t.is(opened.stdout.toString(), `Content-Type: application/sdp\r\n\r\n${sdp}`);
	t.regex(opened.stderr, /encrypted with AES-128-GCM for 1 recipient; opened with the key of /);
	t.regex(
		opened.stderr,
		/signed \(signed-data\) by sip:alice@a\.example .*ecdsa-sha256: the signature is right; trusted\n/,
	);
	t.regex(opened.stderr, /content: application\/sdp, \d+ octets\n$/);
});

test('a SIP message is opened as it was on the wire', async (t) => {
	const sealed = await smime(
		'seal sdp --type application/sdp --key alice.pem --to bob.crt --encoding binary --form multipart-signed --out sealed.eml',
	);
	t.is(sealed.code, 0, sealed.stderr);
	const entity = readFileSync(file('sealed.eml'));
	const end = entity.indexOf('\r\n\r\n');
	const head = `INVITE sip:bob@b.example SIP/2.0\r\nFrom: <sip:alice@a.example>;tag=1\r\nc: ${entity.subarray(14, end)}\r\n`;
	const message = Buffer.concat([
		Buffer.from(`${head}Content-Length: ${entity.length - end - 4}`),
		entity.subarray(end),
	]);
	const opened = await smime('open - --key bob.pem --trust root.pem --json --out opened.eml', message);
	t.is(opened.code, 0, opened.stderr);
	t.is(readFileSync(file('opened.eml'), 'utf8'), `Content-Type: application/sdp\r\n\r\n${sdp}`);
	const report = JSON.parse(opened.stdout.toString()) as {readonly layers: readonly object[]};
	t.like(report, {action: 'open', ok: true, exitCode: 0, provider: 'openssl'});
	t.like(report.layers[0], {layer: 'encrypted', cipher: 'AES-128-GCM'});
	t.like(report.layers[1], {layer: 'signed', form: 'multipart/signed'});
	t.like(report.layers[2], {layer: 'content', type: 'application/sdp'});
});

test('inspect needs no key, and tells what can be seen', async (t) => {
	const sealed = await smime(
		'seal sdp --type application/sdp --key alice.pem --to bob.crt alice.crt --cipher AES-256-CBC',
	);
	const seen = await smime('inspect', sealed.stdout);
	t.is(seen.code, 0, seen.stderr);
	t.regex(
		seen.stdout.toString(),
		/^encrypted with AES-256-CBC for 2 recipients\n {2}for serial number [\da-f]+ by key agreement\n/,
	);
	t.notRegex(seen.stdout.toString(), /opened|signed|content/);

	const signed = await smime('sign sdp --type application/sdp --key alice.pem');
	t.regex(
		signed.stdout.toString(),
		/^Content-Type: multipart\/signed;protocol="application\/pkcs7-signature";micalg=sha-256;/,
	);
	const withLineFeeds = signed.stdout.toString().replaceAll('\r\n', '\n');
	for (const form of [signed.stdout, withLineFeeds]) {
		const inspected = await smime('inspect --json', form);
		t.is(inspected.code, 0, inspected.stderr);
		t.like(JSON.parse(inspected.stdout.toString()), {
			ok: true,
			layers: {0: {signers: {0: {names: ['sip:alice@a.example'], trusted: null}}}, 1: {type: 'application/sdp'}},
		});
	}

	const broken = await smime('inspect', signed.stdout.toString().replace('s=-', 's=!'));
	t.is(broken.code, 3);
	t.regex(broken.stdout.toString(), /^not validly signed: Expected .* \(BAD_SIGNATURE\)\n$/);
});

test('a signature that nobody vouches for, or of somebody else, is exit code 4 and gives nothing out', async (t) => {
	const signed = (await smime('sign sdp --type application/sdp --key alice.pem --form signed-data')).stdout;
	for (const [line, code] of [
		['open --trust root.pem', 0],
		['open --any-signer i-accept-any-signer', 0],
		['open', 4],
		['open --trust other.pem', 4],
		['open --trust root.pem --from sip:bob@b.example', 4],
		['open --from sip:alice@a.example --any-signer i-accept-any-signer', 4],
	] as const) {
		const opened = await smime(line, signed);
		t.is(opened.code, code, `${line}: ${opened.stderr}`);
		t.is(opened.stdout.length > 0, code === 0, line);
	}
});

test('what nobody signed is given out only where its encryption is authenticated and it is asked for', async (t) => {
	for (const cipher of ['AES-128-GCM', 'AES-128-CBC']) {
		const sealed = (await smime(`encrypt sdp --type application/sdp --to bob.crt --cipher ${cipher}`)).stdout;
		const refused = await smime('open --key bob.pem --trust root.pem', sealed);
		t.is(refused.code, 3, refused.stderr);
		t.is(refused.stdout.length, 0);
		const taken = await smime('open --key bob.pem --unsigned i-accept-it-from-anybody', sealed);
		t.is(taken.code, cipher.endsWith('GCM') ? 0 : 3, taken.stderr);
		t.is(taken.stdout.length > 0, cipher.endsWith('GCM'));
		const stranger = await smime('open --key alice.pem --trust root.pem --json', sealed);
		t.is(stranger.code, 2);
		t.like(JSON.parse(stranger.stderr), {ok: false, exitCode: 2, failure: {code: 'NOT_FOR_US'}});
	}
});

test('a passphrase comes from a file or the environment, and no output has it or the key', async (t) => {
	const outputs: string[] = [];
	const keyLine = marker.privateKeyPem.split('\n')[5] ?? '';
	for (const [line, code, environment] of [
		['sign sdp --type text/plain --key locked.pem --passphrase-file passphrase', 0, {}],
		['sign sdp --type text/plain --key locked.pem --passphrase-env SECRET', 0, {SECRET: passphrase}],
		['sign sdp --type text/plain --key locked.pem --passphrase-env SECRET', 1, {SECRET: 'another passphrase'}],
		['sign sdp --type text/plain --key locked.pem --passphrase-env NOWHERE', 1, {}],
		['sign sdp --type text/plain --key locked.pem', 1, {}],
		['sign sdp --type text/plain --key locked.pem --provider forge --passphrase-file passphrase', 0, {}],
	] as const) {
		const run = 'SECRET' in environment ? smimeProcess : smime;
		const {stderr, ...done} = await run(line, '', environment);
		t.is(done.code, code, stderr);
		t.regex(stderr, code === 0 ? /^sign: done/ : /^sallyport: Expected [^\n]+\. \([A-Z_]+\)\n$/);
		outputs.push(stderr, done.stdout.toString());
	}

	t.true(keyLine.length === 64);
	t.false(
		outputs.some((output) => output.includes(keyLine) || /passphrase of the test|another passphrase/.test(output)),
	);
	t.regex(outputs[4] ?? '', /\(WRONG_PASSPHRASE\)/);
	t.regex(outputs[8] ?? '', /\(PASSPHRASE_NEEDED\)/);
});

test('forge is chosen by an option, told, and refuses what it cannot do by name', async (t) => {
	const sealed = await smime('seal sdp --type application/sdp --key rita.pem --to rita.pem --provider forge');
	t.is(sealed.code, 0, sealed.stderr);
	t.regex(sealed.stderr, /by forge \(asked for\)\n$/);
	for (const provider of ['openssl', 'forge']) {
		const line = `open --key rita.pem --any-signer i-accept-any-signer --json --provider ${provider}`;
		const opened = await smime(line, sealed.stdout);
		t.is(opened.code, 0, opened.stderr);
		t.like(JSON.parse(opened.stderr), {provider});
	}

	for (const line of [
		'seal sdp --type application/sdp --key alice.pem --to rita.pem --provider forge',
		'seal sdp --type application/sdp --key rita.pem --to bob.crt --provider forge',
	]) {
		const refused = await smime(line);
		t.is(refused.code, 1);
		t.regex(refused.stderr, /^sallyport: Expected [^\n]+ \(NOT_CAPABLE\)\n$/);
	}

	const cipher = await smime('encrypt sdp --type a/b --to rita.pem --provider forge --cipher AES-128-GCM');
	t.regex(cipher.stderr, /^sallyport: Expected one of AES-128-CBC, .* for --cipher\. \(SMIME_ARGUMENTS\)\n$/);
});

test('broken input of every sort gets one sentence and an exit code', async (t) => {
	const sealed = (await smime('seal sdp --type application/sdp --key alice.pem --to bob.crt --encoding binary')).stdout;
	const flipped = Buffer.from(sealed);
	flipped[flipped.length - 3] = (flipped.at(-3) ?? 0) ^ 1;
	const open = 'open --key bob.pem --trust root.pem';
	const cases: readonly (readonly [string, string | Uint8Array, number, RegExp])[] = [
		[open, '', 1, /SMIME_INPUT/],
		[open, 'hello', 1, /SMIME_INPUT/],
		[open, 'INVITE sip:a SIP/2.0\r\n\r\n', 3, /NOT_SMIME/],
		[open, 'A: b\r\n\r\nbody', 1, /SMIME_INPUT/],
		[open, '-----BEGIN CMS-----\nnonsense', 1, /SMIME_INPUT/],
		[open, Uint8Array.of(0x30, 0x80), 2, /MALFORMED/],
		[open, 'Content-Type: text/plain\r\n\r\nhello', 3, /NOT_SMIME/],
		[open, sealed.subarray(0, sealed.length - 100), 2, /MALFORMED/],
		[open, flipped, 2, /DECRYPTION_FAILED/],
		['open no-such.eml', '', 1, /SMIME_INPUT/],
		['open --key no-such.pem', '', 1, /FILE_UNREADABLE/],
		['open --key bob.crt', '', 1, /NO_PRIVATE_KEY/],
		['open --key sdp', '', 1, /NO_CERTIFICATE/],
		['open --trust sdp', '', 1, /NO_CERTIFICATE/],
		['open --any-signer yes', '', 1, /SMIME_ARGUMENTS/],
		['open --provider nss', '', 1, /SMIME_ARGUMENTS/],
		['sign sdp --key alice.pem', '', 1, /SMIME_INPUT/],
		['sign sdp --type text/plain', '', 1, /SMIME_ARGUMENTS/],
		['sign sdp --type nonsense --key alice.pem', '', 1, /SMIME_INPUT/],
		['sign sdp --type a/b --key alice.pem --scheme rsa-pss-sha1', '', 1, /SMIME_ARGUMENTS/],
		['sign sdp --type a/b --key alice.pem --scheme rsa-pss-sha256', '', 1, /NOT_CAPABLE/],
		['sign sdp --type a/b --key alice.pem --form pgp', '', 1, /SMIME_ARGUMENTS/],
		['sign sdp --type a/b --key alice.pem --out /no/such/folder', '', 1, /SMIME_OUTPUT/],
		['sign sdp --type a/b --key alice.pem rita.pem --certificate alice.crt', '', 1, /SMIME_ARGUMENTS/],
		['encrypt sdp --type a/b', '', 1, /SMIME_ARGUMENTS/],
		['encrypt sdp --type a/b --to bob.crt --cipher DES', '', 1, /SMIME_ARGUMENTS/],
	];
	for (const [line, input, code, words] of cases) {
		const result = await smime(line, input);
		t.is(result.code, code, `${line}: ${result.stderr}`);
		t.is(result.stdout.length, 0, line);
		const [last = ''] = result.stderr.trimEnd().split('\n').slice(-1);
		t.regex(last, words, line);
		t.regex(last, /^(?:sallyport|not opened|not validly signed): .{10,300} \([A-Z_]+\)$/, line);
		t.notRegex(result.stderr, /\n\s+at /, line);
	}
});

test('more than 256 KiB are not read to their end', async (t) => {
	const {code, stderr} = await smimeProcess('open', Buffer.alloc(3_000_000, 0x30));
	t.is(code, 1);
	t.is(stderr, 'sallyport: Expected at most 262144 octets in standard input, got more. (SMIME_INPUT)\n');
});
