import path from 'node:path';
import test from 'ava';
import {filesBelow, read} from './source-tree.js';

const files = [...filesBelow('src', ['']), ...filesBelow('native', ['.h', '.cc', '.mjs'])].filter(
	(file) => !/^native\/libsrtp\/source\/|\/build\//.test(file),
);

test('files are named in kebab-case, after what they hold', (t) => {
	t.deepEqual(
		files.filter((file) => !/^[a-z\d]+(?:-[a-z\d]+)*(?:\.[a-z\d]+)+$/.test(path.basename(file))),
		[],
	);
	t.deepEqual(
		files.filter((file) => /(?:^|[/.-])(?:utils?|helpers?|common|managers?|misc)(?:[/.-]|$)/.test(file)),
		[],
	);
});

test('no file says that something is still to do', (t) => {
	t.deepEqual(
		files.filter((file) => /\b(?:TODO|FIXME|XXX|HACK)\b/.test(read(file))),
		[],
	);
});
