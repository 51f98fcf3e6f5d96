// Copies what the compiler leaves behind (templates, sounds) from src/ to dist/, keeping the folders.
import {cpSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const assetEndings = ['.yaml', '.wav', '.html'];

for (const entry of readdirSync(join(root, 'src'), {recursive: true})) {
	if (assetEndings.some((ending) => entry.endsWith(ending))) {
		cpSync(join(root, 'src', entry), join(root, 'dist', entry));
	}
}
