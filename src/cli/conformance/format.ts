import {readFile} from 'node:fs/promises';
import {join, normalize} from 'node:path';
import {z} from 'zod';
import {equalBytes, fromHex, toHex} from '../../base/bytes.js';
import {SallyportError} from '../../base/error.js';

/** What came of one case. A difference is one sentence: what the case expects and what we did. */
export type Verdict =
	| {readonly verdict: 'passed'}
	| {readonly verdict: 'failed'; readonly difference: string}
	| {readonly verdict: 'skipped'; readonly reason: string};

/** A verdict and the case that it is about. */
export type CaseOutcome = Verdict & {readonly id: string};

/** What a vector file holds, as it was read: nothing is checked but the name of its format. */
export type VectorContent = {readonly schema: string; readonly cases?: unknown};

export type VectorDocument = {
	readonly content: VectorContent;
	/** Where files that it names are. */
	readonly folder: string;
};

/** A format of vector files: knows how to read its cases and how to try each through the public API. */
export type VectorFormat = {
	/** The family that it belongs to. */
	readonly family: string;
	/** What the file's `schema` says, with its version: `srtp-packet/1`. */
	readonly schema: string;
	check(document: VectorDocument): AsyncGenerator<CaseOutcome>;
};

/** Makes a format of a schema for its cases and a function that tries one. A case that does not fit the schema fails. */
export function defineFormat<Case>(options: {
	readonly family: string;
	readonly schema: string;
	readonly caseSchema: z.ZodType<Case>;
	/** @default the array `cases` */
	readonly casesOf?: (content: VectorContent) => readonly unknown[];
	/** @default the field `id`, or the place in the list */
	readonly idOf?: (vector: Case) => string | undefined;
	readonly tryCase: (vector: Case, folder: string) => Verdict | Promise<Verdict>;
}): VectorFormat {
	const {family, schema, caseSchema, casesOf = readCases, idOf, tryCase} = options;
	return {
		family,
		schema,
		async *check({content, folder}) {
			for (const [index, value] of casesOf(content).entries()) {
				const read = caseSchema.safeParse(value);
				if (!read.success) {
					const difference = `Expected a case of ${schema}, got one that breaks its schema: ${describe(read.error)}.`;
					yield {id: idField(value) ?? `#${index}`, verdict: 'failed', difference};
					continue;
				}

				const id = idOf?.(read.data) ?? idField(value) ?? `#${index}`;
				try {
					yield {id, ...(await tryCase(read.data, folder))};
				} catch (error) {
					yield {id, verdict: 'failed', difference: explain(error)};
				}
			}
		},
	};
}

export const passed: Verdict = {verdict: 'passed'};

export function skipped(reason: string): Verdict {
	return {verdict: 'skipped', reason};
}

export function failed(difference: string): Verdict {
	return {verdict: 'failed', difference};
}

/** The first verdict that is not `passed`, or `passed`. */
export function allOf(...verdicts: readonly Verdict[]): Verdict {
	return verdicts.find(({verdict}) => verdict !== 'passed') ?? passed;
}

/** Compares octets. */
export function expectBytes(what: string, actual: Uint8Array, expected: Uint8Array): Verdict {
	return equalBytes(actual, expected) ? passed : failed(`Expected ${what} ${toHex(expected)}, got ${toHex(actual)}.`);
}

/** Compares a plain value; an absent expectation passes. */
export function expectValue<Value extends string | number | boolean>(
	what: string,
	actual: Value | undefined,
	expected: Value | undefined,
): Verdict {
	return expected === undefined || actual === expected
		? passed
		: failed(`Expected ${what} ${expected}, got ${actual ?? 'nothing'}.`);
}

/** Reads a file that a case names, in the folder of its vectors or below. Rejects with `VECTOR_FILE_UNREADABLE`. */
export async function readCaseFile(folder: string, name: string): Promise<Uint8Array> {
	const path = normalize(name);
	if (path.startsWith('..') || path.startsWith('/')) {
		throw new SallyportError('VECTOR_FILE_UNREADABLE', `Expected a file beside its description, got ${name}.`);
	}

	try {
		return await readFile(join(folder, path));
	} catch (cause) {
		throw new SallyportError('VECTOR_FILE_UNREADABLE', `Expected a readable file ${name}, got none.`, {cause});
	}
}

/** Octets written as pairs of hexadecimal digits. */
export const hexOctets = z
	.string()
	.regex(/^(?:[0-9a-f]{2})*$/i, 'pairs of hexadecimal digits')
	.transform(fromHex);

/** A synchronization source: eight hexadecimal digits or a number. */
export const ssrcValue = z.union([
	z
		.string()
		.regex(/^(?:0x)?[0-9a-f]{1,8}$/i, 'eight hexadecimal digits')
		.transform((text) => Number.parseInt(text, 16)),
	z.int().min(0).max(0xff_ff_ff_ff),
]);

function readCases({cases}: VectorContent): readonly unknown[] {
	return Array.isArray(cases) ? cases : [];
}

function idField(value: unknown): string | undefined {
	const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
	return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function explain(error: unknown): string {
	return error instanceof SallyportError ? error.message : `Expected a verdict, got an exception: ${error}`;
}

function describe(error: z.ZodError): string {
	return error.issues
		.slice(0, 3)
		.map(({path, message}) => `${path.join('.') || 'case'}: ${message}`)
		.join('; ');
}
