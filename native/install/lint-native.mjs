// Checks the format of all our C and C++ with clang-format; `--write` puts it right.
import {spawnSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folders = ['native', join('bench', 'native')];
const notOurs = [
	join('native', 'libsrtp', 'source'),
	join('native', 'test', 'build'),
	join('bench', 'native', 'build'),
];

const files = folders
	.flatMap((folder) => readdirSync(join(root, folder), {recursive: true}).map((name) => join(folder, name)))
	.filter((name) => /\.(cc|h|c)$/.test(name) && !notOurs.some((folder) => name.startsWith(`${folder}/`)))
	.map((name) => relative(process.cwd(), join(root, name)));
const program = ['clang-format', 'clang-format-14'].find((name) => spawnSync(name, ['--version']).status === 0);

if (program === undefined) {
	console.log('lint-native: SKIPPED, clang-format is absent; on Debian: apt-get install clang-format');
} else {
	const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];
	process.exitCode = spawnSync(program, [...mode, ...files], {stdio: 'inherit'}).status ?? 1;
}
