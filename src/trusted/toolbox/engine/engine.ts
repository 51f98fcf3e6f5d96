import {setTimeout as delay} from 'node:timers/promises';
import {wipe} from '../../../base/bytes.js';
import type {SipHeader} from '../../../wire/sip/message.js';
import {hostOf} from '../origin/network.js';
import type {PortType, PortTypes} from './port-types.js';
import type {Reason} from './reasons.js';
import {bodyKey, type RefusedBodies} from './refused-bodies.js';
import type {Template, TemplateStep} from './template.js';
import type {RunContext, ToolContext} from './tool.js';
import type {WorkQueue} from './work-queue.js';

/** Where and why a run stopped. */
export type EngineDenial = {
	readonly step: string;
	readonly reason: Reason;
	readonly detail: string;
	/** What the answer carries besides, such as a challenge. */
	readonly headers?: readonly SipHeader[];
	/** True from the opening of a body until a signature in it has verified: the network hears one answer for all. */
	readonly isUniform: boolean;
	/** See `ToolRefusal`. */
	readonly isTransient?: boolean;
};

/** A step that was run: what came of it, and how long it took. */
export type StepTrace = {readonly step: string; readonly ok: boolean; readonly microseconds: number};

/** Everything that the template releases, or a denial: never both, never a part. `steps` are those that were run. */
export type EngineOutcome =
	| {readonly ok: true; readonly release: ReleasedPorts; readonly steps: readonly StepTrace[]}
	| {readonly ok: false; readonly denial: EngineDenial; readonly steps: readonly StepTrace[]};

/** What is there before the first step: what the template is about, and whom it concerns. */
export type StartPorts =
	| Pick<PortTypes, 'message' | 'peer'>
	| Pick<PortTypes, 'octets' | 'association'>
	| Pick<PortTypes, 'packet' | 'association'>;

/** Released values, by the name that the template gives them. */
export type ReleasedPorts = {
	/** The value; undefined where the template releases none of that name. The loader has checked its type. */
	get<Type extends PortType>(name: string, type: Type): PortTypes[Type] | undefined;
};

export type EngineOptions = {
	/** Denials before a verified signature take a multiple of this, in milliseconds. */
	readonly uniformFailureMs: number;
	/** Remembers bodies that cannot pass. @default none: each is read again */
	readonly refusedBodies?: RefusedBodies;
	/** In what order messages are opened and verified. @default none: all at once */
	readonly workQueue?: WorkQueue;
};

export type EngineCounters = {
	/** Messages worked on or waiting now. */
	readonly open: number;
	/** The most that were so at one time since the start. */
	readonly mostOpen: number;
	/** Messages that found no place in the queue (`OVERLOADED`). */
	readonly refused: number;
	/** Bodies that are remembered because they were refused. */
	readonly refusedBodies: number;
	/** Messages that were refused from that memory. */
	readonly refusedFromMemory: number;
};

/** The interpretation engine (DESIGN §5): runs a template over one message, or over octets. */
export class Engine {
	readonly #options: EngineOptions;

	constructor(options: EngineOptions) {
		this.#options = options;
	}

	get counters(): EngineCounters {
		const {workQueue, refusedBodies} = this.#options;
		return {
			open: workQueue?.open ?? 0,
			mostOpen: workQueue?.mostOpen ?? 0,
			refused: workQueue?.refused ?? 0,
			refusedBodies: refusedBodies?.size ?? 0,
			refusedFromMemory: refusedBodies?.hits ?? 0,
		};
	}

	/** Runs a template about messages. */
	async run(
		template: Template,
		start: Pick<PortTypes, 'message' | 'peer'>,
		context: Omit<ToolContext, 'wipeLater'>,
	): Promise<EngineOutcome> {
		return this.#run(template, start, context);
	}

	/** Runs a template about octets: what leaves, or a packet that came. Its loader has seen that no tool needs more. */
	async runOctets(
		template: Template,
		start: Exclude<StartPorts, {readonly message: unknown}>,
		context: Omit<RunContext, 'wipeLater'>,
	): Promise<EngineOutcome> {
		return this.#run(template, start, context);
	}

