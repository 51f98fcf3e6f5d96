import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import ts from 'typescript';
import {read, root} from './source-tree.js';

const list = 'test/house/public-exports.json';

/** Names that `import … from 'sallyport'` offers, types included. */
function publicNames(): readonly string[] {
	const entry = path.join(root, 'dist/index.d.ts');
	const program = ts.createProgram([entry], {
		module: ts.ModuleKind.NodeNext,
		moduleResolution: ts.ModuleResolutionKind.NodeNext,
		target: ts.ScriptTarget.ES2023,
		types: ['node'],
	});
	const checker = program.getTypeChecker();
	const source = program.getSourceFile(entry);
	const module = source && checker.getSymbolAtLocation(source);
	return (module ? checker.getExportsOfModule(module) : []).map(({name}) => name).sort();
}

const {SALLYPORT_UPDATE_DOCS: updateDocs} = process.env;
if (updateDocs === '1') {
	writeFileSync(path.join(root, list), `${JSON.stringify(publicNames(), undefined, '\t')}\n`);
}

test('the public names are the ones that were agreed on', (t) => {
	t.deepEqual(publicNames(), JSON.parse(read(list)) as string[]);
});

test('every public value is there at run time', async (t) => {
	const names = new Set(publicNames());
	const module = (await import('#dist/index.js')) as Record<string, unknown>;
	t.deepEqual(
		Object.keys(module).filter((name) => !names.has(name)),
		[],
	);
});
