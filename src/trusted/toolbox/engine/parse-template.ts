import {isMap, isScalar, isSeq, LineCounter, type Node, parseDocument} from 'yaml';
import {z} from 'zod';
import {SallyportError} from '../../../base/error.js';
import type {Template} from './template.js';
import {checkTemplate, type TemplateFault} from './template-rules.js';
import type {AnyTool} from './tool.js';

/**
 * Reads and checks a template. Throws `SallyportError` with the code of the rule that it breaks; the message names file
 * and line. Codes: TEMPLATE_SYNTAX, TEMPLATE_SCHEMA, and those of `checkTemplate`.
 */
export function parseTemplate(yaml: string, source: string, tools: ReadonlyMap<string, AnyTool>): Template {
	if (yaml.length > maxTemplateCharacters) {
		throw fault({code: 'TEMPLATE_SCHEMA', line: 1, expected: `at most ${maxTemplateCharacters} characters`}, source);
	}

	const lines = new LineCounter();
	const document = parseDocument(yaml, {lineCounter: lines, uniqueKeys: true});
	const [error] = document.errors;
	if (error) {
		throw fault({code: 'TEMPLATE_SYNTAX', line: error.linePos?.[0].line ?? 1, expected: error.message}, source);
	}

	const lineOf = (path: readonly (string | number)[]) => {
		const node = nearestNode(document.contents, path);
		return node?.range ? lines.linePos(node.range[0]).line : 1;
	};

	const raw: unknown = document.toJS({maxAliasCount: 0});
	const parsed = templateSchema.safeParse(raw);
	if (!parsed.success) {
		const [issue] = parsed.error.issues;
		const path = (issue?.path ?? []) as (string | number)[];
		throw fault(
			{code: 'TEMPLATE_SCHEMA', line: lineOf(path), expected: `${path.join('.')}: ${issue?.message}`},
			source,
		);
	}

	const {schema: _schema, steps, ...head} = parsed.data;
	const template: Template = {
		...head,
		steps: steps.map((step, index) => {
			const tool = tools.get(step.tool);
			const line = lineOf(['steps', index]);
			if (!tool) {
				const versions = [...tools.keys()].filter((name) => name.startsWith(step.tool.replace(/\d+$/, '')));
				const known = versions.length > 0 ? `one of ${versions.join(', ')}` : 'a tool of the registry';
				throw fault({code: 'TEMPLATE_UNKNOWN_TOOL', line, expected: `${known}, got ${step.tool}`}, source);
			}

			const parameters = tool.parameters.safeParse(step.with);
			if (!parameters.success) {
				throw fault({code: 'TEMPLATE_PARAMETERS', line, expected: `parameters of ${step.tool}`}, source);
			}

			return {step: step.step, tool, in: step.in, with: parameters.data, line};
		}),
		releaseLine: lineOf(['release']),
	};
	const broken = checkTemplate(template);
	if (broken) {
		throw fault(broken, source);
	}

	return template;
}

function fault({code, line, expected}: TemplateFault, source: string): SallyportError {
	return new SallyportError(code, `Expected ${expected} (${source}:${line}).`);
}

function nearestNode(root: unknown, path: readonly (string | number)[]): Node | undefined {
	let node = root;
	for (const name of path) {
		const next = isMap(node) || isSeq(node) ? node.get(name, true) : undefined;
		if (next === undefined) {
			break;
		}

		node = next;
	}

	return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
}

const word = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'a lower-case word');
const portSource = z.string().regex(/^[a-z][a-z0-9-]*(?:\.[a-zA-Z]+)?$/, 'a port');
const templateSchema = z.strictObject({
	schema: z.literal('sallyport-template/1'),
	name: word,
	version: z.int().min(1),
	about: z.enum(['message', 'octets']).default('message'),
	direction: z.enum(['inbound', 'outbound']),
	protection: z.enum(['sealed', 'sdes', 'clear', 'signed', 'none', 'registration', 'packet']),
	accepts: z.array(z.string().regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+(?:;smime-type=[a-z-]+)?$/, 'a content type')).max(16),
	steps: z
		.array(
			z.strictObject({
				step: word,
				tool: z.string().regex(/^[a-z][a-z0-9-]*@\d{1,4}$/, 'name@version'),
				in: z.record(z.string(), portSource).default({}),
				with: z.record(z.string(), z.unknown()).default({}),
			}),
		)
		.min(1)
		.max(64),
	release: z.record(z.string(), portSource),
});
const maxTemplateCharacters = 65_536;
