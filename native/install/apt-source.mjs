// Downloads libsrtp's upstream tarball as the machine's own apt would: same mirrors, keys, proxies and preferences, but
// with lists and cache of our own, so that neither root nor a deb-src line is needed and the system stays as it is.
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {deriveSourceEntries} from './apt-entries.mjs';
import {InstallFailure, remedy} from './failure.mjs';

const sourcePackage = 'libsrtp2';
const upstreamVersion = '2.5.0';
const tarballName = `${sourcePackage}_${upstreamVersion}.orig.tar.gz`;

/** Puts the tarball into `folder` and returns its path. Throws {@link InstallFailure}. */
export function downloadUpstreamTarball(folder) {
	const state = mkdtempSync(join(tmpdir(), 'sallyport-apt-'));
	try {
		const flags = privateFlags(state);
		const complaint = complaintOfUpdate(flags);
		const version = offeredVersions(flags).find((version) =>
			version.replace(/^\d+:/, '').startsWith(`${upstreamVersion}-`),
		);
		if (version === undefined) {
			const why = complaint === '' ? '' : ` (apt-get update: ${complaint})`;
			throw new InstallFailure(
				`apt offers no source package ${sourcePackage} ${upstreamVersion} here${why}; ${remedy}.`,
			);
		}

		run('apt-get', [...flags, 'source', '--download-only', '--tar-only', `${sourcePackage}=${version}`], {cwd: folder});
	} finally {
		rmSync(state, {recursive: true, force: true});
	}

	const tarball = join(folder, tarballName);
	if (!existsSync(tarball)) {
		throw new InstallFailure(`apt could not download ${tarballName}; ${remedy}.`);
	}

	return tarball;
}

/** Flags that make an apt program keep lists, cache and source entries in `state`. */
function privateFlags(state) {
	const lists = join(state, 'lists');
	const cache = join(state, 'cache');
	const parts = join(state, 'sources.list.d');
	for (const folder of [join(lists, 'partial'), join(cache, 'archives', 'partial'), parts]) {
		mkdirSync(folder, {recursive: true});
	}

	writeFileSync(join(state, 'sources.list'), '');
	for (const [name, text] of deriveSourceEntries(machineSourceFiles())) {
		writeFileSync(join(parts, name), text);
	}

	const options = {
		'Dir::State': state,
		'Dir::State::Lists': lists,
		'Dir::Cache': cache,
		'Dir::Etc::SourceList': join(state, 'sources.list'),
		'Dir::Etc::SourceParts': parts,
		// The user _apt, whom apt running as root downloads as, may not enter our folders.
		...(process.getuid() === 0 ? {'APT::Sandbox::User': 'root'} : {}),
	};
	return ['-q', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** None where the lists could not be fetched. */
function offeredVersions(flags) {
	const {stdout: records} = start('apt-cache', [...flags, 'showsrc', '--only-source', sourcePackage]);
	return [...records.matchAll(/^Version: (\S+)$/gm)].map(([, version]) => version);
}

/** Name and text of the machine's source lists, found where its configuration says. */
function machineSourceFiles() {
	const found = run('apt-config', ['shell', 'LIST', 'Dir::Etc::sourcelist/f', 'PARTS', 'Dir::Etc::sourceparts/d']);
	const {LIST: list, PARTS: parts} = Object.fromEntries(
		[...found.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
	);
	const files = existsSync(parts) ? readdirSync(parts).map((name) => [name, join(parts, name)]) : [];
	return [['sources.list', list], ...files]
		.filter(([name, path]) => /\.(list|sources)$/.test(name) && existsSync(path))
		.map(([name, path]) => [name, readFileSync(path, 'utf8')]);
}

/** What a program wrote to standard output. Throws {@link InstallFailure} when it is absent or failed. */
function run(program, argv, settings) {
	const {error, status, stdout, stderr} = start(program, argv, settings);
	if (error !== undefined || status !== 0) {
		const said = firstComplaint(stderr) || error?.message || `exit code ${status}`;
		throw new InstallFailure(`${program} could not provide the source of libsrtp (${said}); ${remedy}.`);
	}

	return stdout;
}

/** Runs apt-get update and returns what it complained of. One mirror that fails is no failure: another may do. */
function complaintOfUpdate(flags) {
	return firstComplaint(start('apt-get', [...flags, 'update']).stderr);
}

function start(program, argv, settings) {
	const outcome = spawnSync(program, argv, {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, LC_ALL: 'C.UTF-8'},
		...settings,
	});
	if (outcome.error?.code === 'ENOENT') {
		throw new InstallFailure(`${program} is not on this machine; ${remedy}.`);
	}

	return outcome;
}

function firstComplaint(stderr) {
	return String(stderr ?? '').match(/^[EW]: (.*)$/m)?.[1] ?? '';
}
