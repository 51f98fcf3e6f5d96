import {createRequire} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {SallyportError} from '../../base/error.js';

/**
 * Loads build/Release/sallyport.node from the package's root, or build/Debug where only that was built.
 * `SALLYPORT_ADDON=Asan` in the environment asks for another configuration of native/settings.gypi instead.
 * Each part of the addon declares the shape of what it exports and asks for it with `loadAddon<Part>()`.
 * Throws `SallyportError` ADDON_ABSENT when nothing was built for this Node, ADDON_UNUSABLE when it does not load.
 */
export function loadAddon<Exports extends object>(): Exports {
	loaded ??= loadFirstBuilt();
	return loaded as Exports;
}

let loaded: object | undefined;

function loadFirstBuilt(): object {
	const require = createRequire(import.meta.url);
	for (const configuration of configurations()) {
		const path = fileURLToPath(new URL(`../../../build/${configuration}/sallyport.node`, import.meta.url));
		try {
			return require(path) as object;
		} catch (cause) {
			if (!isModuleNotFound(cause)) {
				throw new SallyportError(
					'ADDON_UNUSABLE',
					`Expected the native addon at ${path} to load in Node ${process.version}; run \`npm rebuild\` (in a clone: \`npm run build:native\`).`,
					{cause},
				);
			}
		}
	}

	throw new SallyportError(
		'ADDON_ABSENT',
		`Expected the native addon build/${configurations()[0]}/sallyport.node; run \`npm rebuild\` (in a clone: \`npm run build:native\`).`,
	);
}

function configurations(): readonly string[] {
	const asked = process.env['SALLYPORT_ADDON'];
	if (asked === undefined) {
		return ['Release', 'Debug'];
	}

	// A word, never a path: the environment may choose among our builds and bring none of its own.
	if (!/^\w+$/.test(asked)) {
		throw new SallyportError('ADDON_ABSENT', 'Expected the name of a build configuration in SALLYPORT_ADDON.');
	}

	return [asked];
}

function isModuleNotFound(cause: unknown): boolean {
	return cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';
}
