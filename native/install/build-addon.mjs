// Compiles the addon with node-gyp, unless what it would compile was compiled already.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {availableParallelism} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {InstallFailure} from './failure.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);
/** Folders of native/ of which nothing goes into the addon. */
const checks = ['test', 'fuzz'];

/** Leaves build/Release/sallyport.node (build/Debug with `debug`). Throws {@link InstallFailure}. */
export function buildAddon({rebuild = false, debug = false} = {}) {
	const stamp = join(root, 'build', debug ? 'Debug' : 'Release', 'built-from');
	const inputs = fingerprintOfInputs();
	if (!rebuild && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) {
		return;
	}

	rmSync(stamp, {force: true});
	runNodeGyp(['configure', 'build'], [debug ? '--debug' : '--release', '--jobs', 'max', '--directory', root]);
	writeFileSync(stamp, inputs);
}

/**
 * Builds one target of binding.gyp, the checks' programs too, in one configuration of native/settings.gypi and returns
 * the folder that holds it. Throws {@link InstallFailure}.
 */
export function buildTarget(target, configuration, environment = {}) {
	runNodeGyp(['configure'], ['--directory', root, '--loglevel', 'warn'], {...environment, GYP_DEFINES: 'checks=yes'});
	const build = join(root, 'build');
	const jobs = `--jobs=${availableParallelism()}`;
	run('make', ['--directory', build, `BUILDTYPE=${configuration}`, jobs, target], environment);
	return join(build, configuration);
}

/** node-gyp with the headers of this Node. `output` is what becomes of its words: `inherit` or `ignore`. */
export function runNodeGyp(commands, flags, environment = {}, output = 'inherit') {
	const nodeGyp = join(dirname(require.resolve('node-gyp/package.json')), 'bin', 'node-gyp.js');
	run(process.execPath, [nodeGyp, ...commands, ...headersOfThisNode(), ...flags], environment, output);
}

function run(program, argv, environment, output = 'inherit') {
	const outcome = spawnSync(program, argv, {
		cwd: root,
		stdio: ['ignore', output, 'inherit'],
		// gyp files call `node`: let it be this one.
		env: {...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`, ...environment},
	});
	if (outcome.status !== 0) {
		throw new InstallFailure('node-gyp could not compile the addon; it needs build-essential and python3.');
	}
}

/** Headers from this Node's own prefix, where they are there; else node-gyp gets them as it always does. */
function headersOfThisNode() {
	const prefix = dirname(dirname(realpathSync(process.execPath)));
	const isComplete = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
	return isComplete && process.env.npm_config_nodedir === undefined ? [`--nodedir=${prefix}`] : [];
}

/** Changes with every file and every version that goes into the addon. */
function fingerprintOfInputs() {
	const hash = createHash('sha256').update(JSON.stringify([process.versions, process.arch, process.env.CXXFLAGS]));
	const files = readdirSync(join(root, 'native'), {recursive: true, withFileTypes: true})
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.filter((path) => !checks.some((folder) => path.startsWith(join(root, 'native', folder))))
		.sort();
	for (const path of [join(root, 'binding.gyp'), ...files]) {
		hash.update(`${path}\0`).update(createHash('sha256').update(readFileSync(path)).digest());
	}

	return hash.digest('hex');
}
