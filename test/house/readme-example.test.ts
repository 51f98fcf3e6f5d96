import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';

test('the example of the README prints what its comments say', async (t) => {
	const readme = await readFile('README.md', 'utf8');
	const [, example = ''] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
	const program = example.replace("'sallyport'", `'${new URL('../../../dist/index.js', import.meta.url).href}'`);
	const {stdout} = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
	t.deepEqual(stdout.trim().split('\n'), ['true', 'REPLAYED']);
});
