import type {Dirent} from 'node:fs';
import {readdir, readFile, stat} from 'node:fs/promises';
import {basename, dirname, join, relative} from 'node:path';
import {SallyportError} from '../../base/error.js';
import {vectorFormats} from './families.js';
import type {CaseOutcome, VectorContent} from './format.js';
import {type ConformanceReport, type ReportedOutcome, summarize} from './report.js';

/**
 * Tries every vector that `path` (a folder, searched to four levels, or one file) holds in a format that we know, through the
 * public API. Rejects with `VECTORS_UNREADABLE` when `path` cannot be read.
 */
export async function runConformance(
	path: string,
	options: {
		/** Only these families. @default all */
		readonly families?: readonly string[];
	} = {},
): Promise<ConformanceReport> {
	const files = await findJsonFiles(path);
	const outcomes: ReportedOutcome[] = [];
	for (const file of files) {
		const name = relative(path, file) || basename(file);
		for await (const outcome of tryFile(file, name, options.families)) {
			if (!options.families || options.families.includes(outcome.family)) {
				outcomes.push(outcome);
			}
		}
	}

	return summarize(path, outcomes);
}

async function* tryFile(
	path: string,
	file: string,
	families: readonly string[] | undefined,
): AsyncGenerator<ReportedOutcome> {
	const {content, outcome} = await readVectors(path);
	// A file that no format claims is counted under the first folder of its name, where families lie.
	const [folderName = ''] = file.includes('/') ? file.split('/') : [basename(dirname(path))];
	if (outcome) {
		yield {family: folderName, file, ...outcome};
	}

	if (!content) {
		return;
	}

	const format = vectorFormats.find(({schema}) => schema === content.schema);
	if (!format) {
		const reason = `the format ${content.schema} is not among those that this version tries`;
		yield {family: folderName, file, id: '*', verdict: 'skipped', reason};
		return;
	}

	if (families && !families.includes(format.family)) {
		return;
	}

	for await (const tried of format.check({content, folder: dirname(path)})) {
		yield {family: format.family, file, ...tried};
	}
}

/** The content of a vector file; an outcome instead when it is broken; nothing when it is some other JSON. */
async function readVectors(path: string): Promise<{readonly content?: VectorContent; readonly outcome?: CaseOutcome}> {
	const broken = (difference: string) => ({outcome: {id: '*', verdict: 'failed' as const, difference}});
	if ((await stat(path)).size > maxFileOctets) {
		return broken(`Expected at most ${maxFileOctets} octets, got more.`);
	}

	let content: unknown;
	try {
		// A field that is null is as good as absent: the reviver takes it away.
		content = JSON.parse(await readFile(path, 'utf8'), (_, value: unknown) => value ?? undefined);
	} catch (error) {
		return broken(`Expected JSON, got something else: ${error}`);
	}

	return isVectorContent(content) ? {content} : {};
}

async function findJsonFiles(path: string): Promise<readonly string[]> {
	try {
		if ((await stat(path)).isFile()) {
			return [path];
		}

		return await searchFolder(path, maxDepth);
	} catch (error) {
		throw new SallyportError('VECTORS_UNREADABLE', `Expected a folder of vectors at ${path}, got none.`, {
			cause: error,
		});
	}
}

async function searchFolder(folder: string, depth: number): Promise<readonly string[]> {
	const entries = await readdir(folder, {withFileTypes: true});
	const found = entries.toSorted(byName).map(async (entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory() && depth > 0) {
			return searchFolder(path, depth - 1);
		}

		return entry.isFile() && entry.name.endsWith('.json') ? [path] : [];
	});
	return (await Promise.all(found)).flat();
}

function byName(a: Dirent, b: Dirent): number {
	return a.name < b.name ? -1 : 1;
}

function isVectorContent(value: unknown): value is VectorContent {
	return typeof value === 'object' && value !== null && 'schema' in value && typeof value.schema === 'string';
}

const maxDepth = 4;
const maxFileOctets = 64 * 1024 * 1024;
