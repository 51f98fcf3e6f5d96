import test from 'ava';
import {readCodes, readDocumented} from './error-codes.js';
import {read} from './source-tree.js';

function pairs(codes: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
	return [...codes].flatMap(([folder, names]) => [...names].map((name) => `${folder} ${name}`)).sort();
}

const used = pairs(readCodes());
const documented = pairs(readDocumented(read('docs/error-codes.md')));

test('every error code is explained in docs/error-codes.md', (t) => {
	t.deepEqual(
		used.filter((pair) => !documented.includes(pair)),
		[],
	);
	t.true(used.length > 0);
});

test('docs/error-codes.md explains no code that nothing uses', (t) => {
	t.deepEqual(
		documented.filter((pair) => !used.includes(pair)),
		[],
	);
});
