import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {SallyportError} from '../../../base/error.js';
import {parseTemplate} from './parse-template.js';
import type {Template} from './template.js';
import type {AnyTool} from './tool.js';

/** The templates that are in force: those that ship with the package, and the operator's. */
export class TemplateDatabase {
	readonly #templates = new Map<string, {readonly template: Template; readonly yaml: string}>();
	readonly #tools: ReadonlyMap<string, AnyTool>;

	/** Loads what ships. Throws as `parseTemplate` does. */
	constructor(tools: ReadonlyMap<string, AnyTool>) {
		this.#tools = tools;
		for (const file of readdirSync(shippedFolder).filter((name) => name.endsWith('.yaml'))) {
			this.add(readFileSync(join(shippedFolder, file), 'utf8'), file);
		}
	}

	/** Reads and checks a template as `add` does, and changes nothing. */
	check(yaml: string, source: string): Template {
		const template = parseTemplate(yaml, source, this.#tools);
		const present = this.#templates.get(template.name)?.template;
		if (present && present.version >= template.version) {
			throw new SallyportError(
				'TEMPLATE_VERSION',
				`Expected a version above ${present.version} of ${template.name}, got ${template.version} (${source}).`,
			);
		}

		return template;
	}

	/**
	 * Adds a template; one of the same name must have a higher version, and takes its place for runs that start later. Runs that
	 * have begun finish on what they began with. Throws as `parseTemplate` does, or TEMPLATE_VERSION; nothing is then changed.
	 */
	add(yaml: string, source: string): Template {
		const template = this.check(yaml, source);
		this.#templates.set(template.name, {template, yaml});
		return template;
	}

	/** True when exactly this text is in force. */
	isInForce(yaml: string): boolean {
		return [...this.#templates.values()].some((present) => present.yaml === yaml);
	}

	get(name: string): Template | undefined {
		return this.#templates.get(name)?.template;
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
		return [...this.#templates.values()].map(({template}) => template);
	}
}

const shippedFolder = fileURLToPath(new URL('../templates/', import.meta.url));
