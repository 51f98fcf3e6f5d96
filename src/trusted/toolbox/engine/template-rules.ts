import type {PortType} from './port-types.js';
import {checkRelease, isOneOf} from './release-rules.js';
import type {Template} from './template.js';

export type TemplateFault = {
	readonly code:
		| 'TEMPLATE_SYNTAX'
		| 'TEMPLATE_SCHEMA'
		| 'TEMPLATE_UNKNOWN_TOOL'
		| 'TEMPLATE_PARAMETERS'
		| 'TEMPLATE_STEP_TWICE'
		/** An input that nothing before the step provides, or one that the step does not have or lacks. */
		| 'TEMPLATE_INPUT'
		/** An input of another type than what is given to it. */
		| 'TEMPLATE_TYPE'
		/** A tool that needs a SIP message, in a template about octets. */
		| 'TEMPLATE_SUBJECT'
		/** Something opened or verified after the anti-replay step. */
		| 'TEMPLATE_VERIFY_AFTER_CLAIM'
		/** A check after keys were handed out. */
		| 'TEMPLATE_RELEASE_BEFORE_CHECK'
		/** A protected body that is used without a signature that verified and a certificate that was checked. */
		| 'TEMPLATE_UNVERIFIED'
		/** A signed body that is used without asking whether it belongs to its message. */
		| 'TEMPLATE_UNBOUND'
		/** Keys or octets that are handed out without anti-replay. */
		| 'TEMPLATE_UNCLAIMED'
		/** A body that leaves with less protection than the template promises. */
		| 'TEMPLATE_UNPROTECTED'
		/** A release that gives nothing where it must, or too much. */
		| 'TEMPLATE_RELEASE';
	readonly line: number;
	readonly expected: string;
};

/** Finds the first rule that a template breaks: what no run may find out. */
export function checkTemplate(template: Template): TemplateFault | undefined {
	const ports = startPorts(template);
	return (
		checkSteps(template, ports) ?? checkOrder(template) ?? checkProvenance(template) ?? checkRelease(template, ports)
	);
}

/** What is there before the first step. */
export function startPorts({about, direction}: Pick<Template, 'about' | 'direction'>): Map<string, PortType> {
	if (about === 'message') {
		return new Map([
			['message', 'message'],
			['peer', 'peer'],
		]);
	}

	const subject = direction === 'inbound' ? 'packet' : 'octets';
	return new Map([
		[subject, subject],
		['association', 'association'],
	]);
}

function checkSteps({about, steps}: Template, ports: Map<string, PortType>): TemplateFault | undefined {
	const names = new Set<string>();
	for (const {step, tool, in: sources, line} of steps) {
		if (names.has(step) || ports.has(step)) {
			return {code: 'TEMPLATE_STEP_TWICE', line, expected: `each step once, got ${step} again`};
		}

		names.add(step);
		if (about === 'octets' && !tool.isGeneral) {
			return {code: 'TEMPLATE_SUBJECT', line, expected: `a tool that works without a SIP message, got ${tool.name}`};
		}

		const stray = Object.keys(sources).find((name) => !Object.hasOwn(tool.inputs, name));
		if (stray !== undefined) {
			return {code: 'TEMPLATE_INPUT', line, expected: `inputs of ${tool.name}, got ${stray}`};
		}

		for (const [name, type] of Object.entries(tool.inputs)) {
			const source = sources[name] ?? '';
			const given = ports.get(source);
			if (given === undefined) {
				return {code: 'TEMPLATE_INPUT', line, expected: `${step}.${name} from an earlier step, got "${source}"`};
			}

			if (given !== type) {
				return {code: 'TEMPLATE_TYPE', line, expected: `${type} for ${step}.${name}, got ${given}`};
			}
		}

		for (const [name, type] of Object.entries(tool.outputs)) {
			ports.set(`${step}.${name}`, type);
		}
	}

	return undefined;
}

/** Open, verify and check come before the claim, the claim before anything is handed out. */
function checkOrder({steps}: Template): TemplateFault | undefined {
	let hasClaimed = false;
	let hasMinted = false;
	for (const {tool, line} of steps) {
		if (hasClaimed && isOneOf(tool.effect, ['opens', 'verifies'])) {
			return {code: 'TEMPLATE_VERIFY_AFTER_CLAIM', line, expected: `${tool.name} before anti-replay`};
		}

		if (hasMinted && isOneOf(tool.effect, ['opens', 'verifies', 'binds', 'checks', 'claims'])) {
			return {code: 'TEMPLATE_RELEASE_BEFORE_CHECK', line, expected: `${tool.name} before keys are handed out`};
		}

		if (tool.effect === 'mints' && !hasClaimed) {
			return {code: 'TEMPLATE_UNCLAIMED', line, expected: `anti-replay before ${tool.name}`};
		}

		hasClaimed ||= tool.effect === 'claims';
		hasMinted ||= tool.effect === 'mints';
	}

	return undefined;
}

/**
 * What is used of a body that must be signed is what was verified: no parts from beside the signature, and not the signature of one
 * body with the parts of another.
 */
function checkProvenance({direction, protection, steps}: Template): TemplateFault | undefined {
	if (direction === 'outbound' || !isOneOf(protection, ['sealed', 'signed'])) {
		return undefined;
	}

	const verified = new Set<string>();
	for (const {step, tool, in: sources, line} of steps) {
		const isParts = Object.values(tool.outputs).includes('parts');
		const contents = Object.entries(tool.inputs).filter(([, type]) => type === 'verified-content');
		if (isParts && contents.length === 0) {
			return {code: 'TEMPLATE_UNVERIFIED', line, expected: `parts of what was verified, got those of ${step}`};
		}

		for (const [name] of contents) {
			verified.add(sources[name] ?? '');
		}

		if (verified.size > 1) {
			return {code: 'TEMPLATE_UNVERIFIED', line, expected: `one verified content, got ${[...verified].join(' and ')}`};
		}
	}

	return undefined;
}
