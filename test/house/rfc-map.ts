import {rfcTitles} from './rfc-titles.js';
import {filesBelow, read} from './source-tree.js';

/** Where one RFC is named: sections by source file. */
export type RfcMentions = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

const sources = [
	...filesBelow('src', ['.ts', '.yaml']),
	...filesBelow('native', ['.h', '.cc', '.c']).filter((file) => !/^native\/(?:libsrtp\/source|test|fuzz)\//.test(file)),
];
const tests = [...filesBelow('test', ['.test.ts']), ...filesBelow('native', ['-test.cc'])];

/** Reads what sources say of RFCs: `RFC 3711 §3.3, §9.2`, `RFC 3550 App. A.1`, `RFC 2045, 2046`. */
export function readMentions(): RfcMentions {
	const mentions = new Map<string, Map<string, Set<string>>>();
	for (const file of sources) {
		const text = read(file).replace(/\s*\n\s*(?:\*(?!\/)|\/\/\/?|#)?\s*/g, ' ');
		for (const [, number = '', others = '', sections = ''] of text.matchAll(mention)) {
			for (const rfc of [number, ...(others.match(/\d{3,5}/g) ?? [])]) {
				const files = mentions.get(rfc) ?? new Map<string, Set<string>>();
				const known = files.get(file) ?? new Set<string>();
				for (const section of rfc === number ? (sections.match(oneSection) ?? []) : []) {
					known.add(section.replace(/[.,]$/, ''));
				}

				mentions.set(rfc, files.set(file, known));
			}
		}
	}

	return mentions;
}

/** Tests of a source file: those that import it or its folder, or else those of the mirrored folder. */
export function testsOf(file: string): readonly string[] {
	const [floor = '', ...rest] = file.split('/');
	const folder = rest.slice(0, -1).join('/');
	if (floor === 'native') {
		return nativeTests(file, folder);
	}

	const targets = [rest.join('/').replace(/\.ts$/, '.js'), `${folder}/index.js`];
	const direct = tests.filter((test) => targets.some((target) => read(test).includes(`'#dist/${target}'`)));
	if (direct.length > 0) {
		return direct;
	}

	return tests.filter((test) => test.startsWith(`test/${folder}/`));
}

function nativeTests(file: string, folder: string): readonly string[] {
	const header = `${folder}/${file.split('/').at(-1)}`.replace(/\.\w+$/, '.h');
	const direct = tests.filter((test) => test.startsWith('native/') && read(test).includes(`"${header}"`));
	const [, faces] = nativeFaces.find(([folders]) => folders.includes(folder)) ?? [];
	return direct.length > 0 ? direct : tests.filter((test) => faces !== undefined && test.startsWith(faces));
}

/** The page docs/rfc-map.md. */
export function writeMap(mentions: RfcMentions): string {
	const rows = [...mentions].sort(([a], [b]) => Number(a) - Number(b));
	return [
		'# From the RFC to the code to the test',
		'',
		'Written by `SALLYPORT_UPDATE_DOCS=1 npx ava build/test/house/rfc-map.test.js` from the comments of `src/` and `native/`;',
		'the same test fails where this page is not what the comments say. No section: the file names the RFC as a whole.',
		...rows.map(([rfc, files]) => section(rfc, files)),
		'',
	].join('\n');
}

function section(rfc: string, files: ReadonlyMap<string, ReadonlySet<string>>): string {
	const rows = [...files].map(([file, sections]) => {
		const [nearest = ''] = testsOf(file).toSorted((a, b) => distance(file, a) - distance(file, b));
		return `| ${[...sections].sort(bySection).join(', ')} | \`${file}\` | ${nearest && `\`${nearest}\``} |`;
	});
	return [
		`\n## RFC ${rfc}: ${rfcTitles[rfc] ?? 'untitled'}`,
		'',
		'| Sections | File | Nearest test |',
		'| --- | --- | --- |',
		...rows,
	].join('\n');
}

/** Folders that part a test from the mirrored place of a source file; its own name is nearest. */
function distance(file: string, test: string): number {
	const folders = (path: string) => path.split('/').slice(1, -1);
	const [of, at] = [folders(file), folders(test)];
	const shared = of.findIndex((folder, index) => folder !== at[index]);
	const isNamesake = test.includes(
		`/${file
			.split('/')
			.at(-1)
			?.replace(/\.\w+$/, '')}`,
	);
	return of.length + at.length - 2 * (shared === -1 ? of.length : shared) - (isNamesake ? 0.5 : 0);
}

function bySection(a: string, b: string): number {
	return a.localeCompare(b, 'en', {numeric: true});
}

const mention =
	/\bRFC (\d{3,5})((?:(?:,| and) \d{4}(?![\d.]))*)((?:(?:,| and)? ?(?:§{1,2}[\dA-Z][\d.]*|App(?:endix|\.) [A-Z][\d.]*))*)/g;
const oneSection = /(?:§{1,2}|App(?:endix|\.) )[\dA-Z][\d.]*/g;
/** Native folders without a stand-alone test of their own, and the tests of their TypeScript face. */
const nativeFaces: readonly (readonly [folders: readonly string[], tests: string])[] = [
	[['cms'], 'test/trusted/certificates/'],
	[['srtp', 'crypto', 'libsrtp', 'libsrtp/include'], 'test/trusted/media/'],
	[['media', 'net', 'binding', 'base'], 'test/trusted/media/'],
];
