import {readFile} from 'node:fs/promises';
import {dirname, relative, resolve} from 'node:path';
import {z} from 'zod';
import {SallyportError} from '../../../base/error.js';

/** Addresses that the scenarios name: of senders, and those that the operator knows beforehand. */
const ipv4 = z.ipv4();

const policyFields = {
	binding: z.enum(['none', 'proxy']),
	origin: z.enum(['observe', 'pin']),
	addresses: z.record(z.string(), z.array(ipv4)),
	authentication: z.enum(['none', 'digest']),
	icvOctets: z.int().min(4).max(16),
	localDomains: z.array(z.string()),
};
const scenarioPolicy = z.object(policyFields).partial();

const nodeName = z.string().regex(/^[\w-]{1,32}$/);
const message = z.object({
	t: z.number(),
	send: z.string(),
	srcIp: ipv4,
	srcPort: z.int().min(1).max(65_535),
	node: nodeName,
	expect: z.string(),
	alsoExpect: z.string().optional(),
	inDialog: z.boolean().optional(),
});
const action = z.object({
	t: z.number(),
	action: z.string(),
	node: nodeName.optional(),
	to: z.string().optional(),
	count: z.int().min(1).optional(),
	leg: z.string().optional(),
	status: z.int().min(300).max(699).optional(),
	stage: z.enum(['before-opening', 'after-opening']).optional(),
	expect: z.string().optional(),
	alsoExpect: z.string().optional(),
});

const isoTime = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'a time of ISO 8601');

/** One scenario; it starts from empty state. */
export const scenario = z.object({
	id: z.string(),
	klass: z.enum(['attack', 'legit']),
	variant: z.string(),
	clock: isoTime,
	policy: scenarioPolicy.optional(),
	steps: z.array(z.union([message, action])).min(1),
});

/** What holds for every scenario of a file. */
export const scenarioFile = z.object({
	trustAnchor: z.string(),
	gatewayKeys: z.array(z.string()).min(1),
	freshness: z.object({maxAgeSeconds: z.number(), maxFutureSeconds: z.number()}),
	policy: scenarioPolicy.optional(),
	scenarios: z.array(z.unknown()),
});

export type MessageStep = z.infer<typeof message>;
export type ActionStep = z.infer<typeof action>;
export type Step = MessageStep | ActionStep;
export type Scenario = z.infer<typeof scenario>;
export type ScenarioPolicy = z.infer<typeof scenarioPolicy>;
export type ScenarioFile = z.infer<typeof scenarioFile>;

export function isMessage(step: Step): step is MessageStep {
	return 'send' in step;
}

/** Names of the gateways of a scenario, in the order in which they come; one where it names none. */
export function nodeNamesOf({steps}: Scenario): readonly string[] {
	const names = new Set(steps.flatMap(({node}) => node ?? []));
	return names.size === 0 ? ['n1'] : [...names];
}

export type CompletePolicy = {readonly [Name in keyof ScenarioPolicy]-?: NonNullable<ScenarioPolicy[Name]>};

/** The scenario's policy: its own fields before those of the file. */
export function policyOf(file: ScenarioFile, {policy}: Scenario): CompletePolicy {
	const stated = {...file.policy, ...policy};
	return {
		binding: stated.binding ?? 'none',
		origin: stated.origin ?? 'observe',
		addresses: stated.addresses ?? {},
		authentication: stated.authentication ?? 'none',
		icvOctets: stated.icvOctets ?? 16,
		localDomains: stated.localDomains ?? [],
	};
}

/**
 * Reads a file that the scenarios name: beside them, below, or in a family beside theirs. Rejects with
 * `VECTOR_FILE_UNREADABLE`.
 */
export async function readScenarioFile(folder: string, name: string): Promise<Buffer> {
	const path = resolve(folder, name);
	if (relative(dirname(resolve(folder)), path).startsWith('..')) {
		throw new SallyportError('VECTOR_FILE_UNREADABLE', `Expected a file among the vectors, got ${name}.`);
	}

	try {
		return await readFile(path);
	} catch (cause) {
		throw new SallyportError('VECTOR_FILE_UNREADABLE', `Expected a readable file ${name}, got none.`, {cause});
	}
}
