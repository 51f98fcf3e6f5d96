import {existsSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {readMentions, testsOf, writeMap} from './rfc-map.js';
import {rfcTitles} from './rfc-titles.js';
import {read, root} from './source-tree.js';

const page = 'docs/rfc-map.md';
const mentions = readMentions();

const {SALLYPORT_UPDATE_DOCS: updateDocs} = process.env;
if (updateDocs === '1') {
	writeFileSync(path.join(root, page), writeMap(mentions));
}

test('every RFC that a comment names has a title', (t) => {
	t.deepEqual(
		[...mentions.keys()].filter((rfc) => rfcTitles[rfc] === undefined),
		[],
	);
});

test('the map says what the comments say', (t) => {
	t.true(read(page) === writeMap(mentions), `${page} is stale: run this test with SALLYPORT_UPDATE_DOCS=1`);
});

test('every file that the map names is there', (t) => {
	const named = [...read(page).matchAll(/`((?:src|native|test)\/[^`]+)`/g)].map(([, file = '']) => file);
	t.deepEqual(
		named.filter((file) => !existsSync(path.join(root, file))),
		[],
	);
	t.true(named.length > 0);
});

/** Named only to say that it is not done. */
const notDone = ['3263'];

test('every RFC has a test', (t) => {
	const untested = [...mentions].filter(([, files]) => ![...files.keys()].some((file) => testsOf(file).length > 0));
	t.deepEqual(
		untested.map(([rfc]) => rfc).filter((rfc) => !notDone.includes(rfc)),
		[],
	);
});
