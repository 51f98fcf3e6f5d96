import ts from 'typescript';
import {filesBelow, parse, read, walk} from './source-tree.js';

/**
 * Codes of failures and errors by the folder (`wire/sip`, `base`) in which the source names them. Those of the addon count
 * for the folder that is its face; those of the toolbox that are reasons have a page of their own.
 */
export function readCodes(): ReadonlyMap<string, ReadonlySet<string>> {
	const reasons = readReasons();
	const codes = new Map<string, Set<string>>();
	for (const file of filesBelow('src', ['.ts'])) {
		const folder = file.split('/').slice(1, -1).slice(0, 2).join('/');
		for (const code of codesOf(parse(file))) {
			if (folder === 'trusted/toolbox' && reasons.has(code)) {
				continue;
			}

			codes.set(folder, (codes.get(folder) ?? new Set()).add(code));
		}
	}

	for (const file of filesBelow('native/binding', ['.h', '.cc'])) {
		const face = file.endsWith('/certificates-binding.cc') ? 'trusted/certificates' : 'trusted/media';
		for (const [, code = ''] of read(file).matchAll(/"([A-Z][A-Z\d_]{3,})"/g)) {
			codes.set(face, (codes.get(face) ?? new Set()).add(code));
		}
	}

	return codes;
}

/** Names of the reasons for which the toolbox refuses messages. */
export function readReasons(): ReadonlySet<string> {
	const names = new Set<string>();
	const file = parse('src/trusted/toolbox/engine/reasons.ts');
	walk(file, (node) => {
		if (ts.isPropertyAssignment(node) && /^[A-Z][A-Z_]+$/.test(node.name.getText(file))) {
			names.add(node.name.getText(file));
		}
	});
	return names;
}

/** A code stands in a type of failures, as `code:`, or first in a call that fails. */
function codesOf(file: ts.SourceFile): ReadonlySet<string> {
	const codes = new Set<string>();
	const add = (node: ts.Node | undefined) => {
		if (node !== undefined && ts.isStringLiteralLike(node) && /^[A-Z][A-Z\d_]+$/.test(node.text)) {
			codes.add(node.text);
		}
	};
	const addLiterals = (type: ts.Node) =>
		walk(type, (node) => {
			if (ts.isLiteralTypeNode(node)) {
				add(node.literal);
			}
		});
	walk(file, (node) => {
		if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
			const callee = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
			if (/^(?:fail|refuse)$|(?:Error|Fault)$/.test(callee.getText(file))) {
				add(node.arguments?.[0]);
			}
		} else if (ts.isPropertyAssignment(node) && node.name.getText(file) === 'code') {
			add(node.initializer);
		} else if (ts.isVariableDeclaration(node) && /Messages$/.test(node.name.getText(file))) {
			walk(node, (part) => {
				if (ts.isPropertyAssignment(part) && /^[A-Z][A-Z\d_]+$/.test(part.name.getText(file))) {
					codes.add(part.name.getText(file));
				}
			});
		} else if (ts.isTypeAliasDeclaration(node) && /(?:Failure|FailureCode)$/.test(node.name.text)) {
			addLiterals(node);
		} else if (ts.isTypeReferenceNode(node) && node.typeName.getText(file) === 'CodedFailure') {
			addLiterals(node);
		}
	});
	return codes;
}

/** Codes that docs/error-codes.md explains: rows below a heading that begins with the folder. */
export function readDocumented(page: string): ReadonlyMap<string, ReadonlySet<string>> {
	const documented = new Map<string, Set<string>>();
	for (const part of page.split(/^## /m).slice(1)) {
		const [, folder = ''] = /^`([\w/-]+)`/.exec(part) ?? [];
		const codes = [...part.matchAll(/^\| `([A-Z][A-Z\d_]+)` \| [^|\n]{4,} \|/gm)].map(([, code = '']) => code);
		documented.set(folder, new Set(codes));
	}

	return documented;
}
