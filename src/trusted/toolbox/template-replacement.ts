import {createHash} from 'node:crypto';
import {SallyportError} from '../../base/error.js';
import type {Template} from './engine/template.js';
import type {TemplateSigners, TemplateText} from './engine/template-signers.js';
import type {ToolboxState} from './toolbox-state.js';

/** What came of a reload: templates that took another one's place or are new, and those that were refused. */
export type TemplateReload = {
	/** `name@version` */
	readonly replaced: readonly string[];
	readonly refused: readonly {readonly source: string; readonly code: string; readonly message: string}[];
};

/** Where the operator's templates are kept over restarts. */
export type TemplateStore = {
	readonly put: (name: string, text: TemplateText) => Promise<unknown>;
	readonly remove: (name: string) => Promise<unknown>;
	readonly getRange: () => Iterable<{readonly key: string; readonly value: TemplateText}>;
};

export type TemplateReplacement = {
	readonly state: ToolboxState;
	/** Undefined where policy demands no signature. */
	readonly signers: TemplateSigners | undefined;
	readonly store: TemplateStore;
};

/**
 * Puts a template in force for runs that start from now on. It must have a higher version than the one of its name, and the signature
 * that policy demands. Rejects with `SallyportError` as the loader and `TemplateSigners` do; the old one then stays in force.
 */
export async function replaceTemplate(
	{state, signers, store}: TemplateReplacement,
	text: TemplateText,
	source: string,
): Promise<Template> {
	const {templates, services, audit, time} = state;
	try {
		const checked = templates.check(text.yaml, source);
		await signers?.demandSignature(text, source, services.cms, time.nowMs());
		await store.put(checked.name, text);
		const before = templates.get(checked.name)?.version ?? 0;
		const template = templates.add(text.yaml, source);
		const sha256 = createHash('sha256').update(text.yaml).digest('hex');
		const name = `${template.name}@${template.version}`;
		audit.append(time.nowMs(), 'template-in-force', {template: name, before, sha256, isSigned: signers !== undefined});
		return template;
	} catch (error) {
		const code = error instanceof SallyportError ? error.code : 'INTERNAL';
		audit.append(time.nowMs(), 'template-refused', {source, code});
		throw error;
	}
}

/**
 * Puts the templates of the options in force, and of those that came at run time the ones that are newer still. Rejects as
 * `replaceTemplate` does: a toolbox does not start with fewer templates than it was given.
 */
export async function loadTemplates(
	replacement: TemplateReplacement,
	texts: readonly TemplateText[],
	store: TemplateStore,
): Promise<void> {
	const stored = [...store.getRange()];
	for (const [index, text] of texts.entries()) {
		await replaceTemplate({...replacement, store: withoutMemory}, text, `templates[${index}]`);
	}

	for (const {key, value} of stored) {
		try {
			await replaceTemplate({...replacement, store: withoutMemory}, value, `stored template ${key}`);
		} catch (error) {
			if (!(error instanceof SallyportError) || error.code !== 'TEMPLATE_VERSION') {
				throw error;
			}

			// The options, or the package, have overtaken it.
			await store.remove(key);
		}
	}
}

/** Takes every text that is not in force already. One that is refused does not keep the others from theirs. Never rejects. */
export async function reloadTemplates(
	replacement: TemplateReplacement,
	texts: readonly TemplateText[],
): Promise<TemplateReload> {
	const replaced: string[] = [];
	const refused: {source: string; code: string; message: string}[] = [];
	for (const [index, text] of texts.entries()) {
		if (replacement.state.templates.isInForce(text.yaml)) {
			continue;
		}

		const source = `templates[${index}]`;
		try {
			const {name, version} = await replaceTemplate(replacement, text, source);
			replaced.push(`${name}@${version}`);
		} catch (error) {
			const code = error instanceof SallyportError ? error.code : 'INTERNAL';
			const message = error instanceof SallyportError ? error.message : 'Expected no fault, met one.';
			refused.push({source, code, message});
		}
	}

	return {replaced, refused};
}

/** For templates that come again at the next start. */
const withoutMemory: TemplateStore = {put: async () => {}, remove: async () => {}, getRange: () => []};
