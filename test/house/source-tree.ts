import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** The project's folder: ava runs there. */
export const root = process.cwd();

/** Files below `folder` with one of the endings, as paths from the root with forward slashes, sorted. */
export function filesBelow(folder: string, endings: readonly string[]): readonly string[] {
	return readdirSync(path.join(root, folder), {recursive: true, withFileTypes: true})
		.filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
		.map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
		.sort();
}

/** Folders directly below `folder`, by name. */
export function foldersIn(folder: string): readonly string[] {
	return readdirSync(path.join(root, folder), {withFileTypes: true})
		.filter((entry) => entry.isDirectory())
		.map(({name}) => name)
		.sort();
}

export function read(file: string): string {
	return readFileSync(path.join(root, file), 'utf8');
}

export function parse(file: string): ts.SourceFile {
	return ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2023, true);
}

/** Calls `visit` for every node of a file. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
	visit(node);
	ts.forEachChild(node, (child) => walk(child, visit));
}

export type Import = {
	readonly from: string;
	/** What is written, such as `node:net`, or the path from the root of the file that a relative one means. */
	readonly to: string;
	readonly isTypeOnly: boolean;
};

/** Imports and re-exports of a TypeScript file, dynamic ones included. */
export function importsOf(file: string): readonly Import[] {
	const imports: Import[] = [];
	const add = (specifier: ts.Node | undefined, isTypeOnly: boolean) => {
		if (specifier !== undefined && ts.isStringLiteral(specifier)) {
			const isRelative = specifier.text.startsWith('.');
			const target = path.posix.join(path.posix.dirname(file), specifier.text).replace(/\.js$/, '.ts');
			imports.push({from: file, to: isRelative ? target : specifier.text, isTypeOnly});
		}
	};
	walk(parse(file), (node) => {
		if (ts.isImportDeclaration(node)) {
			const clause = node.importClause;
			const names = clause?.namedBindings;
			const areTypes =
				names !== undefined && ts.isNamedImports(names) && names.elements.every((name) => name.isTypeOnly);
			add(node.moduleSpecifier, clause?.isTypeOnly === true || (clause?.name === undefined && areTypes));
		} else if (ts.isExportDeclaration(node)) {
			add(node.moduleSpecifier, node.isTypeOnly);
		} else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
			add(node.arguments[0], false);
		} else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
			add(node.argument.literal, true);
		}
	});
	return imports;
}

/** Quoted includes of a C or C++ file. Ours are written from `native/` on. */
export function includesOf(file: string): readonly string[] {
	return [...read(file).matchAll(/^\s*#\s*include\s*[<"]([^">]+)[">]/gm)].map(([, header = '']) => header);
}
