import {existsSync, readFileSync} from 'node:fs';
import {SallyportError} from '../../base/error.js';
import {parseTemplate} from '../../trusted/toolbox/engine/parse-template.js';
import type {Template} from '../../trusted/toolbox/engine/template.js';
import {TemplateDatabase} from '../../trusted/toolbox/engine/template-database.js';
import {toolRegistry} from '../../trusted/toolbox/tools/registry.js';
import {readConfiguration} from '../configuration-file.js';

/** The templates that ship, and those of a configuration. Throws as the loader does. */
export function readTemplates(config: string | undefined): TemplateDatabase {
	const templates = new TemplateDatabase(toolRegistry);
	const texts = config === undefined ? [] : (readConfiguration(config).toolbox.templates ?? []);
	for (const [index, text] of texts.entries()) {
		templates.add(typeof text === 'string' ? text : text.yaml, `templates[${index}]`);
	}

	return templates;
}

/** A template by its name, or of a file. Throws `SallyportError`: TEMPLATE_NAME, or as the loader does. */
export function findTemplate(nameOrFile: string, config: string | undefined): Template {
	const found = readTemplates(config).get(nameOrFile);
	if (found) {
		return found;
	}

	if (!existsSync(nameOrFile)) {
		throw new SallyportError('TEMPLATE_NAME', `Expected the name or the file of a template, got ${nameOrFile}.`);
	}

	return parseTemplate(readFileSync(nameOrFile, 'utf8'), nameOrFile, toolRegistry);
}