	async #run(
		template: Template,
		start: StartPorts,
		context: Omit<RunContext, 'wipeLater'> | Omit<ToolContext, 'wipeLater'>,
	): Promise<EngineOutcome> {
		const secrets: Uint8Array[] = [];
		const startedMs = performance.now();
		const whole = {...context, wipeLater: (octets: Uint8Array) => secrets.push(octets)} as unknown as ToolContext;
		try {
			const {outcome, leastMs} = await this.#runOnce(template, start, whole);
			if (!outcome.ok && outcome.denial.isUniform) {
				// Whether it failed at the first octet or at the last must not be heard in the time it took.
				const {uniformFailureMs} = this.#options;
				const spentMs = performance.now() - startedMs;
				const chargedMs = Math.max(spentMs, leastMs);
				await delay(Math.ceil(chargedMs / uniformFailureMs) * uniformFailureMs - spentMs);
			}

			return outcome;
		} finally {
			secrets.forEach(wipe);
		}
	}

	/** Cheap things first: what is known to be refused, then a place in the queue, then the work. */
	async #runOnce(
		template: Template,
		start: StartPorts,
		context: ToolContext,
	): Promise<{readonly outcome: EngineOutcome; readonly leastMs: number}> {
		const {refusedBodies, workQueue} = this.#options;
		const isOpening = template.direction === 'inbound' && template.steps.some(({tool}) => needsPublicKeys(tool));
		if (!isOpening || !('message' in start)) {
			return {outcome: await runSteps(template, start, context), leastMs: 0};
		}

		const permitted = context.legacy?.permissions.legacy;
		const key = refusedBodies ? bodyKey(template, start.message, permitted) : '';
		const known = refusedBodies?.find(key);
		if (known) {
			const steps = [{step: known.denial.step, ok: false, microseconds: 0}];
			return {outcome: {ok: false, denial: known.denial, steps}, leastMs: known.tookMs};
		}

		const work = () => runSteps(template, start, context);
		const outcome = workQueue ? await workQueue.run(sourceOf(context), work) : await work();
		if (outcome === undefined) {
			return {outcome: noPlace, leastMs: 0};
		}

		if (!outcome.ok) {
			const tookMs = outcome.steps.reduce((sum, {microseconds}) => sum + microseconds, 0) / 1000;
			refusedBodies?.note(key, outcome.denial, tookMs);
		}

		return {outcome, leastMs: 0};
	}
}

/** Forged datagrams take no place from a connection. */
function sourceOf({origin}: ToolContext): string {
	return origin ? `${origin.transport} ${hostOf(origin.address)}` : '';
}

function needsPublicKeys({effect}: TemplateStep['tool']): boolean {
	return effect === 'opens' || effect === 'verifies';
}

const noPlace: EngineOutcome = {
	ok: false,
	denial: {
		step: 'queue',
		reason: 'OVERLOADED',
		detail: 'Expected fewer messages at a time from this source.',
		isUniform: false,
	},
	steps: [],
};

async function runSteps(template: Template, start: StartPorts, context: ToolContext): Promise<EngineOutcome> {
	const values = new Map<string, unknown>(Object.entries(start));
	const steps: StepTrace[] = [];
	const isSealed = template.direction === 'inbound' && ['sealed', 'signed'].includes(template.protection);
	let isVerified = false;
	let beganMs = performance.now();
	for (const step of template.steps) {
		const result = await runStep(step, values, context);
		const endedMs = performance.now();
		steps.push({step: step.step, ok: result.ok, microseconds: Math.round(1000 * (endedMs - beganMs))});
		beganMs = endedMs;
		if (!result.ok) {
			const isUniform = isSealed && !isVerified && result.failure.reason !== 'OVERLOADED';
			return {ok: false, denial: {step: step.step, ...result.failure, isUniform}, steps};
		}

		isVerified ||= step.tool.effect === 'verifies';
		for (const name in result.value) {
			values.set(`${step.step}.${name}`, result.value[name]);
		}
	}

	return {ok: true, release: {get: (name) => values.get(template.release[name] ?? '') as never}, steps};
}

async function runStep(
	{tool, in: sources, with: parameters}: TemplateStep,
	values: ReadonlyMap<string, unknown>,
	context: ToolContext,
) {
	try {
		const inputs: Record<string, unknown> = {};
		for (const name in sources) {
			inputs[name] = values.get(sources[name] ?? '');
		}

		return await tool.run(inputs, context, parameters);
	} catch (error) {
		// A bug is a denial. Only the kind of the error is told on: its message may quote what was read.
		const kind = error instanceof Error ? error.name : typeof error;
		return {ok: false, failure: {reason: 'INTERNAL' as Reason, detail: `${tool.name} threw ${kind}`}} as const;
	}
}
