// Puts the source of libsrtp 2.5.0 into native/libsrtp/source: whole, or not at all.
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {downloadUpstreamTarball} from './apt-source.mjs';
import {InstallFailure, remedy} from './failure.mjs';

const tarballSha256 = '8a43ef8e9ae2b665292591af62aa1a4ae41e468b6d98d8258f91478735da4e09';
const libsrtp = join(dirname(fileURLToPath(import.meta.url)), '..', 'libsrtp');
const destination = join(libsrtp, 'source');
/** Says where the source came from; written last, so that a folder without it is not trusted. */
const origin = join(destination, '.sallyport-origin');

/** Leaves a complete source tree in native/libsrtp/source or throws {@link InstallFailure} and leaves what was there. */
export async function provideLibsrtpSource(environment = process.env) {
	const named = environment.SALLYPORT_LIBSRTP_SOURCE;
	if (!named && isComplete()) {
		return;
	}

	const staging = mkdtempSync(join(libsrtp, '.staging-'));
	try {
		const tree = join(staging, 'tree');
		if (!named) {
			unpack(downloadUpstreamTarball(staging), tree);
		} else if (kindOf(named) === 'folder') {
			cpSync(resolve(named), tree, {recursive: true, filter: (path) => basename(path) !== '.git'});
		} else {
			unpack(resolve(named), tree);
		}

		if (!isVersion(tree, '2.5.0')) {
			throw new InstallFailure(`${named} holds no libsrtp 2.5.0 source; ${remedy}.`);
		}

		writeFileSync(
			join(tree, '.sallyport-origin'),
			`${named || `apt source package libsrtp2, sha256 ${tarballSha256}`}\n`,
		);
		rmSync(destination, {recursive: true, force: true});
		renameSync(tree, destination);
	} finally {
		rmSync(staging, {recursive: true, force: true});
	}
}

function isComplete() {
	return existsSync(origin);
}

/** Our additions fit this version only. */
function isVersion(tree, version) {
	const [source, configuration] = ['srtp/srtp.c', 'configure.ac'].map((name) => join(tree, name));
	return (
		existsSync(source) && existsSync(configuration) && readFileSync(configuration, 'utf8').includes(`[${version}]`)
	);
}

function kindOf(named) {
	const status = statSync(resolve(named), {throwIfNoEntry: false});
	if (status?.isDirectory()) {
		return 'folder';
	}

	if (status?.isFile()) {
		return 'tarball';
	}

	throw new InstallFailure(`SALLYPORT_LIBSRTP_SOURCE names ${named}, which is neither a folder nor a file; ${remedy}.`);
}

function unpack(tarball, tree) {
	const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
	if (sha256 !== tarballSha256) {
		throw new InstallFailure(`${tarball} has SHA-256 ${sha256}, not ${tarballSha256}; ${remedy}.`);
	}

	mkdirSync(tree);
	try {
		execFileSync('tar', ['-xzf', tarball, '-C', tree, '--strip-components=1'], {stdio: ['ignore', 'ignore', 'pipe']});
	} catch (cause) {
		throw new InstallFailure(`tar could not unpack ${tarball} (${lastLine(cause.stderr) || cause.code}); ${remedy}.`);
	}
}

function lastLine(output) {
	return String(output ?? '')
		.trim()
		.split('\n')
		.at(-1);
}
