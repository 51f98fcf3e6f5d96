import test from 'ava';
import {filesBelow, read} from './source-tree.js';

/** Written in capitals by their own standard: methods of SIP, types of ASN.1, chunks of files, names. */
const words = new Set(
	(
		'INVITE CANCEL OPTIONS REGISTER MESSAGE UPDATE PRACK REFER NOTIFY SUBSCRIBE INFO PUBLISH ' +
		'INTEGER OCTET STRING BIT SEQUENCE SET OF OBJECT IDENTIFIER NULL BOOLEAN EXPLICIT IMPLICIT OPTIONAL DEFAULT ' +
		'WAVE APP BEGIN END NOT MUST DESIGN PROTOCOL SP HTAB WS WSH SEC CC GET POST IEEE BSD SPA DIV NOLINT SIGHUP SIGINT SIGTERM SIGKILL'
	).split(' '),
);

const files = [...filesBelow('src', ['.ts']), ...filesBelow('native', ['.h', '.cc'])].filter(
	(file) => !file.startsWith('native/libsrtp/'),
);

test('every abbreviation in a comment is in the glossary', (t) => {
	const known = new Set(
		[...read('docs/glossary.md').matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names = '']) => names.split(/[ ,]+/)),
	);
	const unknown = files.flatMap((file) =>
		[...read(file).matchAll(comment)].flatMap(([text]) =>
			[...text.replace(/`[^`]*`/g, '').matchAll(abbreviation)]
				.map(([name]) => name.replace(/s$/, ''))
				.filter((name) => !known.has(name) && !words.has(name))
				.map((name) => `${name} in ${file}`),
		),
	);
	t.deepEqual([...new Set(unknown)], []);
});

test('the glossary is in the order of the alphabet', (t) => {
	const names = [...read('docs/glossary.md').matchAll(/^\| ([A-Z][^|]*) \|/gm)].map(([, name = '']) => name).slice(1);
	t.deepEqual(
		names,
		names.toSorted((a, b) => a.replace('/', '').localeCompare(b.replace('/', ''), 'en')),
	);
});

const comment = /\/\*[\s\S]*?\*\/|(?<![:'"])\/\/.*$/gm;
/** Two or more capitals, standing alone; a digit in it marks a code or a number rather than a word. */
const abbreviation = /(?<![\w.§/-])[A-Z]{2,6}s?(?![\w-])/g;
