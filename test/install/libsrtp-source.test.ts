import {spawnSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';

/** The install folder alone, copied, with nothing fetched yet: what `provideLibsrtpSource` needs and no more. */
function freshTree(t: ExecutionContext): string {
	const root = mkdtempSync(path.join(tmpdir(), 'sallyport-install-'));
	t.teardown(() => rmSync(root, {recursive: true, force: true}));
	cpSync('native/install', path.join(root, 'native/install'), {recursive: true});
	mkdirSync(path.join(root, 'native/libsrtp'));
	return root;
}

function install(root: string, environment: Record<string, string>): {status: number | null; stderr: string} {
	return spawnSync(process.execPath, [path.join(root, 'native/install/install.mjs')], {
		encoding: 'utf8',
		env: {...process.env, ...environment},
	});
}

/** One line that names the variable, exit code 1, and nothing left behind. */
function assertRefused(
	t: ExecutionContext,
	root: string,
	{status, stderr}: ReturnType<typeof install>,
	why: RegExp,
): void {
	t.is(status, 1);
	t.regex(stderr, why);
	t.regex(stderr, /SALLYPORT_LIBSRTP_SOURCE/);
	t.is(stderr.trim().split('\n').length, 1, stderr);
	t.deepEqual(readdirSync(path.join(root, 'native/libsrtp')), []);
	t.false(existsSync(path.join(root, 'build')));
}

test('a tarball with another hash is refused', (t) => {
	const root = freshTree(t);
	const tarball = path.join(root, 'libsrtp2_2.5.0.orig.tar.gz');
	writeFileSync(tarball, 'not libsrtp');
	assertRefused(t, root, install(root, {SALLYPORT_LIBSRTP_SOURCE: tarball}), /has SHA-256 [0-9a-f]{64}, not 8a43ef8e/);
});

test('a name that is nothing is refused', (t) => {
	const root = freshTree(t);
	assertRefused(
		t,
		root,
		install(root, {SALLYPORT_LIBSRTP_SOURCE: path.join(root, 'absent')}),
		/neither a folder nor a file/,
	);
});

test('a folder that is not libsrtp is refused', (t) => {
	const root = freshTree(t);
	const folder = path.join(root, 'other');
	mkdirSync(folder);
	assertRefused(t, root, install(root, {SALLYPORT_LIBSRTP_SOURCE: folder}), /holds no libsrtp 2\.5\.0 source/);
});

test('a machine without apt is told so', (t) => {
	const root = freshTree(t);
	const result = install(root, {PATH: path.join(root, 'empty'), SALLYPORT_LIBSRTP_SOURCE: ''});
	assertRefused(t, root, result, /apt-config is not on this machine/);
});

test('a machine without network is told so', (t) => {
	const root = freshTree(t);
	const configuration = path.join(root, 'apt.conf');
	writeFileSync(
		configuration,
		'Acquire::http::Proxy "http://127.0.0.1:9";\nAcquire::https::Proxy "http://127.0.0.1:9";\nAcquire::Retries "0";\n',
	);
	const result = install(root, {APT_CONFIG: configuration, SALLYPORT_LIBSRTP_SOURCE: ''});
	assertRefused(t, root, result, /apt offers no source package libsrtp2 2\.5\.0 here \(apt-get update: .*127\.0\.0\.1/);
});

test('a failed attempt leaves the source that was there before', (t) => {
	const root = freshTree(t);
	const source = path.join(root, 'native/libsrtp/source');
	mkdirSync(source);
	writeFileSync(path.join(source, 'kept'), 'kept');
	const {status} = install(root, {SALLYPORT_LIBSRTP_SOURCE: path.join(root, 'absent')});
	t.is(status, 1);
	t.is(readFileSync(path.join(source, 'kept'), 'utf8'), 'kept');
});

test('a folder is copied without its history, and asked for once only', (t) => {
	const root = freshTree(t);
	const folder = path.join(root, 'clone');
	cpSync('native/libsrtp/source', folder, {recursive: true});
	mkdirSync(path.join(folder, '.git'));
	const provide = (environment: Record<string, string>) =>
		spawnSync(
			process.execPath,
			[
				'--input-type=module',
				'--eval',
				`import {provideLibsrtpSource} from ${JSON.stringify(path.join(root, 'native/install/libsrtp-source.mjs'))};
				await provideLibsrtpSource();`,
			],
			{encoding: 'utf8', env: {...process.env, ...environment}},
		);
	t.is(provide({SALLYPORT_LIBSRTP_SOURCE: folder}).stderr, '');
	t.deepEqual(readdirSync(path.join(root, 'native/libsrtp')), ['source']);
	const source = path.join(root, 'native/libsrtp/source');
	t.true(existsSync(path.join(source, 'srtp/srtp.c')));
	t.false(existsSync(path.join(source, '.git')));
	t.is(readFileSync(path.join(source, '.sallyport-origin'), 'utf8'), `${folder}\n`);

	// Nothing is named and there is no apt in reach, but the source is there.
	t.is(provide({SALLYPORT_LIBSRTP_SOURCE: '', PATH: path.join(root, 'empty')}).stderr, '');
});
