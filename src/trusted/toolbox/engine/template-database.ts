import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {SallyportError} from '../../../base/error.js';
import {parseTemplate} from './parse-template.js';
import type {Template} from './template.js';
import type {AnyTool} from './tool.js';

/** The templates that are in force: those that ship with the package, and the operator's. */
export class TemplateDatabase {
	readonly #templates = new Map<string, Template>();
	readonly #tools: ReadonlyMap<string, AnyTool>;

	/** Loads what ships. Throws as `parseTemplate` does. */
	constructor(tools: ReadonlyMap<string, AnyTool>) {
		this.#tools = tools;
		for (const file of readdirSync(shippedFolder).filter((name) => name.endsWith('.yaml'))) {
			this.add(readFileSync(join(shippedFolder, file), 'utf8'), file);
		}
	}

	/** Adds a template; one of the same name must have a higher version, and takes its place for runs that start later. */
	add(yaml: string, source: string): Template {
		const template = parseTemplate(yaml, source, this.#tools);
		const present = this.#templates.get(template.name);
		if (present && present.version >= template.version) {
			throw new SallyportError(
				'TEMPLATE_VERSION',
				`Expected a version above ${present.version} of ${template.name}, got ${template.version} (${source}).`,
			);
		}

		this.#templates.set(template.name, template);
		return template;
	}

	/** The template for a body of this type under this protection; `undefined` as type for no body. */
	find(
		direction: Template['direction'],
		protection: Template['protection'],
		contentType: string | undefined,
	): Template | undefined {
		return this.list().find(
			(template) =>
				template.direction === direction &&
				template.protection === protection &&
				(contentType === undefined ? template.accepts.length === 0 : template.accepts.includes(contentType)),
		);
	}

	list(): readonly Template[] {
		return [...this.#templates.values()];
	}
}

const shippedFolder = fileURLToPath(new URL('../templates/', import.meta.url));
