// Prints the C++ source files below the named folders of native/, one a line, for binding.gyp. A folder may be absent.
import {existsSync, readdirSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';

const native = join(dirname(fileURLToPath(import.meta.url)), '..');

for (const folder of process.argv.slice(2)) {
	const path = join(native, folder);
	const names = existsSync(path) ? readdirSync(path, {recursive: true}) : [];
	for (const name of names.filter((name) => name.endsWith('.cc')).sort()) {
		console.log(relative(process.cwd(), join(path, name)));
	}
}
