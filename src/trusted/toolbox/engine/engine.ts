import {setTimeout as delay} from 'node:timers/promises';
import {wipe} from '../../../base/bytes.js';
import type {PortType, PortTypes} from './port-types.js';
import type {Reason} from './reasons.js';
import type {Template, TemplateStep} from './template.js';
import type {ToolContext} from './tool.js';

/** Where and why a run stopped. */
export type EngineDenial = {
	readonly step: string;
	readonly reason: Reason;
	readonly detail: string;
	/** True from the opening of a body until a signature in it has verified: the network hears one answer for all. */
	readonly isUniform: boolean;
};

/** Everything that the template releases, or a denial: never both, never a part. */
export type EngineOutcome =
	| {readonly ok: true; readonly release: ReleasedPorts}
	| {readonly ok: false; readonly denial: EngineDenial};

/** Released values, by the name that the template gives them. */
export type ReleasedPorts = {
	/** The value; undefined where the template releases none of that name. The loader has checked its type. */
	get<Type extends PortType>(name: string, type: Type): PortTypes[Type] | undefined;
};

export type EngineOptions = {
	/** Denials before a verified signature take a multiple of this, in milliseconds. */
	readonly uniformFailureMs: number;
};

/** The interpretation engine (DESIGN §5): runs a template over one message. */
export class Engine {
	readonly #options: EngineOptions;

	constructor(options: EngineOptions) {
		this.#options = options;
	}

	async run(
		template: Template,
		start: {readonly message: PortTypes['message']; readonly peer: PortTypes['peer']},
		context: Omit<ToolContext, 'wipeLater'>,
	): Promise<EngineOutcome> {
		const secrets: Uint8Array[] = [];
		const startedMs = performance.now();
		try {
			const outcome = await this.#runSteps(template, start, {...context, wipeLater: (octets) => secrets.push(octets)});
			if (!outcome.ok && outcome.denial.isUniform) {
				// Whether it failed at the first octet or at the last must not be heard in the time it took.
				const {uniformFailureMs} = this.#options;
				const spentMs = performance.now() - startedMs;
				await delay(Math.ceil(spentMs / uniformFailureMs) * uniformFailureMs - spentMs);
			}

			return outcome;
		} finally {
			secrets.forEach(wipe);
		}
	}

	async #runSteps(
		template: Template,
		start: {readonly message: PortTypes['message']; readonly peer: PortTypes['peer']},
		context: ToolContext,
	): Promise<EngineOutcome> {
		const values = new Map<string, unknown>(Object.entries(start));
		const isSealed = template.direction === 'inbound' && template.protection === 'sealed';
		let isVerified = false;
		for (const step of template.steps) {
			const result = await runStep(step, values, context);
			if (!result.ok) {
				const isUniform = isSealed && !isVerified && result.failure.reason !== 'OVERLOADED';
				return {ok: false, denial: {step: step.step, ...result.failure, isUniform}};
			}

			isVerified ||= step.tool.effect === 'verifies';
			for (const [name, value] of Object.entries(result.value)) {
				values.set(`${step.step}.${name}`, value);
			}
		}

		return {
			ok: true,
			release: {get: (name) => values.get(template.release[name] ?? '') as never},
		};
	}
}

async function runStep(step: TemplateStep, values: ReadonlyMap<string, unknown>, context: ToolContext) {
	try {
		const inputs = Object.fromEntries(Object.entries(step.in).map(([name, source]) => [name, values.get(source)]));
		return await step.tool.run(inputs, context, step.with);
	} catch (error) {
		// A bug is a denial. Only the kind of the error is told on: its message may quote what was read.
		const kind = error instanceof Error ? error.name : typeof error;
		return {ok: false, failure: {reason: 'INTERNAL' as Reason, detail: `${step.tool.name} threw ${kind}`}} as const;
	}
}
