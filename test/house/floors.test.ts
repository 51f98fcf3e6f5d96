import path from 'node:path';
import test from 'ava';
import {filesBelow, foldersIn, importsOf, includesOf, read} from './source-tree.js';

/** Imports go down or stay. The list is the one of ARCHITECTURE.md. */
const floors = ['base', 'wire', 'trusted', 'core', 'io', 'gateway', 'control', 'cli'];

/** What each part of the trusted floor may import of the others, besides the types of their protocols. */
const trustedParts: Readonly<Record<string, readonly string[]>> = {
	media: [],
	smime: [],
	certificates: ['media', 'smime'],
	toolbox: ['smime', 'certificates', 'media'],
};

const nativeFloors: Readonly<Record<string, number>> = {
	base: 1,
	launcher: 1,
	crypto: 2,
	srtp: 3,
	cms: 3,
	domains: 4,
	media: 4,
	net: 5,
	traffic: 6,
	binding: 7,
};

const sources = filesBelow('src', ['.ts']);
const imports = sources.flatMap(importsOf);

function floorOf(file: string): number {
	return floors.indexOf(file.split('/')[1] ?? '');
}

test('every folder of src is a floor', (t) => {
	t.deepEqual(
		foldersIn('src').filter((folder) => !floors.includes(folder)),
		[],
	);
	t.deepEqual(
		sources.filter((file) => floorOf(file) < 0),
		['src/index.ts'],
	);
});

test('imports go down only', (t) => {
	const upward = imports.filter(
		({from, to}) => from !== 'src/index.ts' && to.startsWith('src/') && floorOf(to) > floorOf(from),
	);
	t.deepEqual(upward, []);
	t.deepEqual(
		imports.filter(({from, to}) => from !== 'src/index.ts' && to === 'src/index.ts'),
		[],
	);
});

test('parts of the trusted floor know of each other only what they must', (t) => {
	t.deepEqual(
		foldersIn('src/trusted').filter((part) => trustedParts[part] === undefined),
		[],
	);
	const breaches = imports.filter(({from, to, isTypeOnly}) => {
		const [, floor, part = ''] = from.split('/');
		const [, toFloor, toPart = ''] = to.split('/');
		const isInside = floor === 'trusted' && toFloor === 'trusted' && part !== toPart && from !== 'src/trusted/index.ts';
		return isInside && !(isTypeOnly && to.endsWith('/protocol.ts')) && !trustedParts[part]?.includes(toPart);
	});
	t.deepEqual(breaches, []);
});

test('the core sees of the trusted floor only the types of its protocols', (t) => {
	const breaches = imports.filter(
		({from, to, isTypeOnly}) =>
			from.startsWith('src/core/') && to.startsWith('src/trusted/') && !(isTypeOnly && to.endsWith('/protocol.ts')),
	);
	t.deepEqual(breaches, []);
});

test('wire and core have no sockets, files, threads, clocks or timers', (t) => {
	const outside = /^node:(?:dgram|tls|https?|http2|fs|fs\/promises|child_process|worker_threads|cluster|timers|dns)$/;
	const pure = (file: string) => /^src\/(?:base|wire|core)\//.test(file);
	t.deepEqual(
		imports.filter(({from, to}) => pure(from) && outside.test(to)),
		[],
	);
	const clocks =
		/\b(?:Date\.now\(|new Date\(\)|performance\.now\(|setTimeout\(|setInterval\(|setImmediate\(|Math\.random\()/;
	const timed = sources.filter((file) => pure(file) && file !== 'src/base/clock.ts' && clocks.test(read(file)));
	t.deepEqual(timed, []);
});

test('only declared packages are imported', (t) => {
	const declared = JSON.parse(read('package.json')) as Record<'dependencies' | 'peerDependencies', object>;
	const dependencies = {...declared.dependencies, ...declared.peerDependencies};
	const packages = imports.filter(({to}) => !to.startsWith('src/') && !to.startsWith('node:'));
	const nameOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
	t.deepEqual(
		packages.filter(({to}) => !Object.hasOwn(dependencies, nameOf(to))),
		[],
	);
});

test('includes of native code go down only, and only the binding knows Node', (t) => {
	const files = filesBelow('native', ['.h', '.cc', '.cpp', '.c']).filter(
		(file) => !/^native\/(?:libsrtp|test|fuzz)\//.test(file),
	);
	const breaches: string[] = [];
	for (const file of files) {
		const [, folder = ''] = file.split('/');
		const isAddon = file === 'native/addon.cc';
		const floor = isAddon ? 8 : nativeFloors[folder];
		if (floor === undefined) {
			breaches.push(`${file} is on no floor`);
			continue;
		}

		for (const include of includesOf(file)) {
			const target = nativeFloors[include.split('/')[0] ?? ''];
			const isOurs = target !== undefined && include.includes('/');
			const isSideways = target === floor && include.split('/')[0] !== folder;
			if ((isOurs && (target > floor || isSideways)) || include.startsWith('..')) {
				breaches.push(`${file} includes ${include}`);
			}

			if (/^(?:napi|node_api|js_native_api|node|uv|v8)\.h$/.test(include) && !isAddon && folder !== 'binding') {
				breaches.push(`${file} includes ${include}`);
			}
		}
	}

	t.deepEqual(breaches, []);
	t.true(files.length > 0);
});

test('every floor says first what it is for', (t) => {
	const parts = [
		...foldersIn('src').map((floor) => `src/${floor}`),
		...foldersIn('src/trusted').map((part) => `src/trusted/${part}`),
	];
	const silent = parts.filter((folder) => {
		const main = ['index.ts', 'main.ts', `${path.basename(folder)}.ts`].find((name) =>
			sources.includes(`${folder}/${name}`),
		);
		return main === undefined || !/^(?:#!.*\n)?(?:\/\*\*|\/\/)/.test(read(`${folder}/${main}`));
	});
	t.deepEqual(silent, []);
});

test('nothing in src writes to the console', (t) => {
	t.deepEqual(
		sources.filter((file) => /\bconsole\s*\./.test(read(file))),
		[],
	);
});
